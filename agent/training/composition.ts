import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedTensor, type Feeds } from "../graph/session.js";
import type { StepSizes } from "../model/adam.js";
import { type HypernetworkShape, hypernetwork, hypernetworkParameters } from "../model/hypernetwork.js";
import { weightCount } from "../model/network.js";
import { outputForm } from "../model/outputs/outputs.js";
import { ParameterGroup } from "../model/parameters.js";
import { type SavedArrays, savedArray } from "../model/saved-arrays.js";
import { drawRows } from "./minibatches.js";
import type { TaskTransitions } from "./network-losses.js";
import { joined } from "./network-parts.js";
import { NetworkTrainer } from "./network-trainer.js";
import { membersLoss, REGULARIZED_LOSSES } from "./regularized-trainer.js";
import { THETA_PREFIX } from "./theta.js";
import type { Objective, TrainedGroup } from "./training-graph.js";

/** Minibatches in which the coefficients are fitted. */
const ITERATIONS = 100;
const STEP_SIZES: StepSizes = { learningRate: 0.1, endFactor: 0.01 };

/** How coefficients are fitted. */
export interface CompositionOptions {
  readonly shape: HypernetworkShape;
  /** B */
  readonly batchSize: number;
  readonly clipNorm: number;
}

/** What is held while coefficients are fitted, of one member. */
export interface Composed {
  /** Embeddings of J earlier tasks, each `[E]`. */
  readonly embeddings: readonly Float32Array[];
  /** Θ by name, as `RegularizedTrainer.entries` has it. */
  readonly theta: SavedArrays;
  /** W₀ `[P]`, where the form of output has one. */
  readonly base: Float32Array | undefined;
}

/**
 * Fits the coefficients of a composition `Σ_j c_j e_j` of earlier embeddings, `c = softmax(l)`, to the first transitions of a new task:
 * Adam on l alone, from equal coefficients, while Θ is frozen. aTLAS (Zhang et al. 2024, arXiv 2407.02880) composes a network's weights out
 * of those of learned tasks; here it is the embeddings that are composed, so that what comes out is something that h generates.
 * @returns c `[J]`, not negative, with sum 1
 */
export async function fitComposition(
  options: CompositionOptions,
  { embeddings, theta, base }: Composed,
  transitions: TaskTransitions,
  rng: Rng,
): Promise<Float32Array> {
  const { shape, batchSize } = options;
  const count = embeddings.length;
  const coefficients = new ParameterGroup([{ name: "logits", shape: [1, count], bound: 0 }]);
  const trainer = new NetworkTrainer({ ...options, dynamics: shape.target, lossNames: REGULARIZED_LOSSES });
  const group = { name: "logits", parameters: coefficients, stepSizes: STEP_SIZES };
  try {
    await trainer.build([group], (g) => objective(g, options, count));
    const rows = drawRows(transitions.data, ITERATIONS * batchSize, rng);
    const call = { ...transitions, iterations: ITERATIONS, rows };
    const feeds: Feeds = {
      ...thetaFeeds(shape, theta),
      earlier: alignedTensor(joined(embeddings), [count, shape.embedding]),
      ...(base && { base: alignedTensor(base, [1, base.length]) }),
    };
    await trainer.train(call, { feeds });
    return softmax(coefficients.values(0));
  } finally {
    await trainer.release();
  }
}

/** One minibatch: the task loss of what Θ generates for the composition, and its gradient for the logits. */
function objective(
  g: Graph,
  { shape, batchSize }: CompositionOptions,
  count: number,
): Objective<readonly [TrainedGroup]> {
  const theta = hypernetworkParameters(shape).map(({ name, shape: size }) => g.input(name, size));
  const earlier = g.input("earlier", [count, shape.embedding]);
  const base = outputForm(shape).hasBase ? g.input("base", [1, weightCount(shape.target)]) : undefined;
  return {
    step: (minibatch, [{ values }]) => {
      const powers = ops.exp(elementAt(values, 0, "values"));
      const embedding = ops.gemm(ops.div(powers, ops.reduceSum(powers)), earlier);
      const generated = hypernetwork(shape, theta, embedding);
      const taskLoss = membersLoss({ shape, members: 1, batchSize }, { generated, base }, minibatch);
      return { taskLoss, gradients: [gradients(taskLoss, values)] };
    },
  };
}

function thetaFeeds(shape: HypernetworkShape, theta: SavedArrays): Feeds {
  return Object.fromEntries(
    hypernetworkParameters(shape).map(({ name, shape: size }) => {
      const values = savedArray(theta, THETA_PREFIX + name, size[0] * size[1]);
      return [name, alignedTensor(values, size)];
    }),
  );
}

/** Coefficients that are not negative and have the sum 1. */
function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((most, l) => Math.max(most, l), Number.NEGATIVE_INFINITY);
  const powers = logits.map((l) => Math.exp(l - largest));
  const sum = powers.reduce((total, p) => total + p, 0);
  return powers.map((p) => p / sum);
}
