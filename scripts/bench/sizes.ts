import { type Parts, partsOf } from "../../agent/catalog.js";
import { dynamicsShape } from "../../agent/model/dynamics.js";
import type { MlpShape } from "../../agent/model/network.js";
import { resolveSettings } from "../../agent/settings/resolve.js";
import type { Settings } from "../../agent/settings/schema.js";
import { firstOf } from "../../sim/core/element.js";
import type { Task } from "../../sim/task.js";
import { findSuite } from "../../tasks/registry.js";
import { builtinCatalog } from "../parts/catalog.js";

/** A published problem size to measure planning and training at. */
export interface BenchSize {
  readonly name: "push" | "door";
  readonly task: Task;
  readonly settings: Settings;
  /** What the settings name. */
  readonly parts: Parts;
  readonly dynamics: MlpShape;
}

/** The batch of samples that CEM only chooses from costs what the others do. */
const REFITS_ONLY = "planner.chooseBest=false";

const ASSIGNMENTS: Readonly<Record<BenchSize["name"], readonly string[]>> = {
  push: [REFITS_ONLY],
  // Planning uses the means alone, and the other engines are measured with the plain loss.
  door: [REFITS_ONLY, "dynamics.outputVariance=false"],
};

/**
 * The settings of Huang et al. (2021), or of the quick profile, for a suite's first task, with changes as `--set` takes them.
 */
export function benchSize(
  name: BenchSize["name"],
  changes: readonly string[] = [],
  profile: Settings["profile"] = "paper",
  method = "hypercrl",
): BenchSize {
  const suite = findSuite(name);
  const task = firstOf(suite.tasks, "tasks");
  const choice = { suite: { ...suite, tasks: [task] }, method, profile, seed: 1 };
  const settings = resolveSettings(choice, [...ASSIGNMENTS[name], ...changes], builtinCatalog);
  const { hidden, activation } = settings.dynamics;
  const parts = partsOf(builtinCatalog, settings);
  return { name, task, settings, parts, dynamics: dynamicsShape(task.spec, hidden, activation) };
}
