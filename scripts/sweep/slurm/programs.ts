import { execFile } from "node:child_process";
import { MIB } from "../../../sim/core/bytes.js";
import { EXIT, errorWithCode, RunError, UsageError } from "../../../sim/core/errors.js";
import { namesOfSweep } from "./submissions.js";

/** What a program of Slurm printed, and how it ended. */
interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Enough for the queue of a large cluster. */
const MOST_OUTPUT = 256 * MIB;

/** @throws UsageError when there is no such program, which means that this machine has no Slurm */
function ask(program: string, args: readonly string[]): Promise<Answer> {
  return new Promise((done, failed) => {
    execFile(program, args, { maxBuffer: MOST_OUTPUT, env: outsideOfJobs() }, (error, stdout, stderr) => {
      if (error === null) return done({ code: 0, stdout, stderr });
      const { code } = error;
      if (code === "ENOENT" || code === "EACCES") return failed(noSlurm(program, error));
      return done({ code: typeof code === "number" ? code : 1, stdout, stderr: stderr || error.message });
    });
  });
}

/** The environment without what Slurm tells a job of itself, which a job that it submits must not take for its own. */
function outsideOfJobs(): NodeJS.ProcessEnv {
  const kept = ([name]: readonly [string, unknown]) => name === "SLURM_CONF" || !name.startsWith("SLURM_");
  return Object.fromEntries(Object.entries(process.env).filter(kept));
}

function noSlurm(program: string, cause: unknown): UsageError {
  return new UsageError({
    what: `${program} cannot be started`,
    got: "no such program on the path",
    expected: "Slurm's commands, as on a login node of a cluster",
    todo: "Log in to the cluster, load its module, or leave out --engine slurm to run on this machine",
    cause,
  });
}

/** Checks that jobs can be submitted from here. @throws UsageError when there is no sbatch */
export async function checkSlurm(): Promise<void> {
  await ask("sbatch", ["--version"]);
}

/**
 * Submits jobs.
 * @param args words of sbatch
 * @returns the job's number
 * @throws UsageError when the request cannot be, RunError when Slurm does not answer or takes no more
 */
export async function submit(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await ask("sbatch", ["--parsable", ...args]);
  const [, job] = /^(\d+)(?:;.*)?$/m.exec(stdout) ?? [];
  if (code === 0 && job !== undefined) return job;
  throw await rejected(stderr || stdout);
}

/** What is wrong with a cluster or full for now, and not with the call. */
const NOT_NOW =
  /contact|connect|timed out|temporarily|limit|not responding|authentication|munge|credential|slurmctld/i;
/** A --time that the partition does not allow, now or later. */
const WRONG_TIME = /time limit is invalid|time-min|time limit specification/i;

/** What a program of Slurm says in several lines, as one and without its own name. */
function oneLine(said: string): string {
  return said
    .split("\n")
    .map((line) => line.replace(/^\w+: ((error|fatal): )?/, "").trim())
    .filter((line) => line !== "")
    .join(" ");
}

async function rejected(said: string): Promise<Error> {
  const got = oneLine(said);
  if (/invalid partition/i.test(said)) {
    return new UsageError({
      what: "Slurm has no such partition",
      got,
      expected: `one of ${await partitions()}`,
      todo: "Give another --partition",
    });
  }
  const code = NOT_NOW.test(said) && !WRONG_TIME.test(said) ? EXIT.run : EXIT.usage;
  return errorWithCode(
    {
      what: "Slurm did not take the jobs",
      got: got || "no answer",
      expected: "the number of a job",
      todo:
        code === EXIT.run
          ? "Try again later with --resume"
          : "Change --partition, --time, --mem, --cpus or --sbatch, and try again with --resume",
    },
    code,
  );
}

async function partitions(): Promise<string> {
  const { stdout } = await ask("sinfo", ["--noheader", "--format=%R"]).catch(() => ({ stdout: "" }));
  const names = [...new Set(stdout.split("\n").filter((name) => name !== ""))];
  return names.length === 0 ? "those that `sinfo` lists" : names.join(", ");
}

