import { GEMM_FLOP, medians } from "./measure.js";
import { named, type Section } from "./result.js";
import { gflops, gigabytes, rateJobs } from "./roofline.js";
import type { EagerTorch } from "./torch.js";

// 128 MB read and as many written: beyond any cache.
const PASS_NUMBERS = 32 * 1024 ** 2;

/** The machine's own rates, and the matrix product of the eager counterpart beside ours. */
export async function benchRates(torch: EagerTorch | undefined): Promise<Section> {
  const { jobs, rates } = await rateJobs(PASS_NUMBERS);
  const eager = await torch?.job("gemm", { kind: "gemm" });
  const ms = await medians([...jobs, ...(eager ? [eager] : [])]);
  await torch?.release("gemm");
  const measured = rates(ms);
  const eagerMs = eager && ms.at(-1);
  const eagerGflops = eagerMs === undefined ? undefined : GEMM_FLOP / eagerMs / 1e6;
  const figures = named("machine", {
    gemm: [gflops(measured), "GFLOP/s"],
    copy: [gigabytes(measured), "GB/s"],
    ...(eagerGflops !== undefined && { torchGemm: [eagerGflops, "GFLOP/s"] as const }),
  });
  const rows = [
    {
      what: "matrix product 1024³, one thread",
      figure: `${gflops(measured).toFixed(0)} GFLOP/s`,
      against: "",
      ratio: "",
      ...(eagerGflops !== undefined && {
        eager: {
          figure: `${eagerGflops.toFixed(0)} GFLOP/s`,
          ratio: (eagerGflops / gflops(measured)).toFixed(2),
        },
      }),
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
