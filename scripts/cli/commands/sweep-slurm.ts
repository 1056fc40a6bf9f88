import { setTimeout as sleep } from "node:timers/promises";
import { count } from "../../../sim/core/count.js";
import { RunError } from "../../../sim/core/errors.js";
import { inGiB } from "../../runs/memory-limit.js";
import { shellWord } from "../../runs/shell-word.js";
import { readManifest } from "../../sweep/manifest-file.js";
import { failedText } from "../../sweep/report-text.js";
import { cancelJobs, type QueuedJob, queuedJobs } from "../../sweep/slurm/programs.js";
import type { Submitted } from "../../sweep/slurm/slurm-engine.js";
import { failedRuns, type RunState, type RunStatus, statusOfRuns } from "../../sweep/slurm/states.js";
import { lastSubmission } from "../../sweep/slurm/submissions.js";
import { type Io, say, suggest, warner } from "../io.js";

/** How often the queue is looked at, ms. */
const LOOK_MS = 5000;

const STATES: readonly RunState[] = ["finished", "running", "waiting", "failed", "missing"];

/** Says what was handed to Slurm, and how to go on. */
export function tellSubmitted(out: string, submitted: Submitted | undefined, json: boolean, io: Io): void {
  if (json) {
    io.out(JSON.stringify({ folder: out, submitted: submitted ?? null }));
    return;
  }
  if (submitted === undefined) {
    say(io, "Nothing to submit: every run is finished or under way.");
    return;
  }
  const { job, runs, tasks, memory } = submitted;
  const each = `${inGiB(memory)} of memory each`;
  say(io, `Submitted ${count(runs, "run")} as job ${job}: ${count(tasks, "task")} with ${each}.`);
  suggest(io, "See how far it is with", `hypercrl sweep --status ${shellWord(out)}`);
}

/** `hypercrl sweep --status`: what every run of a sweep in Slurm is at. Returns the exit code. */
export async function statusCommand(out: string, json: boolean, io: Io): Promise<number> {
  const manifest = readManifest(out);
  lastSubmission(out);
  const queue = await queuedJobs(out);
  const runs = statusOfRuns(out, manifest, queue);
  const failed = failedRuns(out, manifest, runs);
  if (json) {
    const states = runs.map(({ run: { id }, state }) => ({ id, state }));
    io.out(JSON.stringify({ folder: out, counts: countsOf(runs), jobs: queue, runs: states, failed }));
    return 0;
  }
  say(io, `Sweep of ${count(runs.length, "run")} on ${manifest.suite}, in ${out}: ${countsText(runs)}`);
  for (const line of jobLines(queue)) say(io, line);
  if (failed.length > 0) io.out(failedText(failed, io.columns()));
  if (runs.some(({ state }) => state === "missing" || state === "failed") && queue.length === 0) {
    const again = `hypercrl sweep --engine slurm --resume ${shellWord(out)}`;
    suggest(io, "What is neither finished nor in the queue is submitted again with", again);
  }
  return 0;
}

/** Waits until no job of the sweep is left, and says so whenever it is further. Aborting `signal` ends the waiting alone. */
export async function waitForSweep(out: string, quiet: boolean, signal: AbortSignal, io: Io): Promise<void> {
  const manifest = readManifest(out);
  lastSubmission(out);
  let told = "";
  while (!signal.aborted) {
    const began = io.now();
    const queue = await queueSoon(out, io);
    if (queue?.length === 0) return;
    if (queue !== undefined && !quiet) {
      const text = countsText(statusOfRuns(out, manifest, queue));
      if (text !== told) say(io, text);
      told = text;
    }
    // Of a large sweep a look takes a while; it shall not be most of what the file system does.
    await sleep(Math.max(LOOK_MS, 10 * (io.now() - began)), undefined, { signal }).catch(() => {});
  }
}

/** The jobs in the queue; undefined where Slurm does not answer for now. */
async function queueSoon(out: string, io: Io): Promise<QueuedJob[] | undefined> {
  try {
    return await queuedJobs(out);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    warner(io)(error.message);
    return undefined;
  }
}

/** Closing jobs can submit more while they are being cancelled. */
const CANCEL_ROUNDS = 5;

/** `hypercrl sweep --cancel`: ends all jobs of a sweep; runs save. Returns the exit code. */
export async function cancelCommand(out: string, json: boolean, io: Io): Promise<number> {
  readManifest(out);
  lastSubmission(out);
  const cancelled = new Set<string>();
  for (let round = 0; round < CANCEL_ROUNDS; round++) {
    const queue = (await queuedJobs(out)).filter(({ state }) => state !== "COMPLETING");
    if (queue.length === 0) break;
    // First those that would submit again what the others leave.
    const closing = queue.filter(({ task }) => task === undefined);
    const arrays = queue.filter(({ task }) => task !== undefined);
    for (const jobs of [closing, arrays]) {
      const ids = [...new Set(jobs.map(({ job }) => job))];
      if (ids.length > 0) await cancelJobs(ids);
      for (const id of ids) cancelled.add(id);
    }
    await sleep(1000);
  }
  const ids = [...cancelled];
  if (json) io.out(JSON.stringify({ folder: out, cancelled: ids }));
  else if (ids.length === 0) say(io, `No job of ${out} is in the queue.`);
  else {
    say(
      io,
      `Cancelled ${ids.length === 1 ? "job" : "jobs"} ${ids.join(", ")}. Runs at work save their state.`,
    );
    suggest(io, "Go on with", `hypercrl sweep --engine slurm --resume ${shellWord(out)}`);
  }
  return 0;
}

function countsOf(runs: readonly RunStatus[]): Record<RunState, number> {
  const counts = { finished: 0, running: 0, waiting: 0, failed: 0, missing: 0 };
  for (const { state } of runs) counts[state]++;
  return counts;
}

/** `12 finished, 2 running, 6 waiting`. */
function countsText(runs: readonly RunStatus[]): string {
  const counts = countsOf(runs);
  return STATES.filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`)
    .join(", ");
}

/** `job 17: 2 running, 40 pending (Resources)`, a line for each job. */
function jobLines(queue: readonly QueuedJob[]): string[] {
  return [...new Set(queue.map(({ job }) => job))].map((id) => {
    const tasks = queue.filter(({ job }) => job === id);
    const kinds = [...new Set(tasks.map(kindOf))];
    return `job ${id}: ${kinds.map((kind) => `${tasks.filter((one) => kindOf(one) === kind).length} ${kind}`).join(", ")}`;
  });
}

function kindOf({ state, reason }: QueuedJob): string {
  return state === "PENDING" && reason !== "None" ? `pending (${reason})` : state.toLowerCase();
}
