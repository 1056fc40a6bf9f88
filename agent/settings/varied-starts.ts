import { UsageError } from "../../sim/core/errors.js";
import type { Task } from "../../sim/task.js";

/**
 * Checks that tasks say how their starts are varied.
 * @param suite name of the suite that has the tasks
 * @param words what of the error that depends on who asks
 * @throws UsageError that names the first task which does not
 */
export function checkVaries(
  suite: string,
  tasks: readonly Pick<Task, "name" | "createLearningScene">[],
  words: { readonly what: string; readonly expected: string },
): void {
  const without = tasks.find((task) => task.createLearningScene === undefined);
  if (without === undefined) return;
  throw new UsageError({
    ...words,
    got: `varied, and task ${without.name} of suite ${suite} does not say how`,
    todo: "docs/guides/own-suite.md says how a suite varies starts",
  });
}
