import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isFinished } from "../../../agent/run/finished.js";
import { RUN_FILES } from "../../../agent/run/run-files.js";
import { EXIT } from "../../../sim/core/errors.js";
import { breakLocks } from "../../../sim/core/folder-lock.js";
import { machineId, ownIdentity } from "../../../sim/core/process-identity.js";
import { STOP_SIGNALS, signalCode } from "../../runs/stop-signals.js";
import { type Manifest, type ManifestRun, readManifest } from "../manifest-file.js";
import { prepareRun, runFolder } from "../run-folders.js";
import { endInWords, jobOf } from "../run-job.js";
import { runProcess } from "../run-process.js";
import { lastError } from "../run-state.js";
import { requeueJob } from "./programs.js";
import { readSubmission, runsOfTask, type Submission } from "./submissions.js";
import {
  beat,
  beginTry,
  type Claim,
  endTry,
  failedTries,
  isGivenUp,
  isSuperseded,
  lifeOf,
  readBeat,
  readTries,
  type Try,
  type TryEnd,
} from "./tries.js";

/** What Slurm tells a job of itself. */
export interface JobEnvironment {
  /** Number by which it is put back into the queue. */
  readonly job: string;
  readonly task: number;
  readonly node: string;
}

/** What a task of an array is given. */
export interface TaskOptions {
  /** Folder of the sweep. */
  readonly out: string;
  /** Number of the submission. */
  readonly submission: number;
  readonly commandLine: string;
  readonly environment: JobEnvironment;
  /** Aborted with the name of a signal: SIGUSR1 some time before the job's limit, SIGTERM when the job is ended. */
  readonly signal: AbortSignal;
  /** Takes a line for the job's own log. */
  readonly say: (text: string) => void;
  readonly times?: TaskTimes;
}

/** How often a process shows that it is at work, and how long one of another machine may not have, ms. */
interface TaskTimes {
  readonly beat: number;
  readonly lease: number;
}

/** A file that a shared file system shows elsewhere a minute late must not look like a process that is gone. */
const TIMES: TaskTimes = { beat: 15_000, lease: 180_000 };

/** How a process ends that was asked to: by its code, or by the second signal. */
const STOPPED: ReadonlySet<unknown> = new Set(STOP_SIGNALS.flatMap((name) => [name, signalCode(name)]));

/** Longer than it takes until a signal to all processes of a job has reached each, ms. */
const MOMENT = 1000;

/**
 * Makes the runs of one task of an array, one after another: begins each or goes on with it, tries it again where it fails, and
 * leaves alone what another process works on or has finished. Told that the job's time is over, it lets the run save and puts the
 * job back into the queue.
 * @throws InputError when the sweep's files are damaged
 */
export async function runTask(options: TaskOptions): Promise<void> {
  const { out, environment, signal, say } = options;
  const submission = readSubmission(out, options.submission);
  const manifest = readManifest(out);
  const runs = new Map(manifest.runs.map((run) => [run.id, run]));
  for (const id of runsOfTask(submission, environment.task)) {
    const run = runs.get(id);
    if (run !== undefined) await new RunMaker(options, submission, manifest, run).make();
    if (signal.aborted) break;
  }
  if (signal.reason === "SIGUSR1")
    say((await requeueJob(environment.job)) ? "requeued" : "could not requeue");
}

/** Makes one run. */
class RunMaker {
  readonly #options: TaskOptions;
  readonly #submission: Submission;
  readonly #manifest: Manifest;
  readonly #run: ManifestRun;
  readonly #folder: string;

  constructor(options: TaskOptions, submission: Submission, manifest: Manifest, run: ManifestRun) {
    this.#options = options;
    this.#submission = submission;
    this.#manifest = manifest;
    this.#run = run;
    this.#folder = runFolder(options.out, run);
  }

