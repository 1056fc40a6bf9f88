import { elementAt } from "../../sim/core/element.js";
import { generatedCount, hypernetworkParameters } from "../model/hypernetwork.js";
import { layerSizes, type MlpShape, weightCount } from "../model/network.js";
import { parameterCount } from "../model/parameters.js";
import { Schedule } from "../settings/schedule.js";
import { type Settings, transitionsOfVisit } from "../settings/schema.js";
import { headSize } from "./hypercrl-size.js";
import type { LearnerSize } from "./method.js";

/**
 * Of a method that trains one plain network with a head for each task.
 * @param copies of the network that it keeps
 */
export function networkSize(dynamics: MlpShape, { tasks }: Settings, copies: number): LearnerSize {
  const [width, outputs] = elementAt(layerSizes(dynamics), dynamics.sizes.length - 2, "layers");
  const weights = weightCount(dynamics);
  return {
    trained: weights + (tasks - 1) * (width + 1) * outputs,
    kept: copies * weights,
    transitions: 0,
    batches: 1,
    fused: 0,
    settings: ["dynamics.hidden"],
  };
}

/** The same where transitions of earlier tasks are rehearsed. @param keep of each: all, or this many */
export function rehearsalSize(dynamics: MlpShape, settings: Settings, keep: "all" | number): LearnerSize {
  const transitions = keptTransitions(settings, keep);
  const { settings: names, ...size } = networkSize(dynamics, settings, 1);
  return {
    ...size,
    transitions,
    batches: rehearsedBatches(settings),
    settings: [...names, "mlp.coresetSize"],
  };
}

/** Of a hypernetwork that rehearses. @param keep as for `rehearsalSize` */
export function rehearsingHypernetSize(
  dynamics: MlpShape,
  settings: Settings,
  keep: "all" | number,
): LearnerSize {
  const { tasks, hypernetwork, training } = settings;
  const shape = { ...hypernetwork, target: dynamics };
  const theta = parameterCount(hypernetworkParameters(shape));
  return {
    trained: theta + tasks * hypernetwork.embedding,
    // Generated numbers and their gradients, of all tasks in a minibatch.
    kept: 2 * tasks * generatedCount(shape),
    transitions: keptTransitions(settings, keep),
    batches: keep === "all" ? rehearsedBatches(settings) : 2,
    fused: training.engine !== "graph" ? headSize(shape) : 0,
    settings: ["hypernetwork.hidden", "dynamics.hidden", "hypernetwork.coresetSize"],
  };
}

/** Minibatches in one that rehearses every task: the new data of a task that is learned again come beside its stored ones. */
function rehearsedBatches(settings: Settings): number {
  return settings.tasks + (new Schedule(settings).revisits ? 1 : 0);
}

/** Transitions of earlier visits that are kept when the last one begins. */
function keptTransitions(settings: Settings, keep: "all" | number): number {
  const schedule = new Schedule(settings);
  const earlier = schedule.visits.slice(0, -1);
  if (keep === "all") {
    const { bufferCapacity } = settings.loop;
    return earlier.reduce((sum, _, visit) => sum + Math.min(bufferCapacity, schedule.steps(visit)), 0);
  }
  const tasks = new Set(earlier.map(({ task }) => task)).size;
  return tasks * Math.min(keep, transitionsOfVisit(settings));
}
