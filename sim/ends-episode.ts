import { eagerOps } from "./core/ops.js";
import type { Task } from "./task.js";

/**
 * What `Task.terminated` says of an observation `[X]`, NaN where that is no number; undefined for a task without it.
 */
export function endValue(task: Pick<Task, "terminated">, observation: ArrayLike<number>): number | undefined {
  if (task.terminated === undefined) return undefined;
  return task.terminated(eagerOps, Float64Array.from(observation))[0] ?? Number.NaN;
}

/** Whether a task ends an episode that comes to an observation `[X]`. */
export function endsEpisode(task: Pick<Task, "terminated">, observation: ArrayLike<number>): boolean {
  const value = endValue(task, observation);
  return value !== undefined && value > 0;
}
