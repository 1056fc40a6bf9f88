// A dynamics network for a few states at once, forwards and backwards. States are rows; a row of n numbers takes the space of
// the next multiple of 8. Weights are kept in tiles of 8 columns: tile t holds [inner][8] numbers, contiguous. Every sum is
// added up in the same order, whichever row it belongs to and however many rows there are.

import { mulAdd } from "../../../sim/core/assembly/simd";

/** Bytes of one row of a tile. */
const ROW: usize = 32;
/** Rows that share a pass over a tile: with two vectors each, as many sums as there are registers for. */
const SHARED: usize = 5;

/**
 * out [rows][8 · tiles] = start + x · W, the same `start` for every row.
 * @param inner numbers of a row of x that count, an even number
 * @param stride bytes from one row of x to the next
 * @param w [tiles][inner][8]
 * @param start [8 · tiles]
 * @param outStride bytes from one row of out to the next
 */
export function multiply(
  rows: usize,
  inner: usize,
  tiles: usize,
  x: usize,
  stride: usize,
  w: usize,
  start: usize,
  out: usize,
  outStride: usize,
): void {
  const width = tiles * ROW;
  const tile = inner * ROW;
  for (let at: usize = 0; at < width; at += ROW) {
    let left = rows;
    let from = x;
    let to = out + at;
    for (; left >= SHARED; left -= SHARED) {
      multiplyTile(5, inner, from, stride, w, start + at, to, outStride);
      from += SHARED * stride;
      to += SHARED * outStride;
    }
    if (left == 4) multiplyTile(4, inner, from, stride, w, start + at, to, outStride);
    else if (left == 3) multiplyTile(3, inner, from, stride, w, start + at, to, outStride);
    else if (left == 2) multiplyTile(2, inner, from, stride, w, start + at, to, outStride);
    else if (left == 1) multiplyTile(1, inner, from, stride, w, start + at, to, outStride);
    w += tile;
  }
}

/**
 * The product of one tile with one to five rows, two numbers of each row at a time. `rows` is a constant, so that what is left
 * out costs nothing.
 */
// @ts-ignore: decorator
@inline
function multiplyTile(
  rows: i32,
  inner: usize,
  x: usize,
  stride: usize,
  w: usize,
  start: usize,
  out: usize,
  outStride: usize,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let b0 = a0;
  let b1 = a1;
  let c0 = a0;
  let c1 = a1;
  let d0 = a0;
  let d1 = a1;
  let e0 = a0;
  let e1 = a1;
  let xa = x;
  let xb = xa + stride;
  let xc = xb + stride;
  let xd = xc + stride;
  let xe = xd + stride;
  for (const end = w + inner * ROW; w < end; w += 2 * ROW) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const a = v128.load32_splat(xa);
    a0 = mulAdd(a, w0, a0);
    a1 = mulAdd(a, w1, a1);
    if (rows > 1) {
      const b = v128.load32_splat(xb);
      b0 = mulAdd(b, w0, b0);
      b1 = mulAdd(b, w1, b1);
    }
    if (rows > 2) {
      const c = v128.load32_splat(xc);
      c0 = mulAdd(c, w0, c0);
      c1 = mulAdd(c, w1, c1);
    }
    if (rows > 3) {
      const d = v128.load32_splat(xd);
      d0 = mulAdd(d, w0, d0);
      d1 = mulAdd(d, w1, d1);
    }
    if (rows > 4) {
      const e = v128.load32_splat(xe);
      e0 = mulAdd(e, w0, e0);
      e1 = mulAdd(e, w1, e1);
    }
    const w2 = v128.load(w, 32);
    const w3 = v128.load(w, 48);
    const an = v128.load32_splat(xa, 4);
    a0 = mulAdd(an, w2, a0);
    a1 = mulAdd(an, w3, a1);
    xa += 8;
    if (rows > 1) {
      const bn = v128.load32_splat(xb, 4);
      b0 = mulAdd(bn, w2, b0);
      b1 = mulAdd(bn, w3, b1);
      xb += 8;
    }
    if (rows > 2) {
      const cn = v128.load32_splat(xc, 4);
      c0 = mulAdd(cn, w2, c0);
      c1 = mulAdd(cn, w3, c1);
      xc += 8;
    }
    if (rows > 3) {
      const dn = v128.load32_splat(xd, 4);
      d0 = mulAdd(dn, w2, d0);
      d1 = mulAdd(dn, w3, d1);
      xd += 8;
    }
    if (rows > 4) {
      const en = v128.load32_splat(xe, 4);
      e0 = mulAdd(en, w2, e0);
      e1 = mulAdd(en, w3, e1);
      xe += 8;
    }
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  if (rows > 1) {
    v128.store(out + outStride, b0);
    v128.store(out + outStride, b1, 16);
  }
  if (rows > 2) {
    v128.store(out + 2 * outStride, c0);
    v128.store(out + 2 * outStride, c1, 16);
  }
  if (rows > 3) {
    v128.store(out + 3 * outStride, d0);
    v128.store(out + 3 * outStride, d1, 16);
  }
  if (rows > 4) {
    v128.store(out + 4 * outStride, e0);
    v128.store(out + 4 * outStride, e1, 16);
  }
}

