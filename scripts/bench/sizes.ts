import { dynamicsShape, type MlpShape } from "../../agent/model/dynamics.js";
import { resolveSettings, type Settings } from "../../agent/settings/schema.js";
import type { Task } from "../../sim/task.js";
import { findSuite } from "../../tasks/registry.js";

/** A published problem size to measure planning and training at. */
export interface BenchSize {
  readonly name: "push" | "door";
  readonly task: Task;
  readonly settings: Settings;
  readonly dynamics: MlpShape;
}

/** The batch of samples that CEM only chooses from costs what the others do: eager PyTorch is measured without it. */
const REFITS_ONLY = "planner.chooseBest=false";

const ASSIGNMENTS: Readonly<Record<BenchSize["name"], readonly string[]>> = {
  push: [REFITS_ONLY],
  // Planning uses the means alone, and the other engines are measured with the plain loss.
  door: [REFITS_ONLY, "dynamics.outputVariance=false"],
};

/**
 * The settings of Huang et al. (2021) for a suite's first task, with changes as `--set` takes them. The door's model
 * turns a quaternion where the eager counterpart adds a difference, which costs us a little more.
 */
export function benchSize(name: BenchSize["name"], changes: readonly string[] = []): BenchSize {
  const [task] = findSuite(name).tasks;
  const choice = { suite: name, method: "hypercrl", profile: "paper", seed: 1, suiteTasks: 1 };
  const settings = resolveSettings(choice, [...ASSIGNMENTS[name], ...changes]);
  const { hidden, activation } = settings.dynamics;
  return { name, task, settings, dynamics: dynamicsShape(task.spec, hidden, activation) };
}
