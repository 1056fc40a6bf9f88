import { Stopped } from "../../agent/episode-run.js";
import { evaluateUnannounced } from "../../agent/evaluation/evaluate-unannounced.js";
import { type StartChoice, type StartsNote, startsNote } from "../../agent/evaluation/evaluation-starts.js";
import type { Recognition } from "../../agent/evaluation/recognition.js";
import { canChangeWithin, checkSwitchSteps, type SwitchSteps } from "../../agent/evaluation/task-switches.js";
import { RECOGNITION, type RecognitionSettings } from "../../agent/recognition/unannounced-policy.js";
import { readMetrics } from "../../agent/run/read-log.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { meanOf } from "../../sim/core/mean.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import { builtinCatalog } from "../parts/catalog.js";
import type { SavedState } from "../runs/saved-state.js";
import {
  type EvaluatedEpisode,
  type EvaluateOptions,
  episodeOptions,
  evaluated,
  withSavedState,
} from "./evaluate-run.js";

/** What `evaluateRunUnannounced` measures, and how. */
export interface UnannouncedOptions extends Omit<EvaluateOptions, "onEpisode"> {
  /**
   * Episodes after which the task changes, to one drawn by the seed, while what is believed is carried over. By default every
   * episode begins with all tasks equally probable.
   */
  readonly switchEvery?: number;
  /**
   * How many steps a task lasts within an episode, until it changes to another one drawn at random; every episode begins with all tasks
   * equally probable, and is played a second time with every task told. By default a task lasts whole episodes. Not beside `switchEvery`.
   */
  readonly switchSteps?: SwitchSteps;
  /** Seed of the order in which the tasks change, and of their changes within episodes, by which nothing else is drawn; default the seed of the evaluation. */
  readonly orderSeed?: number;
  /** Receives every episode as it ends. */
  readonly onEpisode?: (task: string, episode: RecognizedEpisode) => void;
}

/** What came of one episode, and how its task was recognised. */
export interface RecognizedEpisode extends EvaluatedEpisode {
  readonly recognition: Recognition;
  /** With `switchSteps`: the return of the same episode, with the same changes, when every task was told. */
  readonly toldReturn?: number;
}

/** The episodes of one task; with `switchSteps`, those that begin with it. */
export interface UnannouncedTask {
  readonly task: string;
  readonly episodes: readonly RecognizedEpisode[];
  /**
   * Mean return of the run's own evaluation of the same state on this task, which was told the task. Absent where the options ask
   * for other episodes than the run played, or the log does not have them. With `switchSteps`: that of the same episodes when every
   * task was told.
   */
  readonly toldReturn?: number;
}

/** What `evaluateRunUnannounced` found. */
export interface UnannouncedEvaluation extends StartsNote {
  readonly folder: string;
  /** Tasks learned by the state that was evaluated. */
  readonly afterTask: number;
  /** Episodes after which the task changed; absent where every episode began anew. */
  readonly switchEvery?: number;
  /** Steps that a task lasted within an episode; absent where it lasted whole episodes. */
  readonly switchSteps?: SwitchSteps;
  /** How the policy went by the probabilities of the tasks. */
  readonly recognition: RecognitionSettings;
  /** False when the signal stopped it; tasks then hold what was measured. */
  readonly complete: boolean;
  readonly tasks: readonly UnannouncedTask[];
}

/**
 * Evaluates a saved state of a run on every task it has learned without telling it which it faces: how well each task's model
 * explains what happened says how probable the task is, and the most probable one is planned for. Starts and random numbers are those
 * of `evaluateRun`. Changes nothing in the run folder.
 * @throws InputError when there is no such state, it is damaged, or an earlier version learned it; UsageError when it has learned
 *   fewer than two tasks, their channels differ, or they shall change in a way that they cannot, or as `evaluateRun`
 */
export async function evaluateRunUnannounced(
  folder: string,
  options: UnannouncedOptions = {},
): Promise<UnannouncedEvaluation> {
  const { switchEvery, switchSteps, onEpisode, ...others } = options;
  checkSwitch(switchEvery, switchSteps);
  const check = async ({ agent, indices, suite }: SavedState) => {
    const known = await agent.knownTasks(indices);
    const tasks = known.map(({ task }) => task);
    if (switchSteps !== undefined) checkChanges(suite.name, tasks, switchSteps);
    return tasks.map(({ name }) => name);
  };
  return withSavedState(
    folder,
    others,
    async (opened, starts) => {
      const episodes = await playAll(opened, starts, options);
      const told = toldReturns(folder, opened, episodes, options);
      return {
        ...{ folder, afterTask: opened.afterTask },
        ...startsNote(starts),
        ...(switchEvery !== undefined && { switchEvery }),
        ...(switchSteps !== undefined && { switchSteps }),
        recognition: RECOGNITION,
        complete: options.signal?.aborted !== true,
        tasks: opened.tasks.map(({ name }, j) => {
          const toldReturn = told[j];
          return {
            ...{ task: name, episodes: elementAt(episodes, j, "tasks") },
            ...(toldReturn !== undefined && { toldReturn }),
          };
        }),
      };
    },
    check,
  );
}

