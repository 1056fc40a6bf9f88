import { mulAdd } from "../../../sim/core/assembly/simd";
import { ROW } from "./tile";

/** d = (h · tile - target) · coefficient for one tile and one embedding. */
// @ts-ignore: decorator
@inline
export function drift(rows: usize, tile: usize, h: usize, target: usize, coefficient: f32, d: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  for (let end = h + (rows << 2); h < end; h += 4) {
    const hr = v128.load32_splat(h);
    a0 = mulAdd(hr, v128.load(tile), a0);
    a1 = mulAdd(hr, v128.load(tile, 16), a1);
    a2 = mulAdd(hr, v128.load(tile, 32), a2);
    a3 = mulAdd(hr, v128.load(tile, 48), a3);
    tile += ROW;
  }
  storeDrift(a0, a1, a2, a3, target, coefficient, d);
}

/** The same for the embeddings of h and h + `rows` numbers, reading the tile once. */
// @ts-ignore: decorator
@inline
export function driftOfTwo(
  rows: usize,
  tile: usize,
  h: usize,
  target: usize,
  otherTarget: usize,
  coefficient: f32,
  d: usize,
  otherD: usize,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const end = h + (rows << 2);
  let other = end;
  for (; h < end; h += 4) {
    const hr = v128.load32_splat(h);
    const or = v128.load32_splat(other);
    const w0 = v128.load(tile);
    const w1 = v128.load(tile, 16);
    const w2 = v128.load(tile, 32);
    const w3 = v128.load(tile, 48);
    a0 = mulAdd(hr, w0, a0);
    a1 = mulAdd(hr, w1, a1);
    a2 = mulAdd(hr, w2, a2);
    a3 = mulAdd(hr, w3, a3);
    b0 = mulAdd(or, w0, b0);
    b1 = mulAdd(or, w1, b1);
    b2 = mulAdd(or, w2, b2);
    b3 = mulAdd(or, w3, b3);
    tile += ROW;
    other += 4;
  }
  storeDrift(a0, a1, a2, a3, target, coefficient, d);
  storeDrift(b0, b1, b2, b3, otherTarget, coefficient, otherD);
}

/** d = (sums - target) · coefficient for the 16 columns of a tile. */
// @ts-ignore: decorator
@inline
export function storeDrift(s0: v128, s1: v128, s2: v128, s3: v128, target: usize, coefficient: f32, d: usize): void {
  const k = f32x4.splat(coefficient);
  v128.store(d, f32x4.mul(f32x4.sub(s0, v128.load(target)), k));
  v128.store(d, f32x4.mul(f32x4.sub(s1, v128.load(target, 16)), k), 16);
  v128.store(d, f32x4.mul(f32x4.sub(s2, v128.load(target, 32)), k), 32);
  v128.store(d, f32x4.mul(f32x4.sub(s3, v128.load(target, 48)), k), 48);
}
