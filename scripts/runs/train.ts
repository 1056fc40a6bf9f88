import { existsSync, statSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { ContinualLoop } from "../../agent/loop.js";
import type { Checkpoint, Progress } from "../../agent/run/checkpoint.js";
import { readMetrics } from "../../agent/run/read-log.js";
import type { RunEvent } from "../../agent/run/records.js";
import { RunStore, readSettings } from "../../agent/run/store.js";
import { parseSettings, type Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import { type FolderLock, lockFolder } from "../../sim/core/folder-lock.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { createRegistry } from "../../tasks/registry.js";
import { chooseSettings } from "./choose-settings.js";
import { chooseCompute } from "./compute.js";
import { suiteFrom } from "./suite-file.js";
import { defaultRegistry, suiteOfRun } from "./suites.js";
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

/** What `train` learns, and how. */
export interface TrainOptions {
  /**
   * Name of a registered suite, path of a module that exports one (`./my-suite.mjs`), or a suite. Default `push`; with
   * `resume` only needed for a suite of one's own.
   */
  readonly suite?: string | TaskSuite;
  /** How tasks are learned, one of `METHODS`; default `hypercrl`. */
  readonly method?: string;
  /** `quick` (default) or `paper`. */
  readonly profile?: string;
  /** Default 1. */
  readonly seed?: number;
  /** Changes to the profile's defaults by dotted name, e.g. `{ "planner.samples": 100 }`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The same as typed, `name=value`; applied after `settings`. */
  readonly assignments?: readonly string[];
  /** New folder for the run; default `runs/<suite>-<method>-<profile>-s<seed>`, numbered when that exists. */
  readonly out?: string;
  /** Run folder to continue instead of starting one; settings come from it. */
  readonly resume?: string;
  /** Train in the background while the arm acts: `loop.trainLag` becomes `loop.trainEvery` unless given. */
  readonly async?: boolean;
  /** Threads that plan and train together; results do not depend on it. Default: the machine's cores, at most 4. */
  readonly threads?: number;
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
  const given = options.suite === undefined ? undefined : await suiteFrom(options.suite);
  const { store, lock, checkpoint, suite } = open(options, given);
  try {
    const { folder, settings } = store;
    if (options.record === "plans") store.recordPlans();
    const usage = new UsageLog((record) => store.log.emit(record));
    if (options.onProgress !== undefined) store.log.listen(options.onProgress);
    store.log.listen(() => usage.note());
    const loop = new ContinualLoop(suite.tasks, {
      store,
      recordPlans: store.plansRecorded,
      now: () => performance.now(),
      compute: chooseCompute(settings, options.threads, options.onWarning ?? (() => {})),
      stopRequested: () => options.signal?.aborted ?? false,
    });
    if (checkpoint !== undefined) await loop.restore(checkpoint);
    const tasks = suite.tasks.slice(0, settings.tasks);
    options.onStart?.({ folder, settings, tasks, progress: checkpoint?.progress });
    const outcome = await loop.run();
    if (checkpoint?.progress.stage !== "done") usage.write();
    return { outcome, folder, settings, progress: loop.progress, summary: summarizeRun(folder) };
  } finally {
    store.close();
    lock.release();
  }
}

/** The summary of a run so far, from its metrics alone. @throws InputError when they cannot be read */
export function summarizeRun(folder: string): Summary {
  return summarize(readMetrics(folder));
}

/** Opens a run that nobody else works on, and keeps it so until the lock is released. */
function open(options: TrainOptions, suite: TaskSuite | undefined): OpenRun & { readonly lock: FolderLock } {
  if (options.resume === undefined) {
    const run = create(options, suite);
    return { ...run, lock: lockFolder(run.store.folder, "Run") };
  }
  // Says what is wrong with a folder that is no run before anything is written there.
  readSettings(options.resume);
  const lock = lockFolder(options.resume, "Run");
  try {
    return { ...resume(options.resume, suite), lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function create(options: TrainOptions, suite = defaultRegistry.find("push")): OpenRun {
  const { method = "hypercrl", profile = "quick", seed = 1 } = options;
  const assignments = Object.entries(options.settings ?? {})
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .concat(options.assignments ?? []);
  const choice = { suite, method, profile, seed };
  const settings = withLag(chooseSettings(choice, assignments), options.async ?? false);
  const folder = options.out ?? freeFolder(`runs/${suite.name}-${method}-${profile}-s${seed}`);
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new UsageError({ what: `${folder} exists`, got: "a file", expected: "a path for a new folder" });
  }
  return { store: RunStore.create(folder, settings, currentVersions()), checkpoint: undefined, suite };
}

/** Settings with training in the background, when that is asked for and no lag is set. */
function withLag(settings: Settings, async: boolean): Settings {
  const { trainLag, trainEvery } = settings.loop;
  if (!async || trainLag > 0) return settings;
  return parseSettings({ ...settings, loop: { ...settings.loop, trainLag: trainEvery } }, "settings");
}

function resume(folder: string, own: TaskSuite | undefined): OpenRun {
  const registry = own === undefined ? defaultRegistry : createRegistry([own]);
  let suite: TaskSuite | undefined;
  const opened = RunStore.resume(folder, currentVersions(), (settings) => {
    suite = suiteOfRun(folder, settings, registry);
    return suite.tasks[0].spec;
  });
  // A run stopped before its first checkpoint has not been asked for its suite yet.
  suite ??= suiteOfRun(folder, opened.store.settings, registry);
  return { ...opened, suite };
}

/** The path itself, or the first of `path-2`, `path-3`, … that is free. */
function freeFolder(path: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`;
    if (!existsSync(candidate)) return candidate;
  }
}
