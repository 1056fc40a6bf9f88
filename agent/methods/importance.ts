import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import type { SavedArray, SavedArrays } from "../model/saved-arrays.js";

/** `strength · Σ_i importance_i (θ_i - anchor_i)² + offset` over the P' weights of the body. */
export interface QuadraticPenalty {
  /** `[P']` */
  readonly importance: Float32Array;
  /** `[P']` */
  readonly anchor: Float32Array;
  readonly offset: number;
}

/** What tells one way of consolidating weights from another: how important each weight was for earlier tasks. */
export interface Importance {
  /** Factor of the penalty. */
  readonly strength: number;
  /** Whether training must sum up the path integral of `PathIntegral`. */
  readonly followsPath: boolean;
  /** The penalty while a task is learned, for those ended so far; undefined when there is nothing to hold. */
  penalty(task: number): QuadraticPenalty | undefined;
  /** Takes in a task at its end, the first time or again. */
  endTask(task: EndedTask): Promise<void>;
  arrays(): Record<string, SavedArray>;
  /** @param tasks ended so far, @param size P' */
  restore(arrays: SavedArrays, tasks: number, size: number): void;
}

export interface EndedTask {
  /** 0-based, in the order in which tasks are first learned. */
  readonly task: number;
  /** Weights of the body `[P']` at the start and at the end of the task. */
  readonly start: Float32Array;
  readonly end: Float32Array;
  /** `ω = -Σ g Δθ` over the task's minibatches, `[P']`; zeros when the path is not followed. */
  readonly path: Float32Array;
  /** The whole network `[P]`. */
  readonly weights: Float32Array;
  readonly data: TrainingData;
  readonly normalizer: NormalizerArrays;
}