/** Replaces each number y by max(y, 0). */
export function relu(y: usize, count: usize): void {
  const zero = f32x4.splat(0);
  for (const end = y + (count << 2); y < end; y += 16) v128.store(y, f32x4.pmax(v128.load(y), zero));
}

/** Multiplies each d by the slope of `relu` where it gave y. */
export function reluSlope(y: usize, d: usize, count: usize): void {
  const zero = f32x4.splat(0);
  for (const end = y + (count << 2); y < end; y += 16) {
    v128.store(d, v128.and(v128.load(d), f32x4.gt(v128.load(y), zero)));
    d += 16;
  }
}

/** y where y > 0 and e^y - 1 elsewhere; the polynomial is that of the Cephes library (Moshier). */
// @ts-ignore: decorator
@inline
function eluOf(y: v128): v128 {
  const zero = f32x4.splat(0);
  // Below -80 the result is -1 to the last digit. NaN passes through pmin and pmax because it is their first operand.
  const x = f32x4.pmax(f32x4.pmin(y, zero), f32x4.splat(-80));
  // e^x = 2^n e^r with |r| ≤ ln 2 / 2; adding 1.5 · 2^23 rounds, and leaves n in the lowest bits.
  const rounded = mulAdd(x, f32x4.splat(1.44269504088896341), f32x4.splat(12582912));
  const n = f32x4.sub(rounded, f32x4.splat(12582912));
  const r = mulAdd(n, f32x4.splat(2.12194440e-4), mulAdd(n, f32x4.splat(-0.693359375), x));
  let p = mulAdd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  p = mulAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = mulAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = mulAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = mulAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = mulAdd(p, f32x4.mul(r, r), r);
  const one = f32x4.splat(1);
  const scale = i32x4.add(i32x4.shl(rounded, 23), one);
  return f32x4.add(f32x4.pmax(y, zero), mulAdd(scale, p, f32x4.sub(scale, one)));
}

/** Replaces each number y by `eluOf(y)`, two vectors at a time, so that constants are loaded once for both. */
export function elu(y: usize, count: usize): void {
  for (const end = y + (count << 2); y < end; y += 32) {
    const a = v128.load(y);
    const b = v128.load(y, 16);
    v128.store(y, eluOf(a));
    v128.store(y, eluOf(b), 16);
  }
}

/** Multiplies each d by the slope of `elu` where it gave y: 1 above 0, e^x = y + 1 below. */
export function eluSlope(y: usize, d: usize, count: usize): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (const end = y + (count << 2); y < end; y += 16) {
    v128.store(d, f32x4.mul(v128.load(d), f32x4.add(f32x4.pmin(v128.load(y), zero), one)));
    d += 16;
  }
}

/** Replaces each number y by tanh(y); the rational approximation is that of the Eigen library. */
export function tanh(y: usize, count: usize): void {
  for (const end = y + (count << 2); y < end; y += 16) {
    const x = f32x4.pmax(f32x4.pmin(v128.load(y), f32x4.splat(9)), f32x4.splat(-9));
    const z = f32x4.mul(x, x);
    let p = mulAdd(f32x4.splat(-2.76076847742355e-16), z, f32x4.splat(2.00018790482477e-13));
    p = mulAdd(p, z, f32x4.splat(-8.60467152213735e-11));
    p = mulAdd(p, z, f32x4.splat(5.12229709037114e-8));
    p = mulAdd(p, z, f32x4.splat(1.48572235717979e-5));
    p = mulAdd(p, z, f32x4.splat(6.37261928875436e-4));
    p = mulAdd(p, z, f32x4.splat(4.89352455891786e-3));
    let q = mulAdd(f32x4.splat(1.19825839466702e-6), z, f32x4.splat(1.18534705686654e-4));
    q = mulAdd(q, z, f32x4.splat(2.26843463243900e-3));
    q = mulAdd(q, z, f32x4.splat(4.89352518554385e-3));
    v128.store(y, f32x4.div(f32x4.mul(x, p), q));
  }
}

/** Multiplies each d by the slope of `tanh` where it gave y. */
export function tanhSlope(y: usize, d: usize, count: usize): void {
  const one = f32x4.splat(1);
  for (const end = y + (count << 2); y < end; y += 16) {
    const value = v128.load(y);
    v128.store(d, f32x4.mul(v128.load(d), f32x4.sub(one, f32x4.mul(value, value))));
    d += 16;
  }
}
