import type { Task } from "./task.js";

/** Names under which logs and tables already say something else of an episode. */
const TAKEN: readonly string[] = ["success", "return", "terminated"];

/** What a name of an outcome must be. */
export const OUTCOME_NAME_EXPECTED = `a letter, then letters, digits, dashes and underscores, and none of ${TAKEN.join(", ")}`;

/** Whether a task may name an outcome so; see `OUTCOME_NAME_EXPECTED`. */
export function isOutcomeName(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z][\w-]*$/.test(value) && !TAKEN.includes(value.toLowerCase());
}

/**
 * Which of the outcomes that a task names an episode had; undefined for a task that names none.
 * @param measures of its scene after the last step
 */
export function outcomesOf(
  { outcomes }: Pick<Task, "outcomes">,
  measures: Readonly<Record<string, number>>,
): Record<string, boolean> | undefined {
  if (outcomes === undefined) return undefined;
  return Object.fromEntries(outcomes.map((outcome) => [outcome.name, outcome.holds(measures)]));
}
