import { rowsOf } from "../../sim/core/rows.js";
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
export function gradientSquares({ arrays: { gram, h, ahead }, rows, shape }: Head): {
  all: number;
  drifts: number;
} {
  const { embeddings: G, regularized: R } = shape;
  const hidden = [...rowsOf(h, rows), ...rowsOf(ahead, rows)];
  const stride = gram.length / CHUNKS;
  let all = 0;
  let drifts = 0;
  for (let s = 0; s < G + R; s++) {
    for (let t = 0; t <= s; t++) {
      const product = overChunks(gram, (s * (G + R) + t) * 4, stride);
      all += (s === t ? 1 : 2) * product * dot(hidden[s]!, hidden[t]!);
      if (s === t && s >= G) drifts += product;
    }
  }
  return { all, drifts };
}

/**
 * The sum of squares of Σ_g h_g ⊗ d_g.
 * @param h `[G, rows]`
 * @param products of the d's, `[G, G]`
 */
export function outerSquares(h: Float32Array, products: Float32Array): number {
  const G = Math.sqrt(products.length);
  const hidden = rowsOf(h, h.length / G);
  let sum = 0;
  for (let s = 0; s < G; s++) {
    for (let t = 0; t < G; t++) sum += dot(hidden[s]!, hidden[t]!) * products[s * G + t]!;
  }
  return sum;
}

function dot(a: Float32Array, b: Float32Array): number {
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
