import { ADAM } from "../../sim/core/adam.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray } from "../graph/session.js";

const { beta1: BETA1, beta2: BETA2, epsilon: EPSILON } = ADAM;

/** Bias corrections of one step, folded into two scalars. */
export interface AdamScalars {
  /** `lr · √(1 - β2^t) / (1 - β1^t)` */
  readonly stepSize: Tensor;
  /** `ε · √(1 - β2^t)` */
  readonly epsilon: Tensor;
}

export interface AdamMoments {
  readonly m: Tensor;
  readonly v: Tensor;
}

/** Parameters in the middle of their optimisation: the values and, in the same order, the moments. */
export interface AdamState {
  readonly values: readonly Tensor[];
  readonly moments: readonly AdamMoments[];
}

/** Step sizes of one training session. */
export interface StepSizes {
  readonly learningRate: number;
  /** What the learning rate is multiplied with when the session ends; it falls linearly. 1, the default: constant. */
  readonly endFactor?: number;
}

/**
 * Scalars of a session's steps `firstStep … firstStep + count - 1` (1 is an optimiser's first), `[count, 2]`. They are
 * made here in float64 because `1 - β2^t` loses its digits in float32.
 */
export function adamSchedule(
  { learningRate, endFactor = 1 }: StepSizes,
  firstStep: number,
  count: number,
): Float32Array {
  const out = alignedArray(2 * count);
  for (let i = 0; i < count; i++) {
    const t = firstStep + i;
    const root = Math.sqrt(1 - BETA2 ** t);
    const rate = learningRate * (1 + (endFactor - 1) * (i / count));
    out[2 * i] = (rate * root) / (1 - BETA1 ** t);
    out[2 * i + 1] = EPSILON * root;
  }
  return out;
}

/** Picks the scalars of one iteration from `[count, 2]`. */
export function adamScalars(all: Tensor, iteration: Tensor): AdamScalars {
  const [stepSize, epsilon] = ops.split(ops.gather(all, iteration), [1, 1], 0);
  return { stepSize, epsilon };
}

/** Moments after seeing a gradient. */
export function adamMoments(gradient: Tensor, { m, v }: AdamMoments): AdamMoments {
  return {
    m: ops.add(ops.mul(m, BETA1), ops.mul(gradient, 1 - BETA1)),
    v: ops.add(ops.mul(v, BETA2), ops.square(ops.mul(gradient, Math.sqrt(1 - BETA2)))),
  };
}

/** The parameter after the step that the moments call for. */
export function adamStep(parameter: Tensor, { m, v }: AdamMoments, scalars: AdamScalars): Tensor {
  const direction = ops.div(m, ops.add(ops.sqrt(v), scalars.epsilon));
  return ops.sub(parameter, ops.mul(direction, scalars.stepSize));
}

/** Values and moments after a step along `gradients`, each multiplied by `scale []` first. */
export function adamUpdate(
  { values, moments }: AdamState,
  gradients: readonly Tensor[],
  scale: Tensor,
  scalars: AdamScalars,
): AdamState {
  const next = moments.map((before, i) => adamMoments(ops.mul(gradients[i]!, scale), before));
  return { values: values.map((value, i) => adamStep(value, next[i]!, scalars)), moments: next };
}

/** Tensors in the order of `ParameterGroup.declare` as a state: all values, all first, then all second moments. */
export function stateOf(tensors: readonly Tensor[]): AdamState {
  const count = tensors.length / 3;
  const values = tensors.slice(0, count);
  return { values, moments: values.map((_, i) => ({ m: tensors[count + i]!, v: tensors[2 * count + i]! })) };
}

/** The inverse of `stateOf`. */
export function flatState({ values, moments }: AdamState): Tensor[] {
  return [...values, ...moments.map(({ m }) => m), ...moments.map(({ v }) => v)];
}

/** Fills in what the fused kernel needs of one step: β1, 1 - β1, β2, √(1 - β2), step size, ε. */
export function fillKernelConstants(out: Float32Array, stepSize: number, epsilon: number): void {
  out.set([BETA1, 1 - BETA1, BETA2, Math.sqrt(1 - BETA2), stepSize, epsilon]);
}

/**
 * Scale that brings a group of gradients to a global norm of at most `limit`, shape `[]`.
 * @param others sums of squares of gradients that belong to the group but are not at hand
 */
export function clipScale(
  gradients: readonly Tensor[],
  limit: number,
  others: readonly Tensor[] = [],
): Tensor {
  const squares = [...gradients.map(ops.sumOfSquares), ...others];
  const total = squares.reduce((a, b) => ops.add(a, b));
  return ops.min(ops.div(limit, ops.add(ops.sqrt(total), 1e-6)), 1);
}
