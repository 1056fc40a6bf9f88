import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";

/** Bounds of the log-variance at the start (Chua et al. 2018, "PETS", appendix A.1 and its code). */
const INITIAL_UPPER = 0.5;
const INITIAL_LOWER = -10;
/** Weight of the penalty that keeps the bounds together (the same source). */
const BOUNDS_WEIGHT = 0.01;

/**
 * The soft clamp of a predicted log-variance `[B, X]` between learned bounds `[1, X]` (the same source):
 * `v' = max - softplus(max - v)`, then `min + softplus(v' - min)`.
 */
export function clampLogVariance(v: Tensor, upper: Tensor, lower: Tensor): Tensor {
  const below = ops.sub(upper, ops.softplus(ops.sub(upper, v)));
  return ops.add(lower, ops.softplus(ops.sub(below, lower)));
}

/** The same of one number, from its distances of the bounds from their initial values; see `gaussianLoss`. */
export function logVariance(v: number, upperShift: number, lowerShift: number): number {
  const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const [upper, lower] = [upperShift + INITIAL_UPPER, lowerShift + INITIAL_LOWER];
  const below = upper - softplus(upper - v);
  return lower + softplus(below - lower);
}

/**
 * Loss of a network with two heads: `Σ ((μ - y)² e^{-v} + v) / X + 0.01 Σ (max - min)`, summed over the batch, with
 * the log-variance `v` softly clamped by the learned bounds.
 *
 * The bounds are parameters of the network like its weights, one pair for each target: a hypernetwork generates
 * them with the weights of each task (as the published code of HyperCRL can), a plain network keeps them with its
 * output layer. So they are learned, regularised and saved with no machinery of their own. What is learned is the
 * distance from the initial bounds, so that they too may start at zero. Planning uses the mean and never sees them.
 * Of n networks, with n in front of every shape, it is the sum of their losses.
 * @param output mean and log-variance side by side, `[B, 2X]`
 * @param y `[B, X]`
 * @param bounds distances of max and min from their initial values, side by side, `[1, 2X]`
 */
export function gaussianLoss(output: Tensor, y: Tensor, bounds: Tensor): Tensor {
  const X = y.shape[y.shape.length - 1] as number;
  const [mean, raw] = ops.split(output, [X, X]);
  const [upperShift, lowerShift] = ops.split(bounds, [X, X]);
  const upper = ops.add(upperShift, INITIAL_UPPER);
  const lower = ops.add(lowerShift, INITIAL_LOWER);
  const v = clampLogVariance(raw, upper, lower);
  const weighted = ops.mul(ops.square(ops.sub(mean, y)), ops.exp(ops.neg(v)));
  const likelihood = ops.mul(ops.reduceSum(ops.add(weighted, v)), 1 / X);
  return ops.add(likelihood, ops.mul(ops.reduceSum(ops.sub(upper, lower)), BOUNDS_WEIGHT));
}
