import type { Head } from "./head.js";
import { CHUNKS } from "./layout.js";

/** Adds the chunks and lanes of what `backward` or `lookAhead` summed: `out [count, rows]` for its first rows. */
export function addSums({ arrays: { sums }, rows }: Head, out: Float32Array, count: number): void {
  const stride = sums.length / CHUNKS;
  for (let k = 0; k < count * rows; k++) out[k] = overChunks(sums, 4 * k, stride);
}

/**
 * From the products of a look-ahead: the sum of squares of the head's gradient Σ_t h_t ⊗ d_t, which is
 * Σ_{s,t} (h_s · h_t)(d_s · d_t), and that of the drifts' d alone.
 */
export function gradientSquares({ arrays: { gram, h, ahead }, rows, shape: { regularized: R } }: Head): {
  all: number;
  drifts: number;
} {
  const hidden = [h, ...Array.from({ length: R }, (_, j) => ahead.subarray(j * rows, (j + 1) * rows))];
  const stride = gram.length / CHUNKS;
  let all = 0;
  let drifts = 0;
  for (let s = 0; s <= R; s++) {
    for (let t = 0; t <= s; t++) {
      const product = overChunks(gram, (s * (R + 1) + t) * 4, stride);
      all += (s === t ? 1 : 2) * product * dot(hidden[s]!, hidden[t]!);
      if (s === t && s > 0) drifts += product;
    }
  }
  return { all, drifts };
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Adds four lanes at the same place of every chunk, in float64. */
function overChunks(values: Float32Array, first: number, stride: number): number {
  let sum = 0;
  for (let i = first; i < values.length; i += stride) {
    sum += values[i]! + values[i + 1]! + (values[i + 2]! + values[i + 3]!);
  }
  return sum;
}
