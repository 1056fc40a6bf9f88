import type { Settings } from "../../agent/settings/schema.js";
import { firstOf } from "../../sim/core/element.js";
import { InputError, UsageError } from "../../sim/core/errors.js";
import type { Task, TaskParameter, TaskSuite } from "../../sim/task.js";
import { otherParameters, parameterFault } from "../../sim/task-parameters.js";
import type { SavedState } from "../runs/saved-state.js";

/** A task that says where it is among all that its suite is about. */
export type TaskWithParameters = Task & { readonly parameters: readonly TaskParameter[] };

/** The tasks of a suite, by whether a state has learned them. */
export interface LearnedAndUnseen {
  readonly learned: readonly TaskWithParameters[];
  /** At least one. */
  readonly unseen: readonly TaskWithParameters[];
}

/**
 * Checks that a saved state can give models to tasks that it has not learned.
 * @throws UsageError when its settings or its suite do not allow that, or nothing is unseen; InputError when the suite is wrong
 */
export function checkUnseen(folder: string, opened: SavedState): LearnedAndUnseen {
  const { settings, suite, tasks: learned } = opened;
  checkBase(folder, opened);
  if (settings.dynamics.normalizer !== "pooled") {
    throw new UsageError({
      what: `Run ${folder} has a normaliser for each task, and a task that was never learned has none`,
      got: `dynamics.normalizer=${settings.dynamics.normalizer}`,
      expected: "dynamics.normalizer=pooled",
      todo: "Make a run with `--set dynamics.normalizer=pooled`",
    });
  }
  const tasks = withParameters(suite);
  const names = new Set(learned.map(({ name }) => name));
  const unseen = tasks.filter(({ name }) => !names.has(name));
  if (unseen.length === 0) {
    throw new UsageError({
      what: `Run ${folder} has learned every task of suite ${suite.name}`,
      got: `${learned.length} of ${tasks.length} tasks`,
      expected: "a state that has not learned all of them",
      todo: "Evaluate an earlier state with --after-task, or make a run with fewer --tasks",
    });
  }
  checkChannels(suite.name, firstOf(learned, "tasks learned"), unseen, settings);
  return { learned: tasks.filter(({ name }) => names.has(name)), unseen };
}

/** @throws UsageError unless the networks of all tasks depart from one base */
function checkBase(folder: string, { method, settings }: SavedState): void {
  if (method.sharesBase?.(settings) === true) return;
  const { init, output } = settings.hypernetwork;
  const possible = method.sharesBase !== undefined;
  throw new UsageError({
    what: `The networks of run ${folder} depart from no common base, so nothing can be read between their weights`,
    got: possible ? `hypernetwork.init=${init} and hypernetwork.output=${output}` : `method ${method.name}`,
    expected: "hypernetwork.init=base, or with method hypercrl hypernetwork.output=low-rank",
    todo: `Make a run with \`${possible ? "" : "--method hypercrl "}--set hypernetwork.init=base --set dynamics.normalizer=pooled\``,
  });
}

/** The tasks of a suite, which may come from a call that had nothing checked. */
function withParameters({ name, tasks }: TaskSuite): readonly TaskWithParameters[] {
  const todo = "docs/guides/own-suite.md says how tasks declare their parameters";
  const out = tasks.filter((task): task is TaskWithParameters => task.parameters !== undefined);
  if (out.length === 0) {
    throw new UsageError({
      what: `Suite ${name} does not say by which physical parameters its tasks differ`,
      got: `${tasks.length} tasks without parameters`,
      expected: "a suite whose tasks declare them, such as push, cartpole or reacher",
      todo,
    });
  }
  const fault = tasks.map(parameterFault).find((found) => found !== undefined) ?? otherParameters(tasks);
  if (fault === undefined) return out;
  throw new InputError({ what: `The parameters of suite ${name} cannot be used`, ...fault, todo });
}

/** @throws InputError when the network of the learned tasks does not fit a task */
function checkChannels(suite: string, learned: Task, unseen: readonly Task[], { dynamics }: Settings): void {
  const channels = ({ spec: { observation, action, moving } }: Task) =>
    JSON.stringify({ observation, action, ...(dynamics.history > 0 && { moving }) });
  const other = unseen.find((task) => channels(task) !== channels(learned));
  if (other === undefined) return;
  throw new InputError({
    what: `Task ${other.name} of suite ${suite} cannot have a model made of those of learned tasks`,
    got: `other channels than ${learned.name}`,
    expected: "the same observation and action channels in all tasks",
    todo: "Give all tasks of the suite the same channels",
  });
}