/** Slurm's own default of MaxArraySize. */
const DEFAULT_ARRAY = 1001;

/** How many tasks an array of jobs may have. @throws UsageError where there is no Slurm */
export async function largestArray(): Promise<number> {
  const { stdout } = await ask("scontrol", ["show", "config"]);
  return Math.max(1, Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(stdout)?.[1] ?? DEFAULT_ARRAY));
}

/** A job of the sweep that has not ended; of an array a single task. */
export interface QueuedJob {
  /** Number of the job, of an array that of the whole. */
  readonly job: string;
  /** Task of the array; undefined for a job that is none. */
  readonly task: number | undefined;
  readonly name: string;
  /** `PENDING`, `RUNNING` and so on. */
  readonly state: string;
  /** Why it waits. */
  readonly reason: string;
}

/**
 * The same, and none where there is no Slurm, such as where the folder was copied to.
 * @throws RunError when Slurm does not answer
 */
export async function queuedJobsIfAny(out: string): Promise<QueuedJob[]> {
  try {
    return await queuedJobs(out);
  } catch (error) {
    if (error instanceof UsageError) return [];
    throw error;
  }
}

/** The jobs of a sweep that have not ended. @throws RunError when Slurm does not answer, UsageError where there is none */
export async function queuedJobs(out: string): Promise<QueuedJob[]> {
  const args = ["--me", "--noheader", "--array", "--format=%F|%K|%T|%r|%j"];
  const { code, stdout, stderr } = await ask("squeue", args);
  if (code !== 0) throw noAnswer("squeue", stderr);
  const isOurs = namesOfSweep(out);
  return stdout
    .split("\n")
    .flatMap((line) => {
      const [, job, task, state, reason, name] = /^\s*(\d+)\|([^|]*)\|(\w+)\|([^|]*)\|(.*)$/.exec(line) ?? [];
      if (job === undefined || state === undefined || name === undefined) return [];
      return [
        { job, task: /^\d+$/.test(task ?? "") ? Number(task) : undefined, name, state, reason: reason ?? "" },
      ];
    })
    .filter(({ name }) => isOurs(name));
}

/** Cancels jobs by their numbers. @throws RunError when Slurm does not answer */
export async function cancelJobs(jobs: readonly string[]): Promise<void> {
  const { code, stderr } = await ask("scancel", jobs);
  // One that has just ended is no error.
  if (code !== 0 && !/already|invalid job id/i.test(stderr)) throw noAnswer("scancel", stderr);
}

/** Puts a job back into the queue. @returns whether Slurm did so */
export async function requeueJob(job: string): Promise<boolean> {
  return (await ask("scontrol", ["requeue", job])).code === 0;
}

/** A task of an array, or several that never began, as Slurm remembers it for some minutes after its end. */
export interface TaskRecord {
  /** Undefined for several. */
  readonly task: number | undefined;
  /** `COMPLETED`, `CANCELLED` and so on. */
  readonly state: string;
}

/** What Slurm remembers of the tasks of an array. */
export async function recordsOfArray(job: string): Promise<TaskRecord[]> {
  const { stdout } = await ask("scontrol", ["show", "job", "--oneliner", job]);
  return stdout.split("\n").flatMap((line) => {
    const [, state] = /\bJobState=(\w+)/.exec(line) ?? [];
    const [, task] = /\bArrayTaskId=(\d+)(?:\s|$)/.exec(line) ?? [];
    return state === undefined ? [] : [{ state, task: task === undefined ? undefined : Number(task) }];
  });
}

function noAnswer(program: string, said: string): RunError {
  return new RunError({
    what: `${program} failed`,
    got: oneLine(said) || "no answer",
    expected: "an answer of Slurm's controller",
    todo: "Try again; if it stays so, ask those who run the cluster",
  });
}
