import { join } from "node:path";
import {
  check,
  checkOnce,
  checkSameFigures,
  checkSameRuns,
  kill,
  processesWith,
  say,
  sleep,
  sweepWords,
} from "./tools.mjs";

/** Seconds that the daemon of a node stays down: less and more than Slurm waits before it gives a node up. */
const DOWN = [5, 20];

/**
 * A sweep whose nodes and processes are killed at random while it goes on, and the same on the local engine: every run must be
 * completed exactly once, with the same bytes and figures.
 */
export async function testKills({ cluster, folder, runs, every, rng }) {
  const words = sweepWords("single,finetune", `1-${runs / 2}`);
  const [local, slurm] = [join(folder, "local"), join(folder, "slurm")];
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const options = ["--engine", "slurm", "--array-limit", "2", "--tries", "10"];
  const submitted = await cluster.hypercrl(["sweep", ...words, ...options, "--out", slurm]);
  say(`${runs} runs submitted in ${submitted.seconds.toFixed(1)} s, ${submitted.peak} MiB`);
  const restarts = [];
  const counts = { slurmd: 0, node: 0, run: 0, task: 0 };
  let lastKill = 0;
  for (;;) {
    await sleep(every * (0.5 + rng()));
    const { counts: states, jobs } = JSON.parse(
      (await cluster.hypercrl(["sweep", "--status", slurm, "--json"])).stdout,
    );
    if (jobs.length === 0) break;
    // The last part goes on undisturbed, which shows how long it takes to come back.
    if (states.finished >= 0.9 * runs) continue;
    const what = Object.keys(counts)[Math.floor(rng() * 4)];
    const killed = killOne(cluster, what, slurm, rng);
    if (killed === undefined) continue;
    counts[what]++;
    lastKill = seconds();
    say(`killed ${what} on ${killed}, ${states.finished} finished`);
    if (what === "slurmd" || what === "node") restarts.push(startAgain(cluster, killed, rng));
  }
  const ended = seconds();
  await Promise.all(restarts);
  await cluster.hypercrl(["sweep", "--wait", slurm, "--quiet"]);
  await cluster.hypercrl(["sweep", ...words, "--jobs", "1", "--out", local, "--quiet"]);
  const tries = checkOnce(slurm, runs);
  check(checkSameRuns(slurm, local) === runs, "some runs are missing");
  checkSameFigures(slurm, local);
  const failed = tries.filter(({ end }) => end === undefined || end.outcome === "failed").length;
  const used = new Set(tries.map(({ node }) => node)).size;
  const killed = Object.entries(counts).map(([name, n]) => `${n} ${name}`);
  say(`${runs} runs on ${used} nodes, each completed once, bytes and figures as on the local engine`);
  say(`killed ${killed.join(", ")}; ${tries.length} tries, ${failed} of them cut off`);
  say(`${ended.toFixed(0)} s in all, ${(ended - lastKill).toFixed(0)} s from the last kill to the end`);
}

/** Kills something that is at work; returns the name of its node, or undefined where nothing of the kind is. */
function killOne(cluster, what, sweep, rng) {
  // A shell around it has the same words.
  const jobs = processesWith("slurm-task", sweep).filter(({ command }) =>
    command.startsWith(process.execPath),
  );
  const { node, pid } = jobs[Math.floor(rng() * jobs.length)] ?? {};
  if (node === undefined) return undefined;
  if (what === "task") return kill(pid) ? node : undefined;
  if (what === "run") {
    const run = processesWith("train", `${sweep}/runs/`).find((one) => one.node === node);
    return run !== undefined && kill(run.pid) ? node : undefined;
  }
  const daemon = cluster.daemonOf(node);
  if (daemon === undefined || !kill(daemon)) return undefined;
  if (what === "node") killJobs(node, sweep);
  return node;
}

/** Kills all that runs on a node, with what Slurm has set over it. */
function killJobs(node, sweep) {
  const watchers = processesWith("slurmstepd").map(({ pid }) => pid);
  for (const { pid, parent } of processesWith(sweep).filter((one) => one.node === node)) {
    if (watchers.includes(parent)) kill(parent);
    kill(pid);
  }
}

async function startAgain(cluster, node, rng) {
  await sleep(DOWN[Math.floor(rng() * DOWN.length)]);
  cluster.startNode(node);
}
