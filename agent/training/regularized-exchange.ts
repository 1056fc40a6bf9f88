import { alignedArrays } from "../graph/session.js";
import type { Head } from "../kernel/head.js";
import type { Exchange } from "./fused-trainer.js";

/** The small arrays that graphs and kernel exchange in a minibatch with a regulariser. */
export interface RegularizedExchange extends Exchange {
  /** Gradients for the hidden outputs of the regularised embeddings `[R · G, rows]`. */
  readonly dhAhead: Float32Array;
  /** Regularised embeddings `[R · G, E]`. */
  readonly earlier: Float32Array;
  /** Sum of squares of the head's gradient. */
  readonly squares: Float32Array;
  /** Products of the members' gradients for their generated weights `[G, G]`. */
  readonly taskProducts: Float32Array;
  /** What the look-ahead makes and the update reads again, `taskStep [1, n]` of `lookAheadGraph`. */
  readonly taskStep: Float32Array;
  /** Rows of the head's targets that are regularised `[R · G]`. */
  readonly targetRows: Int32Array;
}

/** @param taskStepLength numbers that the look-ahead leaves for the update */
export function createExchange(
  { rows, shape }: Head,
  embedding: number,
  taskStepLength: number,
): RegularizedExchange {
  const { embeddings: G, regularized } = shape;
  const [dh, dhAhead, earlier, squares, taskProducts, taskLoss, taskStep] = alignedArrays([
    G * rows,
    regularized * rows,
    regularized * embedding,
    1,
    G * G,
    1,
    taskStepLength,
  ]);
  const targetRows = new Int32Array(regularized);
  const iteration = new BigInt64Array(1);
  return { dh, dhAhead, earlier, squares, taskProducts, taskLoss, taskStep, targetRows, iteration };
}
