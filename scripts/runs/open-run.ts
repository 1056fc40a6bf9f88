import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkImportable } from "../../agent/background/background-learner.js";
import { type Catalog, partsOf } from "../../agent/catalog.js";
import { ONE_THREAD } from "../../agent/compute.js";
import { configuredShape, createLearner, type Method } from "../../agent/methods/method.js";
import { methods } from "../../agent/methods/registry.js";
import type { Checkpoint } from "../../agent/run/checkpoint.js";
import { readSettings } from "../../agent/run/read-run.js";
import { RunStore } from "../../agent/run/store.js";
import { parseSettings } from "../../agent/settings/parse.js";
import { savedCatalog } from "../../agent/settings/saved-catalog.js";
import type { Settings } from "../../agent/settings/schema.js";
import { firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { type FolderLock, lockFolder } from "../../sim/core/folder-lock.js";
import { findNamed } from "../../sim/core/one-of.js";
import { Rng } from "../../sim/core/rng.js";
import type { TaskSuite } from "../../sim/task.js";
import type { GivenParts, PartOptions } from "../parts/given-parts.js";
import { blamingModule } from "../parts/module-file.js";
import { isModulePath } from "../parts/module-path.js";
import { METHOD_MODULE } from "../parts/part-files.js";
import { checkSame, settingsOfRun, suiteOfRun } from "../parts/run-parts.js";
import { assignmentsOf, chooseSettings, type GivenSettings } from "./choose-settings.js";
import { freeFolder } from "./free-folder.js";
import { checkMemory, memoryOfRun } from "./memory-limit.js";
import { checkPlansRecordable } from "./plan-recordings.js";
import { modulesGiven, resumeCommand } from "./resume-command.js";
import { RUNS_FOLDER } from "./runs-folder.js";
import { currentVersions } from "./versions.js";

/**
 * Which run is begun or continued. `suite` is `push`, `method` is `hypercrl` and `planner` what profile and suite choose unless given; with
 * `resume` they are only needed where they do not come with the package. Settings change the profile's defaults.
 */
export interface OpenOptions extends PartOptions, GivenSettings {
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
}

/** A run to be trained, as it was opened. */
export interface OpenRun {
  readonly store: RunStore;
  readonly checkpoint: Checkpoint | undefined;
  readonly suite: TaskSuite;
  readonly catalog: Catalog;
}

/** Opens a run that nobody else works on, and keeps it so until the lock is released. */
export async function openRun(
  options: OpenOptions,
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

async function create(options: OpenOptions, given: GivenParts): Promise<OpenRun> {
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
  given: OpenOptions["method"],
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

function resume(folder: string, given: GivenParts, { memory, threads }: OpenOptions): OpenRun {
  const settings = readSettings(folder);
  const suite = suiteOfRun(folder, settings, given);
  checkSame("planner", folder, settings.planner.name, given);
  settingsOfRun(folder, settings, given);
  checkMemory(memoryOfRun(suite.tasks, settings, partsOf(given.catalog, settings), threads), memory);
  const opened = RunStore.resume(folder, currentVersions(), () => firstOf(suite.tasks, "tasks").spec);
  return { ...opened, suite, catalog: given.catalog };
}
