import { join, resolve } from "node:path";
import { MIB } from "../../../sim/core/bytes.js";
import { UsageError } from "../../../sim/core/errors.js";
import { checkMemory, inGiB } from "../../runs/memory-limit.js";
import { shellWord } from "../../runs/shell-word.js";
import type { RunJob, SweepEngine } from "../engine.js";
import { checkSlurm, largestArray, queuedJobs, submit } from "./programs.js";
import { runsUnderWay } from "./states.js";
import {
  closingName,
  jobLogs,
  newName,
  type SlurmOptions,
  type Submission,
  submissionNumbers,
  writeSubmission,
} from "./submissions.js";

/** What the process beside a run takes that looks after it; measured. */
const BESIDE = 160 * MIB;
/** An estimate of a run's memory is at least three quarters of what it takes (docs/guides/train.md). */
const MOST_OF_ESTIMATE = 4 / 3;
/** What the closing job takes at most beside the results that it reads, and for each of them; measured. */
const CLOSING = { process: 512 * MIB, run: 0.15 * MIB } as const;
/** How long before its limit a job is told, seconds: Slurm counts in minutes. */
const NOTICE = 60;

/** What was handed to Slurm. */
export interface Submitted {
  /** Number of the array of jobs. */
  readonly job: string;
  readonly runs: number;
  readonly tasks: number;
  /** Asked for each job, bytes. */
  readonly memory: number;
}

/** How the Slurm engine submits. */
export interface SlurmEngineOptions {
  readonly out: string;
  readonly commandLine: string;
  readonly options: SlurmOptions;
  readonly acceptChangedSuite: boolean;
  /** Most memory that a run may need, bytes; without, what it needs. */
  readonly memoryLimit: number | undefined;
  /** The submission that is gone on with, and its runs that are; without, the user submits what is neither finished nor queued. */
  readonly goOn?: { readonly campaign: number; readonly runs: readonly string[] };
  /** Told of what was handed over. */
  readonly onSubmitted: (submitted: Submitted) => void;
}

/**
 * Jobs of a Slurm cluster: one array over the runs, and a job that looks after them when the array has ended. Nothing of ours
 * waits for them. Nodes must see the sweep's folder, this package and Node.js at the same paths.
 */
export function slurmEngine(given: SlurmEngineOptions): SweepEngine {
  const { out, options, goOn, memoryLimit } = given;
  return {
    here: false,
    threads: options.cpus,
    memory: memoryLimit,
    checkReady: checkSlurm,
    due: async (unfinished) => {
      if (goOn !== undefined) return unfinished.filter(({ id }) => goOn.runs.includes(id));
      const underWay = await runsUnderWay(out, await queuedJobs(out));
      return unfinished.filter(({ id }) => !underWay.has(id));
    },
    checkMemory: (needs) => {
      for (const need of needs) checkMemory(need, memoryLimit ?? Number.POSITIVE_INFINITY);
      if (options.memory !== undefined)
        checkAsked(options.memory, largestOf(needs.map(({ bytes }) => bytes)));
    },
    run: async (jobs) => {
      if (jobs.length > 0) await submitAll(given, jobs);
    },
  };
}

/** The largest of some numbers of bytes; 0 of none. */
function largestOf(bytes: readonly number[]): number {
  return bytes.reduce((most, one) => Math.max(most, one), 0);
}

/** Memory to ask for, for runs that need so much by the estimate; whole MiB in bytes. */
function memoryToAsk(needed: number): number {
  return Math.ceil((needed * MOST_OF_ESTIMATE + BESIDE) / MIB) * MIB;
}

function checkAsked(asked: number, needed: number): void {
  if (asked >= needed + BESIDE) return;
  throw new UsageError({
    what: "A job would have less memory than its run needs",
    got: `--mem of ${inGiB(asked)}`,
    expected: `at least ${inGiB(needed + BESIDE)}, by the settings of the largest run`,
    todo: `Leave out --mem, which asks for ${inGiB(memoryToAsk(needed))}, or give more`,
  });
}

async function submitAll(
  { out, commandLine, options, acceptChangedSuite, goOn, onSubmitted }: SlurmEngineOptions,
  jobs: readonly RunJob[],
): Promise<void> {
  const runs = jobs.map(({ id }) => id);
  const needed = largestOf(jobs.map(({ memory }) => memory));
  const number = (submissionNumbers(out).at(-1) ?? 0) + 1;
  const name = newName(out, number);
  const tasks = Math.min(runs.length, await largestArray());
  const submission: Omit<Submission, "schema"> = {
    campaign: goOn?.campaign ?? number,
    name,
    tasks,
    runs,
    runMemory: Math.ceil(needed / MIB) * MIB,
    acceptChangedSuite,
    options,
  };
  writeSubmission(out, number, submission);
  const command = (...what: string[]) =>
    ["exec", process.execPath, commandLine, ...what, "--submission", String(number), resolve(out)]
      .map(shellWord)
      .join(" ");
  const memory = options.memory ?? memoryToAsk(needed);
  const limit = options.arrayLimit === undefined ? "" : `%${options.arrayLimit}`;
  // What is given last counts: words of the user's own come first.
  const job = await submit([
    ...shared(options),
    ...(options.time === undefined ? [] : [`--time=${options.time}`]),
    ...[`--job-name=${name}`, `--array=0-${tasks - 1}${limit}`, `--cpus-per-task=${options.cpus}`],
    ...[`--mem=${memory / MIB}M`, "--requeue", `--signal=B:USR1@${NOTICE}`, "--open-mode=append"],
    ...[`--output=${join(resolve(jobLogs(out)), "%A_%a.log")}`, `--wrap=${command("slurm-task")}`],
  ]);
  await submit([
    ...shared(options),
    ...[`--job-name=${closingName(name)}`, `--dependency=afterany:${job}`, "--requeue", "--open-mode=append"],
    ...["--cpus-per-task=1", `--mem=${closingMemory(runs.length)}M`],
    ...[
      `--output=${join(resolve(jobLogs(out)), "close-%j.log")}`,
      `--wrap=${command("slurm-close", "--array", job)}`,
    ],
  ]);
  onSubmitted({ job, runs: runs.length, tasks, memory });
}

/** Words that all jobs have. */
function shared({ partition, sbatch }: SlurmOptions): string[] {
  return [...sbatch, ...(partition === undefined ? [] : [`--partition=${partition}`])];
}

/** Memory of the closing job, MiB. */
function closingMemory(runs: number): number {
  return Math.ceil((CLOSING.process + runs * CLOSING.run) / MIB);
}
