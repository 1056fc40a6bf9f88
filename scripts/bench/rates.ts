import { medians } from "./measure.js";
import { named, type Section } from "./result.js";
import { gflops, gigabytes, rateJobs } from "./roofline.js";

// 128 MB read and as many written: beyond any cache.
const PASS_NUMBERS = 32 * 1024 ** 2;

/** The machine's own rates. */
export async function benchRates(): Promise<Section> {
  const { jobs, rates } = await rateJobs(PASS_NUMBERS);
  const measured = rates(await medians(jobs));
  const figures = named("machine", {
    gemm: [gflops(measured), "GFLOP/s"],
    copy: [gigabytes(measured), "GB/s"],
  });
  const rows = [
    {
      what: "matrix product 1024³, one thread",
      figure: `${gflops(measured).toFixed(0)} GFLOP/s`,
      against: "",
      ratio: "",
    },
    {
      what: "copy of 128 MB, read and written",
      figure: `${gigabytes(measured).toFixed(1)} GB/s`,
      against: "",
      ratio: "",
    },
  ];
  return { figures, rows };
}
