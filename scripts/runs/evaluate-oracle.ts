import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { partsOf } from "../../agent/catalog.js";
import { type Outcome, type Recordings, Stopped } from "../../agent/episode-run.js";
import {
  evaluateRandomPolicy,
  type FinishedEpisode,
  playOracle,
} from "../../agent/evaluation/evaluate-task.js";
import {
  chooseStarts,
  EVALUATION_SEED,
  type EvaluationStarts,
  type StartChoice,
  type StartsNote,
  startsNote,
} from "../../agent/evaluation/evaluation-starts.js";
import { OraclePolicy } from "../../agent/evaluation/oracle-policy.js";
import { LocalSimulator, TaskSimulator } from "../../agent/rollout/simulator-rollouts.js";
import { SimulatorThreads } from "../../agent/rollout/simulator-threads.js";
import { readSettings, recordingOrigin } from "../../agent/run/store.js";
import type { SuiteRecord } from "../../agent/run/suite-record.js";
import { oracleSettings } from "../../agent/settings/oracle.js";
import { resolveSettings } from "../../agent/settings/resolve.js";
import type { Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import { makeFolder } from "../../sim/core/files.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { builtinSuites } from "../../tasks/registry.js";
import { assignmentsOf, type GivenSettings } from "./choose-settings.js";
import { defaultThreads } from "./compute.js";
import { checkNewFolder } from "./evaluate-run.js";
import { type GivenParts, gatherParts, type PartOptions } from "./given-parts.js";
import { isModulePath } from "./module-path.js";
import { checkPlansRecordable } from "./plan-recordings.js";
import { suiteOfRun } from "./run-parts.js";
import { checkSameSuite, suiteNow } from "./same-suite.js";
import { currentVersions } from "./versions.js";

/** What `evaluateOracle` measures, and how; settings are in place of those that the suite has for the oracle. */
export interface OracleOptions
  extends Pick<PartOptions, "suite" | "planner" | "acceptChangedSuite" | "catalog">,
    GivenSettings {
  /** Run folder whose suite, tasks, number of episodes and seed are taken; default none, and then `suite` is needed. */
  readonly run?: string;
  /** First tasks of the suite; default all, or those of the run. */
  readonly tasks?: number;
  /** Episodes per task; default as in the run, or in runs of the suite's quick profile. */
  readonly episodes?: number;
  /**
   * Seed of the planner's noise and of the random policy; default that of the run, or 1. Published starts are those of every
   * evaluation, so that returns compare with those of runs. Varied ones are drawn by it, as for a run that is evaluated with it.
   */
  readonly seed?: number;
  /**
   * From where the episodes of the oracle and of the random policy start; default `published`. Varied starts are, without a
   * seed, those of every run that is evaluated without one.
   */
  readonly starts?: EvaluationStarts;
  /** Threads that simulate together; results do not depend on it. Default: the machine's cores, at most 4; one
   * for a suite that is neither of the package nor in a file. */
  readonly threads?: number;
  /** New folder for recordings of the oracle's episodes, with the plan of every step. */
  readonly recordings?: string;
  /** Told of what works less well than it should. */
  readonly onWarning?: (text: string) => void;
  /** Called before anything is simulated. */
  readonly onStart?: (plan: OracleStart) => void;
  /** Told of every step that the oracle makes; task, episode and step. */
  readonly onStep?: (task: string, episode: number, step: number) => void;
  /** Receives every episode of the oracle as it ends. */
  readonly onEpisode?: (task: string, episode: OracleEpisode) => void;
  readonly signal?: AbortSignal;
}

/** What is going to be measured. */
export interface OracleStart extends StartsNote {
  readonly suite: string;
  readonly tasks: readonly Task[];
  readonly episodes: number;
  readonly seed: number;
  /** How the oracle plans. */
  readonly planner: Settings["planner"];
}

/** What came of one episode. */
export interface OracleEpisode extends Outcome {
  /** Path of the recording, if there is one. */
  readonly recording?: string;
}

/** What was measured on one task. */
export interface OracleTask {
  readonly task: string;
  readonly random: readonly OracleEpisode[];
  readonly oracle: readonly OracleEpisode[];
}

/** What `evaluateOracle` found. */
export interface OracleEvaluation extends Omit<OracleStart, "tasks"> {
  /** Names of the planner's own settings, beside those of all planners. */
  readonly plannerFields: readonly string[];
  /** Seed of the first published start; the others count on. Absent where starts were varied. */
  readonly firstStart?: number;
  /** What the suite was. */
  readonly record: SuiteRecord;
  readonly versions: { readonly hypercrl: string; readonly physics: string };
  /** False when the signal stopped it; tasks then hold what was measured. */
  readonly complete: boolean;
  readonly tasks: readonly OracleTask[];
}

/** Where a thread finds a suite: by its name among those of the package, or in a module. */
export interface SuiteAddress {
  readonly name: string;
  readonly url?: string | undefined;
}

interface Opened extends Omit<OracleStart, keyof StartsNote> {
  readonly starts: StartChoice;
  readonly settings: Settings;
  readonly given: GivenParts;
  readonly record: SuiteRecord;
  readonly address: SuiteAddress | undefined;
}

/**
 * Measures on every task of a suite what planning through the task's own simulator reaches, and the random policy. Nothing is
 * learned. What a planner reaches in finite time is a lower bound of what planning can reach. The same seed gives the same
 * figures with any number of threads.
 * @throws UsageError for options that cannot be, InputError for a run or suite that cannot be used
 */
export async function evaluateOracle(options: OracleOptions): Promise<OracleEvaluation> {
  await initPhysics();
  checkNewFolder(options.recordings);
  const opened = await open(options);
  const { suite, tasks, episodes, seed, starts, planner, settings, given, address } = opened;
  if (options.recordings !== undefined) {
    await checkPlansRecordable(tasks, { planner });
    makeFolder(options.recordings);
  }
  const note = startsNote(starts);
  options.onStart?.({ suite, tasks, episodes, seed, ...note, planner });
  const { hypercrl, physics } = currentVersions();
  const own = partsOf(given.catalog, settings).planner;
  const team = threadsFor(address, options.threads);
  const out: { task: string; random: OracleEpisode[]; oracle: OracleEpisode[] }[] = [];
  try {
    for (const [taskIndex, task] of tasks.entries()) {
      const measured = { task: task.name, random: [] as OracleEpisode[], oracle: [] as OracleEpisode[] };
      out.push(measured);
      await measureTask(measured, task, taskIndex, { opened, options, own, team });
      if (options.signal?.aborted) break;
    }
  } finally {
    await team?.close();
  }
  return {
    ...{ suite, episodes, seed, ...note, planner },
    plannerFields: Object.keys(own.settings),
    ...(starts.kind === "published" && { firstStart: starts.seed }),
    record: opened.record,
    versions: { hypercrl, physics },
    complete: !options.signal?.aborted,
    tasks: out,
  };
}

async function open(options: OracleOptions): Promise<Opened> {
  const { run } = options;
  const ofRun = run === undefined ? undefined : readSettings(run);
  const given = await gatherParts({
    ...(options.suite !== undefined && { suite: options.suite }),
    ...(options.planner !== undefined && { planner: options.planner }),
    ...(options.catalog !== undefined && { catalog: options.catalog }),
  });
  const suite =
    run === undefined || ofRun === undefined ? (given.suite ?? noSuite()) : suiteOfRun(run, ofRun, given);
  const most = ofRun?.tasks ?? suite.tasks.length;
  const count = options.tasks ?? most;
  if (count < 1 || count > most) {
    throw new UsageError({
      what: "The number of tasks is out of range",
      got: String(count),
      expected: `1 to ${most}, the tasks of ${run === undefined ? `suite ${suite.name}` : `run ${run}`}`,
    });
  }
  if (run !== undefined) checkSameSuite(run, await suiteNow(suite, most, options), options);
  const tasks = suite.tasks.slice(0, count);
  const seed = options.seed ?? ofRun?.seed ?? 1;
  const settings = oracleSettings(
    suite,
    { seed, planner: given.planner, assignments: assignmentsOf(options) },
    given.catalog,
  );
  return {
    suite: suite.name,
    tasks,
    starts: oracleStarts(options, suite.name, tasks),
    episodes: options.episodes ?? (ofRun ?? quickSettings(suite, given)).loop.evaluationEpisodes,
    seed,
    planner: settings.planner,
    settings,
    given,
    record: await suiteNow(suite, count, options),
    address: addressOf(suite, options.suite),
  };
}

/** Published starts stay those of every evaluation, whatever the seed, so that returns compare with those of runs. */
function oracleStarts(options: OracleOptions, suite: string, tasks: readonly Task[]): StartChoice {
  const choice = chooseStarts(options, suite, tasks);
  return choice.kind === "published" ? { ...choice, seed: EVALUATION_SEED } : choice;
}

function noSuite(): never {
  throw new UsageError({
    what: "Nothing says which tasks the oracle shall play",
    expected: "a run folder, or a suite",
    todo: "Give a run, or --suite NAME; `hypercrl tasks` lists the suites",
  });
}

function quickSettings(suite: TaskSuite, { catalog }: GivenParts): Settings {
  const [method] = catalog.methods;
  return resolveSettings({ suite, method: method!.name, profile: "quick", seed: 1 }, [], catalog);
}

function addressOf(suite: TaskSuite, given: OracleOptions["suite"]): SuiteAddress | undefined {
  if (typeof given === "string" && isModulePath(given)) {
    return { name: suite.name, url: pathToFileURL(resolve(given)).href };
  }
  return builtinSuites.includes(suite) ? { name: suite.name } : undefined;
}

function threadsFor(
  address: SuiteAddress | undefined,
  threads = defaultThreads(),
): SimulatorThreads | undefined {
  if (address === undefined || threads === 1) return undefined;
  // Workers run the build also where sources are loaded as TypeScript.
  const file = createRequire(import.meta.url).resolve("#dist/scripts/runs/oracle-worker.js");
  return SimulatorThreads.create(file, address, threads);
}

interface Measuring {
  readonly opened: Opened;
  readonly options: OracleOptions;
  readonly own: ReturnType<typeof partsOf>["planner"];
  readonly team: SimulatorThreads | undefined;
}

/** Fills in the episodes of a task; the one that the signal interrupts is dropped. */
async function measureTask(
  measured: { readonly random: OracleEpisode[]; readonly oracle: OracleEpisode[] },
  task: Task,
  taskIndex: number,
  { opened, options, own, team }: Measuring,
): Promise<void> {
  const { planner, episodes, seed, starts, settings } = opened;
  const { signal, recordings: folder } = options;
  const shared = {
    task,
    taskIndex,
    episodes,
    rng: Rng.fromSeed(seed),
    starts,
    stopRequested: () => signal?.aborted === true,
  };
  const { horizon, holdReward } = planner;
  const simulator = new TaskSimulator({ task, horizon, holdReward });
  const policy = new OraclePolicy(
    task,
    planner,
    own,
    team?.open(taskIndex, horizon, holdReward, simulator) ?? new LocalSimulator(simulator),
  );
  const recordings: Recordings | undefined =
    folder === undefined
      ? undefined
      : { folder, origin: recordingOrigin(settings, currentVersions()), plans: true };
  const onStep = (episode: number, step: number) => options.onStep?.(task.name, episode, step);
  try {
    for await (const { outcome } of evaluateRandomPolicy({ ...shared, recordings: undefined })) {
      measured.random.push(outcome);
    }
    for await (const finished of playOracle(policy, { ...shared, recordings }, onStep)) {
      const episode = recorded(finished, folder);
      measured.oracle.push(episode);
      options.onEpisode?.(task.name, episode);
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    simulator.close();
  }
}

function recorded({ outcome, file }: FinishedEpisode, folder: string | undefined): OracleEpisode {
  return { ...outcome, ...(folder !== undefined && { recording: join(folder, file) }) };
}
