import { elementAt, firstOf } from "../../sim/core/element.js";
import type { TaskParameter } from "../../sim/task.js";
import { coordinatesOf } from "../../sim/task-parameters.js";
import { alignedArray } from "../graph/session.js";
import { mixtureAt, nearestTo } from "./barycentric.js";
import type { TaskDynamics } from "./dynamics.js";

/**
 * Models of a task that was never learned, made of those of tasks that were, by the task's physical parameters c alone. `physics`: the
 * weights in between, Σ_j ℓ_j(c) W_j with Σ_j ℓ_j = 1 (see `mixtureAt`). `nearest`: those of the task nearest in c. `mean`: the mean of all.
 */
export const UNSEEN_MODELS = ["physics", "nearest", "mean"] as const;

export type UnseenModel = (typeof UNSEEN_MODELS)[number];

/** A task that was learned, with its model. */
export interface LearnedTask {
  readonly parameters: readonly TaskParameter[];
  readonly dynamics: TaskDynamics;
}

/**
 * How much of each learned task is in the model of another one.
 * @param learned n tasks, n ≥ 1
 * @param parameters of the other task, the same quantities as theirs
 * @returns `[n]`; the sum is 1
 */
export function unseenMixture(
  model: UnseenModel,
  learned: readonly Pick<LearnedTask, "parameters">[],
  parameters: readonly TaskParameter[],
): Float64Array {
  const points = learned.map((task) => coordinatesOf(task.parameters));
  const place = coordinatesOf(parameters);
  switch (model) {
    case "physics":
      return mixtureAt(points, place);
    case "nearest": {
      const nearest = nearestTo(points, place);
      return Float64Array.from(points, (_, j) => Number(j === nearest));
    }
    case "mean":
      return Float64Array.from(points, () => 1 / points.length);
  }
}

/**
 * The weights Σ_j ℓ_j W_j; those of task j to the bit where ℓ_j is 1 and all others are 0.
 * @param weights W_j, n arrays `[P]`
 * @param mixture ℓ `[n]`
 * @returns `[P]`
 */
export function interpolateWeights(weights: readonly Float32Array[], mixture: Float64Array): Float32Array {
  const mixed = weights.flatMap((own, j) => (mixture[j] === 0 ? [] : [{ own, share: mixture[j]! }]));
  const { own: first, share } = firstOf(mixed, "tasks with a share");
  const out = alignedArray(first.length);
  for (let i = 0; i < out.length; i++) {
    let sum = share * first[i]!;
    for (let m = 1; m < mixed.length; m++) sum += mixed[m]!.share * mixed[m]!.own[i]!;
    out[i] = sum;
  }
  return out;
}

/** The model of a task that was never learned. @param learned tasks whose networks depart from one base and share one normaliser */
export function unseenDynamics(
  model: UnseenModel,
  learned: readonly LearnedTask[],
  parameters: readonly TaskParameter[],
): TaskDynamics {
  const { shape, normalizer } = elementAt(learned, 0, "tasks learned").dynamics;
  const weights = learned.map(({ dynamics }) => dynamics.weights);
  return {
    shape,
    normalizer,
    weights: interpolateWeights(weights, unseenMixture(model, learned, parameters)),
  };
}
