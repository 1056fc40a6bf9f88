import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { Feeds } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";
import type { StepSizes } from "../model/adam.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import { networkFromFlat, networksFromFlat } from "../model/network.js";
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
  /** M, stored transitions of each task in a minibatch that rehearses this many tasks. */
  readonly rowsPerTask: (rehearsed: number) => number;
}

/** The tasks of a minibatch. */
export interface MinibatchTasks {
  /** T, tasks begun. */
  readonly begun: number;
  /** The one that is learned. */
  readonly current: number;
  /** Tasks 0 … R - 1 of which data are stored: all others, and the current one when it is learned again. */
  readonly rehearsed: number;
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
  /** Makes room for all embeddings, with a fresh optimiser. Θ and the embeddings there are stay; new ones are 0. */
  prepare(tasks: MinibatchTasks): Promise<void>;
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

/** Declares the stored transitions, when there are any. */
export function rehearsedInputs(
  g: Graph,
  { shape: { target }, rowsPerTask }: RehearsingTrainerOptions,
  { rehearsed }: MinibatchTasks,
): StoredTensors | undefined {
  if (rehearsed === 0) return undefined;
  return storedInputs(g, target, rehearsed, rowsPerTask(rehearsed));
}

/** Losses of one minibatch, each `[]`. */
export interface RehearsalLosses {
  readonly taskLoss: Tensor;
  /** Of the stored transitions, summed over tasks; 0 without any. */
  readonly added: Tensor;
  readonly total: Tensor;
}

/**
 * Losses of one minibatch. The networks of all rehearsed tasks go through each operation together, so that the graph does
 * not grow with the tasks.
 * @param generated for each task `[T, Q]`
 * @param minibatch of the current task
 */
export function rehearsalLosses(
  { shape, rowsPerTask }: RehearsingTrainerOptions,
  { begun, current, rehearsed }: MinibatchTasks,
  generated: Tensor,
  { x, y, iteration }: Minibatch,
  stored: StoredTensors | undefined,
): RehearsalLosses {
  const { target: dynamics } = shape;
  const weights = outputForm(shape).weights(generated);
  if (stored === undefined) {
    const taskLoss = predictionLoss(networkFromFlat(weights, dynamics), dynamics, x, y);
    return { taskLoss, added: ops.add(weights.graph.constant(0), 0), total: taskLoss };
  }
  // A new task comes after those that are rehearsed; one that is learned again is among them.
  const isNew = begun > rehearsed;
  const [old, own] = isNew
    ? ops.split(weights, [rehearsed, 1], 0)
    : [weights, ops.split(weights, new Array<number>(begun).fill(1), 0)[current]!];
  const taskLoss = predictionLoss(networkFromFlat(own!, dynamics), dynamics, x, y);
  const drawn = storedMinibatch(stored, iteration);
  const byTask = (t: Tensor) => ops.reshape(t, [rehearsed, rowsPerTask(rehearsed), t.shape[1] as number]);
  const added = predictionLoss(networksFromFlat(old!, dynamics), dynamics, byTask(drawn.x), byTask(drawn.y));
  return { taskLoss, added, total: ops.add(taskLoss, added) };
}
