import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { checkImportable } from "../../agent/background/background-learner.js";
import { type Catalog, partsOf } from "../../agent/catalog.js";
import { ONE_THREAD } from "../../agent/compute.js";
import type { EpisodeThreads } from "../../agent/evaluation/episode-threads.js";
import { ContinualLoop } from "../../agent/loop/loop.js";
import { configuredShape, createLearner, type Method } from "../../agent/methods/method.js";
import { methods } from "../../agent/methods/registry.js";
import type { Checkpoint } from "../../agent/run/checkpoint.js";
import type { Progress } from "../../agent/run/checkpoint-document.js";
import { readMetrics } from "../../agent/run/read-log.js";
import type { RunEvent } from "../../agent/run/records.js";
import { hasHashes, writeHashes } from "../../agent/run/run-hashes.js";
import { RunStore, readSettings } from "../../agent/run/store.js";
import { hasSuiteRecord, writeSuiteRecord } from "../../agent/run/suite-record.js";
import { parseSettings } from "../../agent/settings/parse.js";
import { savedCatalog } from "../../agent/settings/saved-catalog.js";
import type { Settings } from "../../agent/settings/schema.js";
import { firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { type FolderLock, lockFolder } from "../../sim/core/folder-lock.js";
import { findNamed } from "../../sim/core/one-of.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { assignmentsOf, chooseSettings, type GivenSettings } from "./choose-settings.js";
import { chooseCompute } from "./compute.js";
import { episodeThreads } from "./episode-threads.js";
import { freeFolder } from "./free-folder.js";
import { type GivenParts, gatherParts, type PartOptions } from "./given-parts.js";
import { checkMemory, memoryOfRun } from "./memory-limit.js";
import { blamingModule } from "./module-file.js";
import { isModulePath } from "./module-path.js";
import { METHOD_MODULE } from "./part-files.js";
import { checkPlansRecordable } from "./plan-recordings.js";
import { modulesGiven, resumeCommand } from "./resume-command.js";
import { checkSame, settingsOfRun, suiteOfRun } from "./run-parts.js";
import { RUNS_FOLDER } from "./runs-folder.js";
import { checkSameSuite, suiteNow } from "./same-suite.js";
import { type Summary, summarize } from "./summary.js";
import { UsageLog } from "./usage.js";
import { currentVersions } from "./versions.js";

/** What is told once, when the run folder is open and before anything is computed. */
export interface RunStart {
  readonly folder: string;
  readonly settings: Settings;
  readonly tasks: readonly Task[];
  /** Where the run continues; undefined for a new one. */
  readonly progress: Progress | undefined;
}

/**
 * How to train. `suite` is `push`, `method` is `hypercrl` and `planner` what profile and suite choose unless given; with
 * `resume` they are only needed where they do not come with the package. Settings change the profile's defaults.
 */
export interface TrainOptions extends PartOptions, GivenSettings {
  /** `quick` (default) or `paper`. */
  readonly profile?: string;
  /** Default 1. */
  readonly seed?: number;
  /** New folder for the run; default `runs/<suite>-<method>-<profile>-s<seed>`, numbered when that exists. */
  readonly out?: string;
  /** Run folder to continue instead of starting one; settings come from it. */
  readonly resume?: string;
  /** Train in the background while the arm acts: `loop.trainLag` becomes `loop.trainEvery` unless given. */
  readonly async?: boolean;
  /**
   * Threads that plan, train and play evaluation episodes together; results do not depend on it. Default: the machine's cores, at
   * most 4.
   */
  readonly threads?: number;
  /**
   * Most memory that the run may take, bytes; default 80 % of the machine's. What it will need is computed from its settings
   * before it begins.
   */
  readonly memory?: number;
  /**
   * `plans`: recordings of planned episodes hold every step's plan; docs/guides/recordings.md. A run that is continued does as
   * before.
   */
  readonly record?: "plans";
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

interface OpenRun {
  readonly store: RunStore;
  readonly checkpoint: Checkpoint | undefined;
  readonly suite: TaskSuite;
  readonly catalog: Catalog;
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
  const { store, lock, checkpoint, suite, catalog } = await open(options, await gatherParts(options));
  let threads: EpisodeThreads | undefined;
  try {
    const now = await suiteNow(suite, store.settings.tasks, options);
    // A run that has saved nothing yet begins now. It may have noted its suite before, or be a copy of what another run noted.
    const begins = checkpoint === undefined;
    if (!begins || hasSuiteRecord(store.folder)) checkSameSuite(store.folder, now, options);
    const goesOn = options.acceptChangedSuite && checkpoint?.progress.stage !== "done";
    const record = () => (begins || goesOn) && writeSuiteRecord(store.folder, now);
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
    try {
      if (checkpoint !== undefined) await loop.restore(checkpoint);
      // Only now: a state that does not fit leaves the run's files as they were.
      const foreign = options.resume === undefined ? [] : store.takeUp();
      record();
      if (options.resume !== undefined) loop.readLog();
      if (foreign.length > 0) options.onWarning?.(leftAlone(foreign));
    } catch (error) {
      await loop.release();
      throw error;
    }
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

/** Opens a run that nobody else works on, and keeps it so until the lock is released. */
async function open(
  options: TrainOptions,
  given: GivenParts,
): Promise<OpenRun & { readonly lock: FolderLock }> {
  if (options.resume === undefined) {
    const run = await create(options, given);
    return { ...run, lock: lockFolder(run.store.folder, "Run") };
  }
  // Says what is wrong with a folder that is no run before anything is written there.
  readSettings(options.resume);
  const lock = lockFolder(options.resume, "Run");
  try {
    return { ...resume(options.resume, given, options), lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function create(options: TrainOptions, given: GivenParts): Promise<OpenRun> {
  const { profile = "quick", seed = 1 } = options;
  const { catalog, method = "hypercrl", planner } = given;
  const suite = given.suite ?? findNamed("task suite", "push", catalog.suites);
  const chosen = chooseSettings(
    { suite, method, planner, profile, seed },
    assignmentsOf(options),
    catalog,
    options,
  );
  const settings = withLag(chosen, options.async ?? false, catalog);
  const parts = partsOf(catalog, settings);
  if (settings.loop.trainLag > 0) checkImportable(parts);
  await tryMethod(parts.method, settings, suite, options.method);
  if (options.record === "plans") await checkPlansRecordable(suite.tasks.slice(0, settings.tasks), settings);
  const folder = options.out ?? freeFolder(join(RUNS_FOLDER, `${suite.name}-${method}-${profile}-s${seed}`));
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new UsageError({ what: `${folder} exists`, got: "a file", expected: "a path for a new folder" });
  }
  return {
    store: RunStore.create(folder, settings, currentVersions(), {
      plans: options.record === "plans",
      resume: resumeCommand(folder, modulesGiven(options)),
    }),
    checkpoint: undefined,
    suite,
    catalog,
  };
}

/**
 * Makes a learner of a method that does not come with the package, and drops it: what is wrong with it must not leave a
 * folder of a run that cannot begin.
 * @param given how the call named the method
 */
async function tryMethod(
  method: Method,
  settings: Settings,
  suite: TaskSuite,
  given: TrainOptions["method"],
): Promise<void> {
  if (methods.includes(method)) return;
  const shape = configuredShape(settings, firstOf(suite.tasks, "tasks"));
  const rng = Rng.fromSeed(settings.seed).split("trial");
  const make = () => createLearner(method, settings, shape, rng, ONE_THREAD);
  const isFile = typeof given === "string" && isModulePath(given);
  const learner = isFile ? blamingModule(given, METHOD_MODULE, make) : make();
  await learner.release();
}

/** Settings with training in the background, when that is asked for and no lag is set. */
function withLag(settings: Settings, async: boolean, catalog: Catalog): Settings {
  const { trainLag, trainEvery } = settings.loop;
  if (!async || trainLag > 0) return settings;
  return parseSettings(
    { ...settings, loop: { ...settings.loop, trainLag: trainEvery } },
    "settings",
    savedCatalog(settings, catalog),
  );
}

function resume(folder: string, given: GivenParts, { memory, threads }: TrainOptions): OpenRun {
  const settings = readSettings(folder);
  const suite = suiteOfRun(folder, settings, given);
  checkSame("planner", folder, settings.planner.name, given);
  settingsOfRun(folder, settings, given);
  checkMemory(memoryOfRun(suite.tasks, settings, partsOf(given.catalog, settings), threads), memory);
  const opened = RunStore.resume(folder, currentVersions(), () => firstOf(suite.tasks, "tasks").spec);
  return { ...opened, suite, catalog: given.catalog };
}
