import type { Rng } from "../../sim/core/rng.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { TrainingReport } from "../learner.js";
import type { StepSizes } from "../model/adam.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import { networkFromFlat, networksFromFlat } from "../model/network.js";
import { outputForm } from "../model/outputs/outputs.js";
import type { ParameterGroup } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import type { LossNames } from "./losses.js";
import { type Minibatch, predictionLoss, type TrainingCall } from "./minibatches.js";
import type { ThetaHolder } from "./theta.js";

export interface RegularizedTrainerOptions {
  readonly shape: HypernetworkShape;
  /** G, networks that are generated for a task, each from an embedding of its own. */
  readonly members: number;
  /** B, rows of a minibatch for each member. */
  readonly batchSize: number;
  /** Largest global gradient norm of Θ, and of the task's embeddings. */
  readonly clipNorm: number;
  /** β, weight of the regulariser. */
  readonly beta: number;
  /** Of Θ. */
  readonly stepSizes: StepSizes;
  readonly embeddingStepSizes: StepSizes;
  /** Of base networks, where the form of output has them; default those of Θ. */
  readonly baseStepSizes?: StepSizes;
}

/** Words for messages. */
export const REGULARIZED_LOSSES: LossNames = {
  added: "the regulariser",
  rateSetting: "hypernetwork.learningRate",
};

/** What the regulariser holds Θ to: one entry per earlier task. */
export interface EarlierTasks {
  /** Frozen embeddings of all members, each `[G, E]`. */
  readonly embeddings: readonly Float32Array[];
  /** Frozen targets of what is generated for all members, each `[G, Q]`. */
  readonly targets: readonly Float32Array[];
  /** R, how many of them a minibatch regularises. */
  readonly regularized: number;
}

/** A training call, with rows `[iterations, G · B]`, and the earlier tasks that it regularises. */
export interface RegularizedCall extends TrainingCall {
  /** Earlier tasks regularised at each minibatch, `[iterations, R]`; see `drawPicks`. */
  readonly picks: Int32Array;
}

/**
 * Holds Θ, the embedding of the task being learned and Adam's moments, and makes minibatch steps. Each step: the
 * gradient of the task loss for Θ and e_t; the Adam step that it alone would take gives Θ + ΔΘ (a constant); the
 * regulariser's gradient is taken there; the sum, clipped, makes the real step. e_t learns from the task loss only.
 * (Huang et al. 2021, equations 4 to 6.)
 *
 * What h generates are the weights themselves, or the numbers of another `OutputForm` that the weights follow from: then the
 * regulariser holds those numbers. Base networks, where a form has them, learn with the first task by themselves; see `createBase`.
 *
 * With G members, member m of task t has the weights that follow from `h(e_{t,m}; Θ)`. The task loss is the sum of the members'
 * losses, each on B rows of its own, and the regulariser holds all members of the earlier tasks:
 * `Σ_m L_m(h(e_{t,m}; Θ)) + β B / R Σ_j Σ_m |h(e_{j,m}; Θ + ΔΘ) - W*_{j,m}|²`. ΔΘ is the step for all members' task losses together,
 * and their embeddings' gradients are clipped together. Reported losses are divided by G · B, so that they compare with one network's.
 */
export interface RegularizedTrainer {
  readonly theta: ThetaHolder;
  /** Base networks `[G, P]`, where the form of output has them. */
  readonly base: ParameterGroup | undefined;
  /** Minibatches since the optimiser was fresh. */
  steps: number;
  /** Starts a task: its embeddings `[G, E]`, a fresh optimiser. */
  newTask(e: Float32Array): void;
  /** Builds what the minibatches of the current task need; call after `newTask` or `restore`. */
  prepare(earlier: EarlierTasks): Promise<void>;
  /** @throws RunError when a loss is not finite */
  train(call: RegularizedCall): Promise<TrainingReport>;
  /** A copy of the embeddings of the current task, `[G, E]`. */
  embedding(): Float32Array;
  /** Θ, the embeddings, the base and their moments by name, the same names and shapes from every trainer. */
  entries(): NamedArray[];
  /** Sets everything from saved entries. @throws InputError when one is missing or of another size */
  restore(saved: SavedArrays): void;
  release(): Promise<void>;
}

/**
 * The task loss of one minibatch, the sum of all members'.
 * @param generated for each, `[G, Q]`
 * @param base of each, `[G, P]`, where the form of output has one
 * @param minibatch G · B rows, member after member
 */
export function membersLoss(
  { shape, members, batchSize }: Pick<RegularizedTrainerOptions, "shape" | "members" | "batchSize">,
  { generated, base }: { readonly generated: Tensor; readonly base: Tensor | undefined },
  { x, y }: Pick<Minibatch, "x" | "y">,
): Tensor {
  const { target } = shape;
  const weights = outputForm(shape).weights(generated, base);
  if (members === 1) return predictionLoss(networkFromFlat(weights, target), target, x, y);
  const byMember = (t: Tensor) => ops.reshape(t, [members, batchSize, t.shape[1] as number]);
  return predictionLoss(networksFromFlat(weights, target), target, byMember(x), byMember(y));
}

/** Draws the earlier tasks to regularise `[iterations, R]`: in each minibatch all of them, or R different ones. */
export function drawPicks(tasks: number, regularized: number, iterations: number, rng: Rng): Int32Array {
  const picks = new Int32Array(iterations * regularized);
  const left = new Int32Array(tasks);
  for (let i = 0; i < picks.length; i++) {
    const drawn = i % regularized;
    if (drawn === 0) for (let j = 0; j < tasks; j++) left[j] = j;
    const next = regularized === tasks ? drawn : drawn + rng.integer(tasks - drawn);
    picks[i] = left[next]!;
    left[next] = left[drawn]!;
  }
  return picks;
}
