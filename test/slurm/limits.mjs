import { join } from "node:path";
import { check, checkSameRuns, say, sleep, sweepWords, TINY, triesOf } from "./tools.mjs";

/** A run of about two minutes. */
const LONG = [
  ...TINY.filter((one) => !/stepsPerTask|samples|iterations=1/.test(one)),
  "loop.stepsPerTask=4000",
];

/** A run that is longer than its jobs may be: each saves when its time is nearly over, and puts itself back into the queue. */
export async function testTimeLimit({ cluster, folder }) {
  const [local, slurm] = await both(cluster, folder, "time", ["--time", "2"]);
  await cluster.hypercrl(["sweep", "--wait", slurm, "--quiet"]);
  checkSameRuns(slurm, local);
  const [tries] = Object.values(triesOf(slurm));
  const outcomes = tries.map(({ end }) => end?.outcome).join(", ");
  check(/^(stopped, )+finished$/.test(outcomes), `the tries ended as ${outcomes}`);
  say(`time limit: tries ended as ${outcomes}; same bytes as on the local engine`);
}

/** A run whose node is taken by a job of a partition that comes first. */
export async function testPreemption({ cluster, folder, nodes }) {
  const [local, slurm] = await both(cluster, folder, "preempted", []);
  const running = async () => JSON.parse((await status(cluster, slurm)).stdout).counts.running === 1;
  while (!(await running())) await sleep(1);
  await sleep(10);
  const job = ["--wrap=sleep 15", `--nodes=${nodes}`, "--exclusive", "--output=/dev/null"];
  cluster.ask("sbatch", "--parsable", "--partition=urgent", ...job);
  await cluster.hypercrl(["sweep", "--wait", slurm, "--quiet"]);
  checkSameRuns(slurm, local);
  const [tries] = Object.values(triesOf(slurm));
  const outcomes = tries.map(({ end }) => end?.outcome).join(", ");
  check(outcomes === "stopped, finished", `the tries ended as ${outcomes}`);
  say(`preemption: tries ended as ${outcomes}; same bytes as on the local engine`);
}

/** What is cancelled stays so until it is submitted again, and then goes on. */
export async function testCancel({ cluster, folder }) {
  const [local, slurm] = await both(cluster, folder, "cancelled", []);
  while (JSON.parse((await status(cluster, slurm)).stdout).counts.running !== 1) await sleep(1);
  await sleep(10);
  await cluster.hypercrl(["sweep", "--cancel", slurm]);
  await sleep(10);
  const { counts, jobs } = JSON.parse((await status(cluster, slurm)).stdout);
  check(counts.missing === 1 && jobs.length === 0, "the cancelled sweep is not at rest");
  await cluster.hypercrl(["sweep", "--engine", "slurm", "--resume", slurm, "--wait", "--quiet"]);
  checkSameRuns(slurm, local);
  const [tries] = Object.values(triesOf(slurm));
  const outcomes = tries.map(({ end }) => end?.outcome).join(", ");
  check(outcomes === "stopped, finished", `the tries ended as ${outcomes}`);
  say(`cancelled and resumed: tries ended as ${outcomes}; same bytes as on the local engine`);
}

/** The same run made here, once for all tests, and submitted. */
async function both(cluster, folder, name, options) {
  const words = sweepWords("single", "1", LONG);
  const [local, slurm] = [join(folder, "long"), join(folder, name)];
  reference ??= cluster.hypercrl(["sweep", ...words, "--jobs", "1", "--out", local, "--quiet"]);
  const { seconds } = await reference;
  if (name === "time") say(`a run of ${seconds.toFixed(0)} s`);
  await cluster.hypercrl(["sweep", ...words, "--engine", "slurm", ...options, "--out", slurm]);
  return [local, slurm];
}

let reference;

const status = (cluster, out) => cluster.hypercrl(["sweep", "--status", out, "--json"]);
