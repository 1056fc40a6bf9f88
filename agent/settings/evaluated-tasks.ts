import { UsageError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { Schedule, type ScheduleChoice } from "./schedule.js";
import type { Settings } from "./schema.js";

/** What decides on which tasks a run is evaluated. */
export type EvaluatedChoice = ScheduleChoice & { readonly loop: Pick<Settings["loop"], "evaluateTasks"> };

/**
 * Indices of the tasks that a run is evaluated on after a visit, ascending: after the last visit all of them, before it
 * `loop.evaluateTasks` at most of those visited so far, the one just learned among them. The others are drawn uniformly without
 * replacement, by the run's seed and the moment alone.
 */
export function evaluatedTasks(
  choice: EvaluatedChoice,
  afterVisit: number,
  schedule = new Schedule(choice),
): number[] {
  const { evaluateTasks: most } = choice.loop;
  const { task: learned } = schedule.at(afterVisit);
  const seen = schedule.seen(afterVisit).toSorted((a, b) => a - b);
  if (most === "all" || most >= seen.length || afterVisit + 1 === schedule.visits.length) return seen;
  const others = seen.filter((task) => task !== learned);
  const stream = Rng.fromSeed(choice.seed).split(`evaluated/after-task${afterVisit}`);
  while (others.length > most - 1) others.splice(stream.integer(others.length), 1);
  return [...others, learned].sort((a, b) => a - b);
}

/** How many evaluations of a task a run makes after visit `first` and each later one. */
export function evaluationsFrom(choice: EvaluatedChoice, first: number): number {
  const schedule = new Schedule(choice);
  let sum = 0;
  for (let i = first; i < schedule.visits.length; i++) sum += evaluatedTasks(choice, i, schedule).length;
  return sum;
}

/** @throws UsageError when more tasks are to be evaluated than are learned */
export function checkEvaluatedTasks({ loop: { evaluateTasks }, tasks }: EvaluatedChoice): void {
  if (evaluateTasks === "all" || evaluateTasks <= tasks) return;
  throw new UsageError({
    what: "Setting loop.evaluateTasks is out of range",
    got: String(evaluateTasks),
    expected: `all, or a whole number from 1 to ${tasks}, the tasks that are learned`,
    todo: "Leave it out to evaluate all tasks after each",
  });
}
