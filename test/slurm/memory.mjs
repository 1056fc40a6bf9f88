import { join } from "node:path";
import { check, checkOnce, checkSameRuns, say, sweepWords } from "./tools.mjs";

/** Address space of a shell on a cluster that limits it, KiB. */
const ADDRESS_SPACE = 10 * 2 ** 20;

/**
 * Runs that are held to the memory that the product asks for them by control groups, and to a limited address space at once, which
 * Slurm hands on from where jobs are submitted.
 */
export async function testMemory({ cluster, folder }) {
  const words = sweepWords("single,hypercrl", "1-2");
  const [local, slurm] = [join(folder, "ample"), join(folder, "limited")];
  await cluster.hypercrl(["sweep", ...words, "--jobs", "1", "--out", local, "--quiet"]);
  const limited = { limit: ADDRESS_SPACE };
  const options = ["--engine", "slurm", "--array-limit", "1"];
  const { stdout } = await cluster.hypercrl(["sweep", ...words, ...options, "--out", slurm], limited);
  await cluster.hypercrl(["sweep", "--wait", slurm, "--quiet"], limited);
  const tries = checkOnce(slurm, 4);
  check(tries.length === 4, `${tries.length} tries of 4 runs`);
  checkSameRuns(slurm, local);
  say(`memory: ${/[\d.]+ GiB of memory each/.exec(stdout)?.[0]}, 10 GiB of address space; same bytes`);
}
