import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { Feeds } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";
import type { StepSizes } from "../model/adam.js";
import { networkFromFlat, networksFromFlat } from "../model/dynamics.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import { outputForm } from "../model/outputs/outputs.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import type { LossNames } from "./losses.js";
import { type Minibatch, predictionLoss, type TrainingCall } from "./minibatches.js";
import { type StoredTensors, storedInputs, storedMinibatch } from "./stored-data.js";
import type { ThetaHolder } from "./theta.js";

export interface RehearsingTrainerOptions {
  readonly shape: HypernetworkShape;
  readonly batchSize: number;
  /** Largest global gradient norm of Θ and all embeddings together. */
  readonly clipNorm: number;
  readonly stepSizes: StepSizes;
  /** M, stored transitions of each task in a minibatch that rehearses this many earlier tasks. */
  readonly rowsPerTask: (earlier: number) => number;
}

/** Words for messages. */
export const REHEARSING_LOSSES: LossNames = {
  added: "the loss that the method adds",
  rateSetting: "hypernetwork.learningRate",
};

/**
 * Holds Θ and the embeddings of all tasks begun, with Adam's moments, and trains all of them on minibatches of every
 * task: one clipped step on the sum of the tasks' losses.
 */
export interface RehearsingTrainer {
  readonly theta: ThetaHolder;
  /** Minibatches since the optimiser was fresh. */
  steps: number;
  /** Makes room for `tasks` embeddings, with a fresh optimiser. Θ and the embeddings there are stay; new ones are 0. */
  prepare(tasks: number): Promise<void>;
  /** The embedding of task `index`, to read and to set. */
  embedding(index: number): Float32Array;
  /**
   * @param stored feeds of `StoredData`
   * @throws RunError when a loss is not finite
   */
  train(call: TrainingCall, stored: Feeds): Promise<TrainingReport>;
  /** Θ, the embeddings and their moments by name, the same names, order and shapes from every trainer. */
  entries(): NamedArray[];
  /** Sets everything from saved entries. @throws InputError when one is missing or of another size */
  restore(saved: SavedArrays): void;
  release(): Promise<void>;
}

/** Name of the arrays of an embedding. */
export const embeddingName = (index: number) => `embeddings.${index}`;

/** Declares the stored transitions, when there are earlier tasks. */
export function rehearsedInputs(
  g: Graph,
  { shape: { target }, rowsPerTask }: RehearsingTrainerOptions,
  earlier: number,
): StoredTensors | undefined {
  if (earlier === 0) return undefined;
  return storedInputs(g, target, earlier, rowsPerTask(earlier));
}

/** Losses of one minibatch, each `[]`. */
export interface RehearsalLosses {
  readonly taskLoss: Tensor;
  /** Of the earlier tasks, summed; 0 without any. */
  readonly added: Tensor;
  readonly total: Tensor;
}

/**
 * Losses of one minibatch. The networks of all earlier tasks go through each operation together, so that the graph does
 * not grow with the tasks.
 * @param generated for each task, the current one last `[T, Q]`
 * @param current the current task's minibatch
 */
export function rehearsalLosses(
  { shape, rowsPerTask }: RehearsingTrainerOptions,
  generated: Tensor,
  { x, y, iteration }: Minibatch,
  stored: StoredTensors | undefined,
): RehearsalLosses {
  const { target: dynamics } = shape;
  const weights = outputForm(shape).weights(generated);
  const earlier = (weights.shape[0] as number) - 1;
  if (stored === undefined) {
    const taskLoss = predictionLoss(networkFromFlat(weights, dynamics), dynamics, x, y);
    return { taskLoss, added: ops.add(weights.graph.constant(0), 0), total: taskLoss };
  }
  const [old, current] = ops.split(weights, [earlier, 1], 0);
  const taskLoss = predictionLoss(networkFromFlat(current, dynamics), dynamics, x, y);
  const rehearsed = storedMinibatch(stored, iteration);
  const byTask = (t: Tensor) => ops.reshape(t, [earlier, rowsPerTask(earlier), t.shape[1] as number]);
  const added = predictionLoss(
    networksFromFlat(old, dynamics),
    dynamics,
    byTask(rehearsed.x),
    byTask(rehearsed.y),
  );
  return { taskLoss, added, total: ops.add(taskLoss, added) };
}
