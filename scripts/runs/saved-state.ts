import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "../../agent/agent.js";
import { partsOf } from "../../agent/catalog.js";
import type { Method } from "../../agent/methods/method.js";
import { readCheckpoint } from "../../agent/run/checkpoint.js";
import { hashSettings } from "../../agent/run/origin.js";
import { readSettings } from "../../agent/run/read-run.js";
import { savedBefore } from "../../agent/run/resume-checks.js";
import { RUN_FILES, TASK_STATES, taskStateFiles } from "../../agent/run/run-files.js";
import { Schedule } from "../../agent/settings/schedule.js";
import type { Settings } from "../../agent/settings/schema.js";
import type { PlannerDefinition } from "../../planners/types.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { InputError, UsageError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { isThere } from "../../sim/core/system-errors.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { type GivenParts, gatherParts, type PartOptions } from "../parts/given-parts.js";
import { checkMethod, checkPlanner, settingsOfRun, suiteOfRun } from "../parts/run-parts.js";
import { checkSameSuite, suiteNow } from "../parts/same-suite.js";
import { chooseCompute } from "./compute.js";
import { checkMemory, memoryOfRun } from "./memory-limit.js";
import { againCommand, modulesGiven, type RunModules, resumeCommand } from "./resume-command.js";

/** `suite`, `method` and `planner` are only needed where the run's own do not come with the package. */
export interface SavedStateOptions extends PartOptions {
  /** Use the state after this many visits, or tasks where each is visited once; default the last one saved. */
  readonly afterTask?: number;
  /** Threads that plan and play evaluation episodes together; results do not depend on it. Default: the machine's cores, at most 4. */
  readonly threads?: number;
  /** Most memory that may be taken, bytes; default 80 % of the machine's. */
  readonly memory?: number;
  /** Told of what works less well than it should. */
  readonly onWarning?: (text: string) => void;
}

/** A run's agent as it was when a task had been learned. */
export interface SavedState {
  /** To be released by the caller. */
  readonly agent: Agent;
  /** The run's own settings. */
  readonly settings: Settings;
  /** Those of the agent, which differ where they were adjusted. */
  readonly planned: Settings;
  readonly suite: TaskSuite;
  /** What the agent has learned with. */
  readonly method: Method;
  /** What the agent plans with. */
  readonly planner: PlannerDefinition;
  /** Threads that work together, with the calling one. */
  readonly threads: number;
  /** How many visits it has made: tasks that it has learned, one that was learned again counted again. */
  readonly afterTask: number;
  /** The tasks that it has learned, in the order of the suite. */
  readonly tasks: readonly Task[];
  /** Their indices in the suite. */
  readonly indices: readonly number[];
}

/** Makes an agent's settings out of a run's. */
export type Adjustment = (settings: Settings, given: GivenParts) => Settings;

/**
 * Opens a saved state of a run; changes nothing in the run folder.
 * @param adjust settings for the agent in place of the run's own
 * @throws InputError when there is no such state, it is damaged, or it needs a module that was not given; UsageError when
 *   a number is out of range
 */
export async function openSavedState(
  folder: string,
  options: SavedStateOptions,
  adjust: Adjustment = (settings) => settings,
): Promise<SavedState> {
  await initPhysics();
  const settings = readSettings(folder);
  const given = await gatherParts(options);
  const suite = suiteOfRun(folder, settings, given);
  checkMethod(folder, settings, given);
  if (given.planner === undefined) checkPlanner(folder, settings, given);
  const now = await suiteNow(suite, settings.tasks, options);
  const checkSuite = () => checkSameSuite(folder, now, options);
  const afterTask = savedTask(folder, options, checkSuite);
  checkSuite();
  const planned = settingsOfRun(folder, adjust(settings, given), given);
  const parts = partsOf(given.catalog, planned);
  checkMemory(memoryOfRun(suite.tasks, planned, parts, options.threads), options.memory);
  const path = join(folder, TASK_STATES, taskStateFiles(afterTask - 1).document);
  const checkpoint = readCheckpoint(
    path,
    hashSettings(settings),
    settings,
    firstOf(suite.tasks, "tasks").spec,
  );
  const tasks = suite.tasks.slice(0, settings.tasks);
  const compute = chooseCompute(parts.method, settings, options.threads, options.onWarning ?? (() => {}));
  const agent = new Agent(tasks, planned, parts, Rng.fromSeed(settings.seed).split("agent"), compute);
  try {
    await agent.restore(checkpoint.agent, afterTask - 1);
  } catch (error) {
    await agent.release();
    throw error;
  }
  const { method, planner } = parts;
  const { threads } = compute;
  const indices = new Schedule(settings).seen(afterTask - 1).toSorted((a, b) => a - b);
  const learned = indices.map((index) => elementAt(tasks, index, "tasks"));
  return { agent, settings, planned, suite, method, planner, threads, afterTask, tasks: learned, indices };
}

/** Checks that the state after `wanted` tasks was saved; default the last one. */
function savedTask(
  folder: string,
  { afterTask: wanted, suite, method }: SavedStateOptions,
  checkSuite: () => void,
): number {
  const states = join(folder, TASK_STATES);
  const saved = (existsSync(states) ? readdirSync(states) : [])
    .map((name) => Number(/^task-(\d+)\.json$/.exec(name)?.[1]))
    .filter((n) => Number.isInteger(n))
    .sort((a, b) => a - b);
  const latest = saved.at(-1);
  if (latest === undefined) throw noState(folder, states, modulesGiven({ suite, method }), checkSuite);
  if (wanted === undefined) return latest;
  if (saved.includes(wanted)) return wanted;
  throw new UsageError({
    what: `Run ${folder} has no state after this task`,
    got: `task ${wanted}`,
    expected: `one of ${saved.join(", ")}`,
    todo: "Choose one of these, or leave it out for the last",
  });
}

/**
 * The error of a run that has not learned a task yet, or whose folder is an archive that keeps its records alone.
 * @param checkSuite throws where the suite is not what the run was made with: such a run cannot be made again
 */
function noState(folder: string, states: string, modules: RunModules, checkSuite: () => void): InputError {
  const expected = `${states}/task-1.json, which is written when the first task is learned`;
  const records = isThere(join(folder, RUN_FILES.checkpoint)) ? undefined : savedBefore(folder);
  if (records === undefined) {
    return new InputError({
      what: `Run ${folder} has learned no task yet`,
      got: "no saved state",
      expected,
      todo: `Continue the run with \`${resumeCommand(folder, modules)}\``,
    });
  }
  checkSuite();
  return new InputError({
    what: `The folder ${folder} keeps what the run wrote down, and no weights`,
    got: `${records}, without a saved state`,
    expected,
    todo: `Make the run again with \`${againCommand(folder, modules)}\`, and give that folder`,
  });
}
