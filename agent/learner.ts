import type { Rng } from "../sim/core/rng.js";
import type { Compute } from "./compute.js";
import type { MlpShape } from "./model/network.js";
import type { NormalizerArrays } from "./model/normalizer.js";
import type { TrainingData } from "./model/replay-buffer.js";
import type { SavedArray } from "./model/saved-arrays.js";

/** Everything a learner needs to continue bit by bit. */
export interface LearnerState {
  readonly arrays: Readonly<Record<string, SavedArray>>;
  readonly numbers: Readonly<Record<string, number>>;
}

/** What a training session came to. */
export interface TrainingReport {
  /**
   * Mean task loss per sample over the call, in (normalised) target units squared; with output variance a negative
   * log-likelihood, which may be below 0.
   */
  readonly taskLoss: number;
  /** Mean per sample of what the method adds to the task loss for earlier tasks' sake; 0 without any. */
  readonly regularizer: number;
}

/** A way to learn the dynamics of one task after another. */
export interface Learner {
  /**
   * Starts task `index` (0-based, in the order in which tasks are first learned): fresh optimiser, frozen targets, and a new
   * embedding or head, or where the task was begun before (`Method.revisits`) the one that it has. From the same state it always does
   * the same: what it did is not saved before the task's first `train`, but done again.
   */
  beginTask(index: number): Promise<void>;
  /**
   * Runs `iterations` minibatches on the current task's data.
   * @throws RunError when a loss is not finite; a learner can then only be restored or released, as some of the steps may
   *   have been made
   */
  train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport>;
  /**
   * Ends the current task, while its data are still there: the moment to keep what a method needs of them.
   * @param normalizer the one its weights were last trained with, which stays the task's for good
   */
  endTask(data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void>;
  /**
   * Dynamics weights `[P]` for a task begun earlier or now: of an ensemble those of the network that its members make together, see
   * `ensembleShape`, or those of one of them.
   * @param member 0-based; given to ensembles alone
   */
  weights(index: number, member?: number): Promise<Float32Array>;
  /** Copies of all that it needs to continue; it changes in `beginTask`, `train`, `endTask` and `restore` alone. */
  state(): LearnerState | Promise<LearnerState>;
  /** Continues from a saved state. @throws InputError when an array is missing or of another size */
  restore(state: LearnerState): Promise<void>;
  /** Frees what the runtime holds for it; it cannot be used afterwards. */
  release(): Promise<void>;
}

/** What every learner is made with. */
export interface LearnerOptions {
  /** The dynamics network, of one member. */
  readonly dynamics: MlpShape;
  /** Networks that it makes for each task, where its method makes them itself (`Method.ownMembers`); default 1. */
  readonly members?: number;
  readonly batchSize: number;
  /** Largest global gradient norm. */
  readonly clipNorm: number;
  /** Stream for initial weights and embeddings. */
  readonly rng: Rng;
  readonly compute: Compute;
}
