import type { Rng } from "../../sim/core/rng.js";
import type { Feeds } from "../graph/session.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import type { SavedArrays } from "../model/parameters.js";

export interface TrainerOptions {
  readonly shape: HypernetworkShape;
  readonly batchSize: number;
  /** Largest global gradient norm of Θ, and of the embedding. */
  readonly clipNorm: number;
  /** β, weight of the regulariser. */
  readonly beta: number;
}

/** What the regulariser holds Θ to: one entry per earlier task. */
export interface EarlierTasks {
  /** Frozen embeddings, each `[E]`. */
  readonly embeddings: readonly Float32Array[];
  /** Frozen targets W*, each `[P]`. */
  readonly targets: readonly Float32Array[];
  /** R, how many of them a minibatch regularises. */
  readonly regularized: number;
}

/** One call of minibatches. */
export interface TrainingCall {
  readonly trips: number;
  /** Feeds of `MinibatchFeeder`. */
  readonly minibatches: Feeds;
  /** Adam's scalars of each minibatch, `[trips, 2]`; see `fillAdamScalars`. */
  readonly thetaScalars: Float32Array;
  readonly embeddingScalars: Float32Array;
  /** Earlier tasks regularised at each minibatch, `[trips, R]`. */
  readonly picks: Int32Array;
  /** Receive each minibatch's losses, `[trips]`. */
  readonly taskLosses: Float32Array;
  readonly regularizers: Float32Array;
}

/**
 * Holds Θ, the embedding of the task being learned and Adam's moments, and makes minibatch steps. Each step: the
 * gradient of the task loss for Θ and e_t; the Adam step that it alone would take gives Θ + ΔΘ (a constant); the
 * regulariser's gradient is taken there; the sum, clipped, makes the real step. e_t learns from the task loss only.
 * (Paper, equations 4 to 6.)
 */
export interface HypernetworkTrainer {
  /** Draws Θ and clears the moments. */
  initialize(rng: Rng): void;
  /** Multiplies the head's weights by a factor for each generated number, `[P]`. */
  scaleColumns(scales: Float32Array): void;
  /** `h(e; Θ)`, `[P]`. */
  generate(e: Float32Array): Promise<Float32Array>;
  /** Starts a task: its embedding, fresh moments. */
  newTask(e: Float32Array): void;
  /** Builds what the minibatches of the current task need; call after `newTask` or `restore`. */
  prepare(earlier: EarlierTasks): Promise<void>;
  /** Makes `call.trips` steps. */
  train(call: TrainingCall): Promise<void>;
  /** A copy of the embedding of the current task. */
  embedding(): Float32Array;
  /** Θ, the embedding and their moments by name, the same names and shapes from every trainer. */
  entries(): { name: string; shape: readonly number[]; data: Float32Array }[];
  /** Sets everything from saved entries. @throws InputError when one is missing or of another size */
  restore(saved: SavedArrays): void;
  release(): Promise<void>;
}
