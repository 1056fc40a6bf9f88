import { UsageError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import type { Settings } from "./schema.js";

/** What decides on which tasks a run is evaluated. */
type Choice = Pick<Settings, "seed" | "tasks"> & { readonly loop: Pick<Settings["loop"], "evaluateTasks"> };

/**
 * Indices of the tasks that a run is evaluated on after learning task `afterTask`, ascending, so that the one just learned comes
 * last: after the last task all of them, before it `loop.evaluateTasks` at most. Those beside the task just learned are drawn
 * uniformly without replacement, by the run's seed and the moment alone.
 */
export function evaluatedTasks({ seed, tasks, loop }: Choice, afterTask: number): number[] {
  const { evaluateTasks: most } = loop;
  const earlier = Array.from({ length: afterTask }, (_, j) => j);
  if (most === "all" || most > afterTask || afterTask + 1 === tasks) return [...earlier, afterTask];
  const stream = Rng.fromSeed(seed).split(`evaluated/after-task${afterTask}`);
  while (earlier.length > most - 1) earlier.splice(stream.integer(earlier.length), 1);
  return [...earlier, afterTask];
}

/** How many evaluations of a task a run makes after learning task `first` and each later one. */
export function evaluationsFrom(choice: Choice, first: number): number {
  let sum = 0;
  for (let i = first; i < choice.tasks; i++) sum += evaluatedTasks(choice, i).length;
  return sum;
}

/** @throws UsageError when more tasks are to be evaluated than are learned */
export function checkEvaluatedTasks({ loop: { evaluateTasks }, tasks }: Choice): void {
  if (evaluateTasks === "all" || evaluateTasks <= tasks) return;
  throw new UsageError({
    what: "Setting loop.evaluateTasks is out of range",
    got: String(evaluateTasks),
    expected: `all, or a whole number from 1 to ${tasks}, the tasks that are learned`,
    todo: "Leave it out to evaluate all tasks after each",
  });
}
