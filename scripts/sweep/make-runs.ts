import { statSync } from "node:fs";
import { isFinished } from "../../agent/run/finished.js";
import type { FolderLock } from "../../sim/core/folder-lock.js";
import { resumeCommand } from "../runs/resume-command.js";
import type { RunExit, RunJob } from "./engine.js";
import { modulesOfRun } from "./manifest.js";
import type { Manifest } from "./manifest-file.js";
import { jobsOf, type PendingRun } from "./pending-runs.js";
import type { FailedRun } from "./report.js";
import { runFolder } from "./run-folders.js";
import { endInWords } from "./run-job.js";
import { lastError } from "./run-state.js";
import type { SweepOptions } from "./work.js";

/**
 * Hands the runs to the engine; returns those that failed. When another process has taken the folder over, which is
 * looked at whenever a run ends, the others are stopped.
 */
export async function makeRuns(
  manifest: Manifest,
  pending: readonly PendingRun[],
  options: SweepOptions,
  lock: FolderLock,
): Promise<FailedRun[]> {
  const { out, engine, view } = options;
  const takenOver = new AbortController();
  const signal = AbortSignal.any([options.signal, takenOver.signal]);
  const failed: FailedRun[] = [];
  const logStart = new Map<string, number>();
  const runs = new Map(pending.map(({ run }) => [run.id, run]));
  const started = ({ id, log }: RunJob) => {
    logStart.set(id, statSync(log, { throwIfNoEntry: false })?.size ?? 0);
    view.started(runs.get(id)!);
  };
  const exited = (job: RunJob, exit: RunExit) => {
    try {
      lock.check();
    } catch {
      takenOver.abort();
    }
    const run = runs.get(job.id)!;
    const folder = runFolder(out, run);
    if (isFinished(folder)) return view.ended(run, { kind: "finished" });
    if (signal.aborted && exit.startError === undefined) return view.ended(run, { kind: "stopped" });
    const failure: FailedRun = {
      id: run.id,
      end: endInWords(exit),
      error: exit.startError ?? lastError(job.log, logStart.get(job.id) ?? 0),
      command: resumeCommand(folder, modulesOfRun(out, manifest, run.label)),
    };
    failed.push(failure);
    view.ended(run, { kind: "failed", ...failure });
  };
  await engine.run(jobsOf(options, manifest, pending), { started, exited }, signal);
  return failed;
}
