import { mulAdd } from "../../../sim/core/assembly/simd";
import { storeDrift } from "./drift";
import { ROW, stepped } from "./tile";

/** scratch = one tile's weights after the task's own step; dOut = what they generate for h, less the target. */
// @ts-ignore: decorator
@inline
export function writeAhead(
  rows: usize,
  w: usize,
  m: usize,
  v: usize,
  h0: usize,
  d: usize,
  adam: usize,
  scratch: usize,
  h: usize,
  target: usize,
  coefficient: f32,
  dOut: usize,
): void {
  const beta1 = v128.load32_splat(adam);
  const rest1 = v128.load32_splat(adam, 4);
  const beta2 = v128.load32_splat(adam, 8);
  const rest2 = v128.load32_splat(adam, 12);
  const step = v128.load32_splat(adam, 16);
  const eps = v128.load32_splat(adam, 20);
  const d0 = v128.load(d);
  const d1 = v128.load(d, 16);
  const d2 = v128.load(d, 32);
  const d3 = v128.load(d, 48);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = h0 + (rows << 2);
  for (let hp = h0; hp < end; hp += 4) {
    const hr = v128.load32_splat(hp);
    const hm = f32x4.mul(hr, rest1);
    const hv = f32x4.mul(hr, rest2);
    const next = v128.load32_splat(h);
    s0 = storeAhead(0, w, m, v, f32x4.mul(hm, d0), f32x4.mul(hv, d0), beta1, beta2, step, eps, scratch, next, s0);
    s1 = storeAhead(16, w, m, v, f32x4.mul(hm, d1), f32x4.mul(hv, d1), beta1, beta2, step, eps, scratch, next, s1);
    s2 = storeAhead(32, w, m, v, f32x4.mul(hm, d2), f32x4.mul(hv, d2), beta1, beta2, step, eps, scratch, next, s2);
    s3 = storeAhead(48, w, m, v, f32x4.mul(hm, d3), f32x4.mul(hv, d3), beta1, beta2, step, eps, scratch, next, s3);
    w += ROW;
    m += ROW;
    v += ROW;
    scratch += ROW;
    h += 4;
  }
  storeDrift(s0, s1, s2, s3, target, coefficient, dOut);
}

/** The same with the gradient of G embeddings, Σ_g h_g ⊗ d_g: `h0` is [G][rows], and `d` [G][stride bytes]. */
// @ts-ignore: decorator
@inline
export function writeAheadOfSeveral(
  rows: usize,
  w: usize,
  m: usize,
  v: usize,
  h0: usize,
  G: usize,
  d: usize,
  stride: usize,
  adam: usize,
  scratch: usize,
  h: usize,
  target: usize,
  coefficient: f32,
  dOut: usize,
): void {
  const beta1 = v128.load32_splat(adam);
  const rest1 = v128.load32_splat(adam, 4);
  const beta2 = v128.load32_splat(adam, 8);
  const rest2 = v128.load32_splat(adam, 12);
  const step = v128.load32_splat(adam, 16);
  const eps = v128.load32_splat(adam, 20);
  const dEnd = d + G * stride;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = h0 + (rows << 2);
  for (let hp = h0; hp < end; hp += 4) {
    let hg = hp;
    const hr = v128.load32_splat(hg);
    let g0 = f32x4.mul(hr, v128.load(d));
    let g1 = f32x4.mul(hr, v128.load(d, 16));
    let g2 = f32x4.mul(hr, v128.load(d, 32));
    let g3 = f32x4.mul(hr, v128.load(d, 48));
    for (let dg = d + stride; dg < dEnd; dg += stride) {
      hg += rows << 2;
      const ho = v128.load32_splat(hg);
      g0 = mulAdd(ho, v128.load(dg), g0);
      g1 = mulAdd(ho, v128.load(dg, 16), g1);
      g2 = mulAdd(ho, v128.load(dg, 32), g2);
      g3 = mulAdd(ho, v128.load(dg, 48), g3);
    }
    const next = v128.load32_splat(h);
    s0 = storeAhead(0, w, m, v, f32x4.mul(g0, rest1), f32x4.mul(g0, rest2), beta1, beta2, step, eps, scratch, next, s0);
    s1 = storeAhead(16, w, m, v, f32x4.mul(g1, rest1), f32x4.mul(g1, rest2), beta1, beta2, step, eps, scratch, next, s1);
    s2 = storeAhead(32, w, m, v, f32x4.mul(g2, rest1), f32x4.mul(g2, rest2), beta1, beta2, step, eps, scratch, next, s2);
    s3 = storeAhead(48, w, m, v, f32x4.mul(g3, rest1), f32x4.mul(g3, rest2), beta1, beta2, step, eps, scratch, next, s3);
    w += ROW;
    m += ROW;
    v += ROW;
    scratch += ROW;
    h += 4;
  }
  storeDrift(s0, s1, s2, s3, target, coefficient, dOut);
}

/**
 * Writes the look-ahead of the four weights at `w + at`, given (1 - β1) g and √(1 - β2) g, to `out + at`; returns `sum`
 * with their product with `next` added.
 */
// @ts-ignore: decorator
@inline
function storeAhead(
  at: usize,
  w: usize,
  m: usize,
  v: usize,
  gm: v128,
  gv: v128,
  beta1: v128,
  beta2: v128,
  step: v128,
  epsilon: v128,
  out: usize,
  next: v128,
  sum: v128,
): v128 {
  const nextM = mulAdd(v128.load(m + at), beta1, gm);
  const nextV = mulAdd(gv, gv, f32x4.mul(v128.load(v + at), beta2));
  const ahead = stepped(v128.load(w + at), nextM, nextV, step, epsilon);
  v128.store(out + at, ahead);
  return mulAdd(next, ahead, sum);
}
