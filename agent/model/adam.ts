import { ADAM } from "../../sim/core/adam.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray } from "../graph/session.js";

const { beta1: BETA1, beta2: BETA2, epsilon: EPSILON } = ADAM;

/** Numbers of one step in a schedule: those of `AdamScalars`. */
export const ADAM_SCALARS = 3;

/** Bias corrections of one step, folded into the scalars. */
export interface AdamScalars {
  /** `lr · √(1 - β2^t) / (1 - β1^t)` */
  readonly stepSize: Tensor;
  /** `ε · √(1 - β2^t)` */
  readonly epsilon: Tensor;
  /** The same of a look-ahead: ε alone, if `StepSizes.lookAheadEpsilon` says so. */
  readonly aheadEpsilon: Tensor;
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
  /**
   * ε of a look-ahead, if there is one: by default with the bias correction of the real step, `uncorrected` without it, as in
   * the published code of HyperCRL.
   */
  readonly lookAheadEpsilon?: "corrected" | "uncorrected";
}

/**
 * Scalars of a session's steps `firstStep … firstStep + count - 1` (1 is an optimiser's first), `[count, ADAM_SCALARS]`. They are
 * made here in float64 because `1 - β2^t` loses its digits in float32.
 */
export function adamSchedule(
  { learningRate, endFactor = 1, lookAheadEpsilon = "corrected" }: StepSizes,
  firstStep: number,
  count: number,
): Float32Array {
  const out = alignedArray(ADAM_SCALARS * count);
  for (let i = 0; i < count; i++) {
    const t = firstStep + i;
    const root = Math.sqrt(1 - BETA2 ** t);
    const rate = learningRate * (1 + (endFactor - 1) * (i / count));
    const epsilon = EPSILON * root;
    const ahead = lookAheadEpsilon === "corrected" ? epsilon : EPSILON;
    out.set([(rate * root) / (1 - BETA1 ** t), epsilon, ahead], ADAM_SCALARS * i);
  }
  return out;
}

/** Picks the scalars of one iteration from `[count, ADAM_SCALARS]`. */
export function adamScalars(all: Tensor, iteration: Tensor): AdamScalars {
  const [stepSize, epsilon, aheadEpsilon] = ops.split(ops.gather(all, iteration), [1, 1, 1], 0);
  return { stepSize, epsilon, aheadEpsilon };
}

/** Moments after seeing a gradient. */
export function adamMoments(gradient: Tensor, { m, v }: AdamMoments): AdamMoments {
  return {
    m: ops.add(ops.mul(m, BETA1), ops.mul(gradient, 1 - BETA1)),
    v: ops.add(ops.mul(v, BETA2), ops.square(ops.mul(gradient, Math.sqrt(1 - BETA2)))),
  };
}

/** The parameter after the step that the moments call for. */
export function adamStep(
  parameter: Tensor,
  { m, v }: AdamMoments,
  scalars: Pick<AdamScalars, "stepSize" | "epsilon">,
): Tensor {
  const direction = ops.div(m, ops.add(ops.sqrt(v), scalars.epsilon));
  return ops.sub(parameter, ops.mul(direction, scalars.stepSize));
}

/** Where a step along this gradient would lead; nothing is changed by it. */
export function adamLookAhead(
  parameter: Tensor,
  gradient: Tensor,
  moments: AdamMoments,
  { stepSize, aheadEpsilon: epsilon }: AdamScalars,
): Tensor {
  return adamStep(parameter, adamMoments(gradient, moments), { stepSize, epsilon });
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
