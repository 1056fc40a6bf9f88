import { join } from "node:path";
import { isFinished } from "../../agent/run/finished.js";
import { makeFolder } from "../../sim/core/files.js";
import { type FolderLock, lockFolder } from "../../sim/core/folder-lock.js";
import { checkOwnFolder } from "../../sim/core/own-files.js";
import { initPhysics } from "../../sim/world.js";
import { findOracle } from "../compare/oracle-reference.js";
import { currentVersions } from "../runs/versions.js";
import { makeRuns } from "./make-runs.js";
import { type Manifest, readManifest, writeManifest } from "./manifest-file.js";
import { checkEmpty, openManifest } from "./open-manifest.js";
import { checkPending, jobsOf, type PendingRun } from "./pending-runs.js";
import { differencesLabel, type FailedRun, reportSweep, type SweepReport } from "./report.js";
import { writeReport } from "./report-files.js";
import { LOGS, prepareRun, RUNS, runFolder } from "./run-folders.js";
import { rememberModules } from "./trust.js";
import type { SweepOptions, SweepWork } from "./work.js";

/**
 * Runs what a manifest lists and is not finished; afterwards `sweep-results.json`, `.csv` and `.txt` say what was
 * found. Runs that fail are in the report.
 * @param options whose engine makes the runs here
 * @throws UsageError for a choice that cannot be, InputError for a folder that cannot be continued or is in use, or an oracle
 *   of another suite, RunError when another process has taken the folder over
 */
export function runSweep(options: SweepOptions): Promise<SweepReport> {
  const { out, view } = options;
  return withSweep(options, async (manifest, pending, lock) => {
    const from = differencesLabel(manifest, options.differencesFrom);
    const runs = pending.map(({ run }) => run);
    for (const run of runs) prepareRun(out, manifest, run, currentVersions());
    view.begin(out, manifest, runs);
    let failed: FailedRun[];
    try {
      failed = await makeRuns(manifest, pending, options, lock);
    } finally {
      view.end();
    }
    lock.check();
    const report = reportSweep(out, manifest, failed, from, options.oracle);
    writeReport(out, report);
    return report;
  });
}

/**
 * Hands over to an engine what a manifest lists and is neither finished nor on its way; returns when that is done, while the runs
 * go on.
 * @param options whose engine makes the runs elsewhere
 * @throws as `runSweep`, and what the engine throws
 */
export function submitSweep(options: SweepWork): Promise<void> {
  const { engine, signal } = options;
  return withSweep(options, async (manifest, pending) => {
    await engine.run(jobsOf(options, manifest, pending), { started() {}, exited() {} }, signal);
  });
}

/** Opens the sweep's folder for this process alone, with its manifest written, and works on the runs that are due. */
async function withSweep<Result>(
  options: SweepWork,
  work: (manifest: Manifest, pending: readonly PendingRun[], lock: FolderLock) => Promise<Result>,
): Promise<Result> {
  const { out, engine } = options;
  await engine.checkReady();
  await initPhysics();
  const draft = await openManifest(options);
  // Better now than when all runs are made.
  findOracle({ suite: draft.suite, tasks: [], record: undefined }, options.oracle, [out]);
  differencesLabel(draft, options.differencesFrom);
  makeFolder(out);
  for (const inside of [RUNS, LOGS]) checkOwnFolder(out, inside);
  makeFolder(join(out, RUNS));
  const lock = lockFolder(out, "Sweep");
  try {
    // Only now nobody else writes it.
    const manifest = options.resume ? await openManifest(options) : draft;
    if (!options.resume) checkEmpty(out);
    const unfinished = manifest.runs.filter((run) => !isFinished(runFolder(out, run)));
    const pending = await checkPending(options, manifest, await engine.due(unfinished));
    writeManifest(out, manifest);
    rememberModules(out, manifest);
    return await work(manifest, pending, lock);
  } finally {
    lock.release();
  }
}

/**
 * The report of a sweep as it is now; starts nothing and may be called while the sweep goes on.
 * @param from line that differences are shown from; default the first
 * @param oracle path of the suite's oracle; default the one in the folder, or that of the package
 * @param failed runs that are known to have failed
 */
export function reportFolder(
  out: string,
  from?: string,
  oracle?: string,
  failed: readonly FailedRun[] = [],
): SweepReport {
  const manifest = readManifest(out);
  return reportSweep(out, manifest, failed, differencesLabel(manifest, from), oracle);
}
