// The fused last layer of a hypernetwork. Its weights W, with Adam's moments M and V, are kept in tiles of 16
// columns: tile t holds [rows][16] numbers, contiguous, so that every pass streams through memory in order and a
// tile's look-ahead copy fits in the first-level cache. The last row is the bias; its input is 1.
//
// The gradient of the layer is a sum of outer products h ⊗ d, one per embedding. It is never stored: each pass
// makes it, number by number, from h [rows] and d [columns].

import { mulAdd, subProduct } from "../../../sim/core/assembly/simd";

/** Bytes of one row of a tile. */
export const ROW: usize = 64;

/** Adam's step for four weights: what W would become with these moments. */
// @ts-ignore: decorator
@inline
export function stepped(w: v128, m: v128, v: v128, stepSize: v128, epsilon: v128): v128 {
  return subProduct(w, f32x4.div(m, f32x4.add(f32x4.sqrt(v), epsilon)), stepSize);
}

/** Adds the products of two tiles' numbers, lane by lane. */
// @ts-ignore: decorator
@inline
export function addProduct(a: usize, b: usize, sum: usize): void {
  const x = mulAdd(v128.load(a, 16), v128.load(b, 16), f32x4.mul(v128.load(a), v128.load(b)));
  const y = mulAdd(v128.load(a, 48), v128.load(b, 48), f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
  v128.store(sum, f32x4.add(v128.load(sum), f32x4.add(x, y)));
}

/** Whether `mulAdd` rounds once: x must be 1 + 2^-12, whose square has a last bit that a rounded product does not keep. */
export function roundsOnce(x: f32): bool {
  const a = f32x4.splat(x);
  const rounded = f32x4.mul(a, a);
  return f32x4.extract_lane(mulAdd(a, a, f32x4.neg(rounded)), 0) != 0;
}
