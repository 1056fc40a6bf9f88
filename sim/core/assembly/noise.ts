// Standard normal numbers, eight at a time: four streams of xoshiro128++ (Blackman & Vigna, "Scrambled Linear
// Pseudorandom Number Generators", 2021) and the Box-Muller transform, with the polynomials of the Cephes library
// (Moshier) for logarithm, sine and cosine in float32.

import { mulAdd } from "./simd";

// @ts-ignore: decorator
@inline
function rotate(x: v128, k: i32): v128 {
  return v128.or(i32x4.shl(x, k), i32x4.shr_u(x, 32 - k));
}

/** Natural logarithm of numbers in (0, 1]. */
// @ts-ignore: decorator
@inline
function log(u: v128): v128 {
  // u = m · 2^e with m in [√½, √2)
  const shifted = i32x4.sub(u, i32x4.splat(0x3f3504f3));
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const x = f32x4.sub(m, f32x4.splat(1));
  const z = f32x4.mul(x, x);
  let p = mulAdd(f32x4.splat(7.0376836292e-2), x, f32x4.splat(-1.151461031e-1));
  p = mulAdd(p, x, f32x4.splat(1.167699874e-1));
  p = mulAdd(p, x, f32x4.splat(-1.2420140846e-1));
  p = mulAdd(p, x, f32x4.splat(1.4249322787e-1));
  p = mulAdd(p, x, f32x4.splat(-1.6668057665e-1));
  p = mulAdd(p, x, f32x4.splat(2.0000714765e-1));
  p = mulAdd(p, x, f32x4.splat(-2.4999993993e-1));
  p = mulAdd(p, x, f32x4.splat(3.3333331174e-1));
  p = f32x4.mul(f32x4.mul(p, x), z);
  p = mulAdd(e, f32x4.splat(-2.12194440e-4), p);
  p = mulAdd(z, f32x4.splat(-0.5), p);
  return mulAdd(e, f32x4.splat(0.693359375), f32x4.add(x, p));
}

/**
 * Writes `count` standard normal numbers.
 * @param state four vectors of four 32-bit words, one lane for each stream; goes on from call to call
 * @param count a multiple of 8
 */
export function fillNormal(state: usize, out: usize, count: usize): void {
  let s0 = v128.load(state);
  let s1 = v128.load(state, 16);
  let s2 = v128.load(state, 32);
  let s3 = v128.load(state, 48);
  for (const end = out + (count << 2); out < end; out += 32) {
    // Two draws: one for the radius, one for the angle.
    let sum = i32x4.add(s0, s3);
    const a = i32x4.add(rotate(sum, 7), s0);
    let t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);
    sum = i32x4.add(s0, s3);
    const b = i32x4.add(rotate(sum, 7), s0);
    t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);

    // (a + ½) / 2³², never 0
    const u = mulAdd(f32x4.convert_i32x4_u(a), f32x4.splat(2.3283064365386963e-10), f32x4.splat(1.1641532182693481e-10));
    const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2), log(u)));
    // 29 bits choose an angle in [-π/4, π/4); the other three swap sine and cosine and choose their signs.
    const fraction = f32x4.convert_i32x4_s(v128.and(b, i32x4.splat(0x1fffffff)));
    const x = mulAdd(fraction, f32x4.splat(2.925836159896768e-9), f32x4.splat(-0.7853981633974483));
    const z = f32x4.mul(x, x);
    let s = mulAdd(f32x4.splat(-1.9515295891e-4), z, f32x4.splat(8.3321608736e-3));
    s = mulAdd(s, z, f32x4.splat(-1.6666654611e-1));
    s = mulAdd(f32x4.mul(s, z), x, x);
    let c = mulAdd(f32x4.splat(2.443315711809948e-5), z, f32x4.splat(-1.388731625493765e-3));
    c = mulAdd(c, z, f32x4.splat(4.166664568298827e-2));
    c = f32x4.add(mulAdd(f32x4.mul(c, z), z, f32x4.mul(z, f32x4.splat(-0.5))), f32x4.splat(1));
    const swap = i32x4.shr_s(b, 31);
    const first = v128.xor(v128.bitselect(s, c, swap), v128.and(i32x4.shl(b, 1), i32x4.splat(0x80000000)));
    const second = v128.xor(v128.bitselect(c, s, swap), v128.and(i32x4.shl(b, 2), i32x4.splat(0x80000000)));
    v128.store(out, f32x4.mul(radius, first));
    v128.store(out, f32x4.mul(radius, second), 16);
  }
  v128.store(state, s0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
}

/**
 * out [size, width] = map [size, size] · x [size, width].
 * @param width a multiple of 8
 */
export function multiply(map: usize, x: usize, out: usize, size: usize, width: usize): void {
  const stride = width << 2;
  const end = map + ((size * size) << 2);
  for (let row = map; row < end; ) {
    const next = row + (size << 2);
    for (let j: usize = 0; j < stride; j += 32) {
      let a = f32x4.splat(0);
      let b = a;
      let at = x + j;
      for (let m = row; m < next; m += 4) {
        const w = v128.load32_splat(m);
        a = mulAdd(w, v128.load(at), a);
        b = mulAdd(w, v128.load(at, 16), b);
        at += stride;
      }
      v128.store(out + j, a);
      v128.store(out + j, b, 16);
    }
    out += stride;
    row = next;
  }
}