/** @throws UsageError when tasks cannot change after so many episodes, or shall change after episodes and within them */
function checkSwitch(switchEvery: number | undefined, switchSteps: SwitchSteps | undefined): void {
  if (switchEvery === undefined) return;
  if (!Number.isInteger(switchEvery) || switchEvery < 1) {
    throw new UsageError({
      what: "Tasks cannot change after so many episodes",
      got: String(switchEvery),
      expected: "a whole number from 1",
      todo: "Leave switchEvery out, and every episode begins anew",
    });
  }
  if (switchSteps === undefined) return;
  throw new UsageError({
    what: "Tasks change between episodes or within them",
    got: "switchEvery and switchSteps",
    expected: "one of the two",
    todo: "Leave one out",
  });
}

/** @throws UsageError where tasks cannot change within an episode after so many steps, or not at all */
function checkChanges(suite: string, tasks: readonly Task[], switchSteps: SwitchSteps): void {
  checkSwitchSteps(switchSteps, firstOf(tasks, "tasks").spec.episodeSteps);
  if (canChangeWithin(tasks)) return;
  const able = builtinCatalog.suites.filter((one) => canChangeWithin(one.tasks));
  throw new UsageError({
    what: `The tasks of suite ${suite} cannot change within an episode`,
    got: "scenes that do not take over from each other (Scene.handover)",
    expected: `a run on one of ${able.map(({ name }) => name).join(", ")}, or on a suite of your own whose scenes do`,
    todo: "Change tasks between episodes instead",
  });
}

/** The whole episodes of each task; the one that the signal interrupts is dropped. */
async function playAll(
  opened: SavedState,
  starts: StartChoice,
  { switchEvery, switchSteps, orderSeed, onEpisode, ...options }: UnannouncedOptions,
): Promise<RecognizedEpisode[][]> {
  const { agent, afterTask, tasks, indices } = opened;
  const out = tasks.map((): RecognizedEpisode[] => []);
  const order = orderSeed === undefined ? undefined : Rng.fromSeed(orderSeed);
  const how = {
    ...episodeOptions(opened, { ...options, starts }),
    tasks,
    indices,
    switchEvery,
    switchSteps,
    order,
  };
  try {
    for await (const played of evaluateUnannounced(agent, afterTask - 1, how)) {
      const { candidate, recognition, told } = played;
      const episode = {
        ...{ ...evaluated(played, options.recordings), recognition },
        ...(told !== undefined && { toldReturn: told.return }),
      };
      elementAt(out, candidate, "tasks").push(episode);
      onEpisode?.(elementAt(tasks, candidate, "tasks").name, episode);
      if (options.signal?.aborted) break;
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return out;
}

/** Whether the options ask for the episodes that the run's own evaluation played. */
function isAsRun({
  episodes,
  seed,
  starts,
  planner,
  assignments = [],
  settings,
}: UnannouncedOptions): boolean {
  const asked = [episodes, seed, planner, settings].some((option) => option !== undefined);
  return !asked && assignments.length === 0 && (starts ?? "published") === "published";
}

/** By task, the mean return of those who were told it, see `UnannouncedTask.toldReturn`; undefined where there is none. */
function toldReturns(
  folder: string,
  { afterTask, indices }: SavedState,
  episodes: readonly (readonly RecognizedEpisode[])[],
  options: UnannouncedOptions,
): (number | undefined)[] {
  if (options.switchSteps !== undefined) {
    return episodes.map((own) => meanOf(own.flatMap(({ toldReturn }) => toldReturn ?? [])));
  }
  if (!isAsRun(options)) return [];
  const records = readMetrics(folder).filter((r) => r.type === "evaluation");
  return indices.map((j) => {
    const own = records.filter((r) => r.afterTask === afterTask - 1 && r.taskIndex === j);
    return own.length === 0 ? undefined : meanOf(own.map((r) => r.return));
  });
}
