import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { readDocument, writeDocument } from "../../../sim/core/documents.js";
import { InputError } from "../../../sim/core/errors.js";
import { makeFolder } from "../../../sim/core/files.js";
import { checkOwnFolder } from "../../../sim/core/own-files.js";
import { SLURM } from "./folder.js";

const optionsSchema = z.strictObject({
  partition: z.string().optional(),
  /** Limit of a job, as Slurm takes it. */
  time: z.string().optional(),
  /** Memory of a job, bytes, where it was chosen and not computed. */
  memory: z.number().optional(),
  /** Processors of a job: threads of its run. */
  cpus: z.int(),
  /** Most jobs at a time. */
  arrayLimit: z.int().optional(),
  /** How often a run that fails is tried. */
  tries: z.int(),
  /** Further words for sbatch. */
  sbatch: z.array(z.string()),
});

/** How jobs are submitted. */
export type SlurmOptions = Readonly<z.infer<typeof optionsSchema>>;

const submissionSchema = z.strictObject({
  schema: z.literal(1),
  /** The submission that the user made; the number of this one unless its closing job submitted it. */
  campaign: z.int(),
  /** Name of the array of jobs. */
  name: z.string(),
  /** Array tasks: task k makes runs k, k + tasks, k + 2 tasks and so on. */
  tasks: z.int().min(1),
  /** Ids of the runs. */
  runs: z.array(z.string()).min(1),
  /** What a run may need, bytes. */
  runMemory: z.number(),
  acceptChangedSuite: z.boolean(),
  options: optionsSchema,
});

/** What was handed to Slurm at once: an array of jobs, and one that looks after it when all have ended. */
export type Submission = Readonly<z.infer<typeof submissionSchema>>;

const WORDS = {
  expected: "a submission as `hypercrl sweep --engine slurm` writes it",
  todo: "Restore the file",
};

function submissionPath(out: string, number: number): string {
  return join(out, SLURM, `submission-${number}.json`);
}

/** Numbers of the submissions of a sweep, in order; none for a sweep that never was in Slurm. */
export function submissionNumbers(out: string): number[] {
  const folder = join(out, SLURM);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .flatMap((name) => /^submission-(\d+)\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** @throws InputError when it is missing or damaged */
export function readSubmission(out: string, number: number): Submission {
  return readDocument(submissionPath(out, number), submissionSchema, WORDS);
}

/** The last submission of a sweep. @throws InputError when it has none */
export function lastSubmission(out: string): Submission {
  const number = submissionNumbers(out).at(-1);
  if (number !== undefined) return readSubmission(out, number);
  throw new InputError({
    what: `Sweep ${out} was not submitted to Slurm`,
    got: `no submission in ${join(out, SLURM)}`,
    expected: "a sweep made with `--engine slurm`",
    todo: "Check the path, or submit it with `--resume --engine slurm`",
  });
}

/** Writes a submission before its jobs are submitted, since they read it. */
export function writeSubmission(out: string, number: number, submission: Omit<Submission, "schema">): void {
  checkOwnFolder(out, SLURM);
  makeFolder(jobLogs(out));
  writeDocument(submissionPath(out, number), { schema: 1, ...submission });
}

/** Folder of what jobs print themselves. */
export function jobLogs(out: string): string {
  return join(out, SLURM, "logs");
}

/** Name of the jobs of one submission: what a sweep is called, and what no other sweep has. */
export function newName(out: string, number: number): string {
  const token = newestToken(out) ?? randomBytes(4).toString("hex");
  return `hypercrl-${basename(resolve(out))
    .replace(/[^\w.-]/g, "_")
    .slice(0, 60)}-${token}-${number}`;
}

/** Name of the job that looks after a submission when its array has ended. */
export function closingName(name: string): string {
  return `${name}-close`;
}

/** Tells which names of jobs are those of a sweep. */
export function namesOfSweep(out: string): (name: string) => boolean {
  const token = newestToken(out);
  if (token === undefined) return () => false;
  const pattern = new RegExp(`^hypercrl-.*-${token}-\\d+(-close)?$`);
  return (name) => pattern.test(name);
}

/** What all submissions of a sweep have in their names; undefined before the first. */
function newestToken(out: string): string | undefined {
  const last = submissionNumbers(out).at(-1);
  return last === undefined ? undefined : /-([0-9a-f]{8})-\d+$/.exec(readSubmission(out, last).name)?.[1];
}

/** Ids of the runs that a task makes, in order. */
export function runsOfTask({ runs, tasks }: Submission, task: number): string[] {
  return runs.filter((_, i) => i % tasks === task);
}
