import { UsageError } from "../../sim/core/errors.js";
import type { TaskSuite } from "../../sim/task.js";
import { noiseOf } from "../action-noise.js";
import type { Settings } from "./schema.js";
import { checkVaries } from "./varied-starts.js";

type SuiteTasks = Pick<TaskSuite, "name" | "tasks">;

/** @throws UsageError for settings that mean something to some suites only, where this one is none of them */
export function checkOfSuite(settings: Settings, suite: SuiteTasks): void {
  checkStarts(settings, suite);
  checkHistory(settings, suite);
  checkNoise(settings, suite);
}

function checkNoise({ loop, tasks }: Settings, suite: SuiteTasks): void {
  for (const { spec } of suite.tasks.slice(0, tasks)) noiseOf(loop.explorationStd, spec.action.length);
}

function checkStarts({ loop, tasks }: Settings, suite: SuiteTasks): void {
  if (loop.learningStarts !== "varied") return;
  const what = "Setting loop.learningStarts is not valid";
  checkVaries(suite.name, suite.tasks.slice(0, tasks), { what, expected: "shared or seeded" });
}

function checkHistory({ dynamics: { history }, tasks }: Settings, suite: SuiteTasks): void {
  const moves = suite.tasks.slice(0, tasks).every(({ spec }) => (spec.moving ?? []).length > 0);
  if (history === 0 || moves) return;
  throw new UsageError({
    what: "Setting dynamics.history is not valid",
    got: `${history}, and suite ${suite.name} names nothing that moves`,
    expected: "0",
    todo: "docs/guides/own-suite.md says how a suite names what moves",
  });
}