  /** Tries until the run is finished, given up or somebody else's, or this job is to end. */
  async make(): Promise<void> {
    const { out, signal, say } = this.#options;
    const { campaign, options } = this.#submission;
    const { id } = this.#run;
    while (!signal.aborted && !isFinished(this.#folder)) {
      const tries = readTries(out, id);
      const last = tries.at(-1);
      if (last !== undefined && !(await this.#isOver(last))) continue;
      if (isGivenUp(failedTries(tries, campaign, true), options.tries)) return say(`${id}: given up`);
      const number = (last?.number ?? 0) + 1;
      const claim = this.#claim();
      if (!beginTry(out, id, number, claim)) continue;
      // What the process before it may have left: should it live all the same, it stops before it writes anything more.
      if (last !== undefined && existsSync(this.#folder)) breakLocks(this.#folder, last.claim.machine);
      const end = await this.#try(number);
      if (end === undefined) return say(`${id}: another process has taken it over`);
      endTry(out, id, number, end);
      say(`${id}: try ${number} ${end.outcome}, ${end.end}`);
    }
  }

  #claim(): Claim {
    const { submission, environment } = this.#options;
    const { job, task, node } = environment;
    return {
      token: randomUUID(),
      campaign: this.#submission.campaign,
      ...{ submission, job, task, node, machine: machineId(), ...ownIdentity() },
    };
  }

  /** Whether the process of a try has ended; waits for a moment, or until it has not been heard of for the whole lease. */
  async #isOver(last: Try): Promise<boolean> {
    if (last.end !== undefined) return true;
    const life = lifeOf(last.claim);
    if (life === "gone") return true;
    const { out, signal, times = TIMES } = this.#options;
    const { id } = this.#run;
    const before = readBeat(out, id, last.number);
    const moment = Math.min(times.beat, 1000);
    const until = life === "alive" ? moment : times.lease;
    for (let waited = 0; waited < until && !signal.aborted; waited += moment) {
      await sleep(moment);
      const now = readTries(out, id).at(-1);
      const changed = now?.number !== last.number || now.end !== undefined;
      if (changed || readBeat(out, id, last.number) !== before) return false;
    }
    return life === "unknown" && !signal.aborted;
  }

  /** Begins the run or goes on with it; undefined when another process took it over meanwhile. */
  async #try(number: number): Promise<TryEnd | undefined> {
    const { out, commandLine, signal, times = TIMES } = this.#options;
    const { runMemory, acceptChangedSuite, options } = this.#submission;
    const { id } = this.#run;
    try {
      prepareRun(out, this.#manifest, this.#run, { ...this.#manifest.versions, node: process.version });
    } catch (error) {
      return {
        outcome: "refused",
        end: "not begun",
        error: error instanceof Error ? error.message : String(error),
      };
    }
    const processes = { commandLine, threads: options.cpus, memory: runMemory, acceptChangedSuite };
    const job = jobOf(out, this.#manifest, this.#run, processes);
    const logStart = statSync(job.log, { throwIfNoEntry: false })?.size ?? 0;
    const before = placeOf(this.#folder);
    const lost = new AbortController();
    let beats = 0;
    const timer = setInterval(() => {
      try {
        beat(out, id, number, ++beats);
        if (isSuperseded(out, id, number)) lost.abort();
      } catch {
        // A file system that does not answer may do so the next time.
      }
    }, times.beat);
    try {
      const exit = await runProcess(job, AbortSignal.any([signal, lost.signal]), "channel");
      // Slurm sends signals to all processes of a job, and this one may hear of it last.
      if (STOPPED.has(exit.signal ?? exit.code)) await sleep(MOMENT);
      if (isSuperseded(out, id, number)) return undefined;
      const end = endInWords(exit);
      if (isFinished(this.#folder)) return { outcome: "finished", end };
      if (signal.aborted) return this.#stopped(end, before);
      const error = exit.startError ?? lastError(job.log, logStart);
      const again = exit.code !== EXIT.usage && exit.code !== EXIT.input;
      return { outcome: again ? "failed" : "refused", end, ...(error !== undefined && { error }) };
    } finally {
      clearInterval(timer);
    }
  }

  /** How a try ended that this job's end stopped. A run that got no further would not do so the next time. */
  #stopped(end: string, before: string): TryEnd {
    if (placeOf(this.#folder) !== before) return { outcome: "stopped", end };
    const error = "stopped by the end of its job before it had saved anything new; give it more --time";
    return { outcome: "failed", end, error };
  }
}

/** Where a run stands by its saved state, as text that changes when it gets further. */
function placeOf(folder: string): string {
  const path = join(folder, RUN_FILES.checkpoint);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
