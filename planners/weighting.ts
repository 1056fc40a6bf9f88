import { noFiniteCost } from "./sampling.js";

/**
 * Weights of action sequences that fall exponentially with cost, `w_n = exp(-κ c_n) / Σ_k exp(-κ c_k)`. The lowest
 * cost is subtracted first, so that the largest exponent is 0 and nothing overflows; a non-finite cost weighs 0.
 * @param costs `[N]`
 * @param sharpness κ ≥ 0, per unit of cost
 * @param out receives the weights `[N]`, sum 1
 * @throws {RunError} when no cost is finite
 */
export function exponentialWeights(costs: ArrayLike<number>, sharpness: number, out: Float64Array): void {
  let lowest = Infinity;
  for (let n = 0; n < costs.length; n++) {
    if (Number.isFinite(costs[n])) lowest = Math.min(lowest, costs[n]!);
  }
  if (lowest === Infinity) throw noFiniteCost(costs);
  let sum = 0;
  for (let n = 0; n < costs.length; n++) {
    out[n] = Number.isFinite(costs[n]) ? Math.exp(-sharpness * (costs[n]! - lowest)) : 0;
    sum += out[n]!;
  }
  for (let n = 0; n < costs.length; n++) out[n]! /= sum;
}

/**
 * Weighted mean of action sequences.
 * @param samples `[H, N, U]`
 * @param weights `[N]`, sum 1
 * @param width U
 * @param out receives the mean `[H, U]`
 */
export function weightedMean(
  samples: Float32Array,
  weights: Float64Array,
  width: number,
  out: Float32Array,
): void {
  const count = weights.length;
  for (let h = 0; h < out.length / width; h++) {
    for (let u = 0; u < width; u++) {
      let sum = 0;
      for (let n = 0; n < count; n++) sum += weights[n]! * samples[(h * count + n) * width + u]!;
      out[h * width + u] = sum;
    }
  }
}
