import { isFinished } from "../../../agent/run/finished.js";
import { resumeCommand } from "../../runs/resume-command.js";
import { modulesOfRun } from "../manifest.js";
import { type Manifest, type ManifestRun, readManifest } from "../manifest-file.js";
import type { FailedRun } from "../report.js";
import { runFolder } from "../run-folders.js";
import { logOfRun } from "../run-job.js";
import { type QueuedJob, queuedJobsIfAny, type TaskRecord } from "./programs.js";
import { readSubmission, runsOfTask, type Submission, submissionNumbers } from "./submissions.js";
import { failedTries, isGivenUp, lifeOf, readTries, type Try } from "./tries.js";

/** What a run is at. */
export type RunState =
  | "finished"
  /** A job works on it. */
  | "running"
  /** A job will. */
  | "waiting"
  /** It was tried as often as it may be. */
  | "failed"
  /** Neither finished nor in the queue. */
  | "missing";

/** The runs of all tasks that have not ended, by id, with whether their task runs already. */
export function runsUnderWay(out: string, queue: readonly QueuedJob[]): Map<string, "running" | "waiting"> {
  const found = new Map<string, "running" | "waiting">();
  for (const { task, submission } of tasksIn(out, queue)) {
    const state = task.state === "RUNNING" ? "running" : "waiting";
    for (const id of runsOfTask(submission, task.task ?? 0)) found.set(id, state);
  }
  return found;
}

/** The tasks among jobs, each with its submission. */
function tasksIn(out: string, queue: readonly QueuedJob[]) {
  const byName = new Map(
    submissionNumbers(out).map((number) => {
      const submission = readSubmission(out, number);
      return [submission.name, submission] as const;
    }),
  );
  return queue.flatMap((task) => {
    const submission = byName.get(task.name);
    return submission === undefined || task.task === undefined ? [] : [{ task, submission }];
  });
}

/** The last campaign of a sweep: its submissions, the latest last. */
function lastCampaign(out: string): { readonly campaign: number; readonly submissions: Submission[] } {
  const all = submissionNumbers(out).map((number) => readSubmission(out, number));
  const campaign = all.at(-1)?.campaign ?? 0;
  return { campaign, submissions: all.filter((one) => one.campaign === campaign) };
}

/** Whether the process of a run's last try has ended, in good order or not, as far as can be told at once. */
function isOver(last: Try | undefined): boolean {
  return last !== undefined && (last.end !== undefined || lifeOf(last.claim) === "gone");
}

/** A run of a sweep as its folder and the queue tell. */
export interface RunStatus {
  readonly run: ManifestRun;
  readonly state: RunState;
  /** Tries of the last campaign that failed. */
  readonly failures: readonly Try[];
}

/**
 * What every run of a sweep is at, in the manifest's order.
 * @param queue jobs of the sweep that have not ended
 */
export function statusOfRuns(out: string, manifest: Manifest, queue: readonly QueuedJob[]): RunStatus[] {
  const underWay = runsUnderWay(out, queue);
  const { campaign, submissions } = lastCampaign(out);
  const most = submissions.at(-1)?.options.tries ?? 0;
  return manifest.runs.map((run): RunStatus => {
    if (isFinished(runFolder(out, run))) return { run, state: "finished", failures: [] };
    const tries = readTries(out, run.id);
    const last = tries.at(-1);
    const task = underWay.get(run.id);
    const failures = failedTries(tries, campaign, task === undefined || isOver(last));
    if (isGivenUp(failures, most)) return { run, state: "failed", failures };
    if (task === undefined) return { run, state: "missing", failures };
    const atWork = task === "running" && last !== undefined && !isOver(last);
    return { run, state: atWork ? "running" : "waiting", failures };
  });
}

/** The runs that failed and are not tried any more, for a report. */
export function failedRuns(out: string, manifest: Manifest, runs: readonly RunStatus[]): FailedRun[] {
  return runs
    .filter(({ state, failures }) => state === "failed" || (state === "missing" && failures.length > 0))
    .map(({ run, failures }) => {
      const last = failures.at(-1);
      return {
        id: run.id,
        end: `${endOf(last)}, ${failures.length === 1 ? "1 try" : `${failures.length} tries`}`,
        error: last?.end?.error,
        command: resumeCommand(runFolder(out, run), modulesOfRun(out, manifest, run.label)),
        log: logOfRun(out, run),
      };
    });
}

/**
 * The runs of a sweep that failed in Slurm and are not tried any more, for a report; none where it never was there.
 * @throws InputError when a file is damaged
 */
export async function failedInSlurm(out: string): Promise<FailedRun[]> {
  if (submissionNumbers(out).length === 0) return [];
  const manifest = readManifest(out);
  const queue = await queuedJobsIfAny(out);
  return failedRuns(out, manifest, statusOfRuns(out, manifest, queue));
}

function endOf(last: Try | undefined): string {
  return last?.end?.end ?? `killed with its job${last === undefined ? "" : ` on ${last.claim.node}`}`;
}

/**
 * The unfinished runs that a submission has left and that another try may finish: those whose task began and was not cancelled, and
 * where Slurm remembers the array and nothing was cancelled in it, those whose task noted nothing.
 * @param records what Slurm remembers of the array
 */
export function leftBehind(
  out: string,
  number: number,
  runs: readonly RunStatus[],
  records: readonly TaskRecord[],
): string[] {
  const submission = readSubmission(out, number);
  const cancelled = records.filter(({ state }) => state === "CANCELLED");
  const missing = new Set(runs.filter(({ state }) => state === "missing").map(({ run }) => run.id));
  return Array.from({ length: submission.tasks }, (_, task) => task).flatMap((task) => {
    const ids = runsOfTask(submission, task);
    const left = ids.filter((id) => missing.has(id));
    if (left.length === 0 || cancelled.some((record) => record.task === task)) return [];
    const began = ids.some((id) => readTries(out, id).some(({ claim }) => claim.submission === number));
    return began || (records.length > 0 && cancelled.length === 0) ? left : [];
  });
}
