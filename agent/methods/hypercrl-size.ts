import { elementAt } from "../../sim/core/element.js";
import { generatedCount, type HypernetworkShape, hypernetworkParameters } from "../model/hypernetwork.js";
import { weightCount } from "../model/network.js";
import { outputForm } from "../model/outputs/outputs.js";
import { parameterCount } from "../model/parameters.js";
import type { Settings } from "../settings/schema.js";
import type { LearnerSize } from "./method.js";

/** Numbers in the last layer, which generates all at once. */
export function headSize(shape: HypernetworkShape): number {
  const { hidden } = shape;
  return (elementAt(hidden, hidden.length - 1, "hidden layers") + 1) * generatedCount(shape);
}

/**
 * Of a learner of this kind: Θ is trained, and a target is kept of each member of each earlier task.
 * @param members that it makes itself
 * @param names of the settings that decide the size of one network
 */
export function hyperCrlSize(
  shape: HypernetworkShape,
  { tasks, hypernetwork, training }: Settings,
  {
    members = 1,
    names = ["hypernetwork.hidden", "dynamics.hidden"],
  }: { readonly members?: number; readonly names?: readonly string[] } = {},
): LearnerSize {
  const { regularizedTasks } = hypernetwork;
  const regularized = regularizedTasks === "all" ? tasks - 1 : Math.min(regularizedTasks, tasks - 1);
  const generated = generatedCount(shape);
  const base = outputForm(shape).hasBase ? members * weightCount(shape.target) : 0;
  return {
    trained: parameterCount(hypernetworkParameters(shape)) + base,
    kept: members * ((tasks - 1) * generated + tasks * shape.embedding + (regularized + 2) * generated),
    transitions: 0,
    batches: members,
    fused: training.engine !== "graph" && shape.chunks === undefined ? headSize(shape) : 0,
    settings: members === 1 ? names : [...names, "dynamics.members"],
  };
}
