import { performance } from "node:perf_hooks";
import { partsOf } from "../../agent/catalog.js";
import type { EpisodeThreads } from "../../agent/evaluation/episode-threads.js";
import { ContinualLoop } from "../../agent/loop/loop.js";
import type { Progress } from "../../agent/run/checkpoint-document.js";
import { readMetrics } from "../../agent/run/read-log.js";
import type { RunEvent } from "../../agent/run/run-events.js";
import { hasHashes, writeHashes } from "../../agent/run/run-hashes.js";
import { hasSuiteRecord, writeSuiteRecord } from "../../agent/run/suite-record.js";
import type { Settings } from "../../agent/settings/schema.js";
import type { Task } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { gatherParts } from "../parts/given-parts.js";
import { checkSameSuite, suiteNow } from "../parts/same-suite.js";
import { chooseCompute } from "./compute.js";
import { episodeThreads } from "./episode-threads.js";
import { type OpenOptions, type OpenRun, openRun } from "./open-run.js";
import { type Summary, summarize } from "./summary.js";
import { UsageLog } from "./usage.js";

/** What is told once, when the run folder is open and before anything is computed. */
export interface RunStart {
  readonly folder: string;
  readonly settings: Settings;
  readonly tasks: readonly Task[];
  /** Where the run continues; undefined for a new one. */
  readonly progress: Progress | undefined;
}

/** How to train: which run is opened, and who is told of it. */
export interface TrainOptions extends OpenOptions {
  /** Told of what works less well than it should. */
  readonly onWarning?: (text: string) => void;
  /** Called once the run folder is open, before anything is computed. */
  readonly onStart?: (start: RunStart) => void;
  /** Receives everything that happens in the run, as it happens. */
  readonly onProgress?: (event: RunEvent) => void;
  /** Aborting stops at once; the run can be resumed from its last episode. */
  readonly signal?: AbortSignal;
}

/** What `train` leaves. */
export interface TrainResult {
  readonly outcome: "done" | "stopped";
  readonly folder: string;
  readonly settings: Settings;
  /** Where a stopped run will continue. */
  readonly progress: Progress;
  readonly summary: Summary;
}

/**
 * Learns the tasks of a suite one after another, or continues such a run.
 * @example
 * const { summary } = await train({ suite: "push", seed: 3, settings: { "loop.stepsPerTask": 600 } });
 * @throws UsageError for options that cannot be, InputError for a run folder that cannot be continued, RunError when
 *   the run fails midway; what was saved then stays and can be resumed
 */
export async function train(options: TrainOptions = {}): Promise<TrainResult> {
  await initPhysics();
  const run = await openRun(options, await gatherParts(options));
  const { store, lock, checkpoint, suite, catalog } = run;
  let threads: EpisodeThreads | undefined;
  try {
    const recordSuite = await checkedSuite(run, options);
    const { folder, settings } = store;
    const parts = partsOf(catalog, settings);
    const usage = new UsageLog((record) => store.log.emit(record));
    if (options.onProgress !== undefined) store.log.listen(options.onProgress);
    store.log.listen(() => usage.note());
    store.checkBeforeWriting(lock.check);
    const compute = chooseCompute(parts.method, settings, options.threads, options.onWarning ?? (() => {}));
    threads = episodeThreads(suite, parts.planner, compute.threads);
    const loop = new ContinualLoop(suite.tasks, {
      store,
      recordPlans: store.plansRecorded,
      now: () => performance.now(),
      parts,
      compute,
      episodeThreads: threads,
      stopRequested: () => options.signal?.aborted ?? false,
    });
    await takeUp(loop, run, recordSuite, options);
    const tasks = suite.tasks.slice(0, settings.tasks);
    options.onStart?.({ folder, settings, tasks, progress: checkpoint?.progress });
    const outcome = await loop.run();
    const wasDone = checkpoint?.progress.stage === "done";
    if (!wasDone) usage.write();
    store.close();
    // A process that was killed after it had saved the finished run may have left none.
    if (outcome === "done" && !(wasDone && hasHashes(folder))) writeHashes(folder);
    return { outcome, folder, settings, progress: loop.progress, summary: summarizeRun(folder) };
  } finally {
    // They write recordings, so they end while the folder is still this process's own.
    await threads?.close();
    store.close();
    lock.release();
  }
}

/**
 * Compares the suite with what the run noted of it.
 * @returns notes the suite where the run begins, or goes on with a changed one
 * @throws InputError when the run is of another suite
 */
async function checkedSuite(
  { store, checkpoint, suite }: OpenRun,
  options: TrainOptions,
): Promise<() => void> {
  const now = await suiteNow(suite, store.settings.tasks, options);
  // A run that has saved nothing yet begins now. It may have noted its suite before, or be a copy of what another run noted.
  const begins = checkpoint === undefined;
  if (!begins || hasSuiteRecord(store.folder)) checkSameSuite(store.folder, now, options);
  const goesOn = options.acceptChangedSuite && checkpoint?.progress.stage !== "done";
  return () => {
    if (begins || goesOn) writeSuiteRecord(store.folder, now);
  };
}

/** Brings the loop to where the run stopped, and its files to the same moment. */
async function takeUp(
  loop: ContinualLoop,
  { store, checkpoint }: OpenRun,
  recordSuite: () => void,
  { resume, onWarning }: TrainOptions,
): Promise<void> {
  try {
    if (checkpoint !== undefined) await loop.restore(checkpoint);
    // Only now: a state that does not fit leaves the run's files as they were.
    const foreign = resume === undefined ? [] : store.takeUp();
    recordSuite();
    if (resume !== undefined) loop.readLog();
    if (foreign.length > 0) onWarning?.(leftAlone(foreign));
  } catch (error) {
    await loop.release();
    throw error;
  }
}

/** At most this many of the files that are left alone are listed. */
const TOLD = 5;

function leftAlone(paths: readonly string[]): string {
  const more = paths.length > TOLD ? ` and ${paths.length - TOLD} more` : "";
  return `left alone, because the run's log does not know of them: ${paths.slice(0, TOLD).join(", ")}${more}`;
}

/** The summary of a run so far, from its metrics alone. @throws InputError when they cannot be read */
export function summarizeRun(folder: string): Summary {
  return summarize(readMetrics(folder));
}
