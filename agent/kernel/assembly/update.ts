import { mulAdd } from "../../../sim/core/assembly/simd";
import { ROW, stepped } from "./tile";

/**
 * Adam's step for tiles first … last - 1 with the gradient Σ_t h_t ⊗ d_t, and at once what the new weights
 * generate for the next minibatch.
 * @param h [rows][T], already times the clip scale
 * @param d [T][stride bytes]
 * @param next hidden output for the next minibatch, [rows]
 * @param out generated weights [columns]
 */
export function update(
  first: usize,
  last: usize,
  rows: usize,
  w: usize,
  m: usize,
  v: usize,
  h: usize,
  T: usize,
  d: usize,
  stride: usize,
  adam: usize,
  next: usize,
  out: usize,
): void {
  const beta1 = v128.load32_splat(adam);
  const rest1 = v128.load32_splat(adam, 4);
  const beta2 = v128.load32_splat(adam, 8);
  const rest2 = v128.load32_splat(adam, 12);
  const step = v128.load32_splat(adam, 16);
  const eps = v128.load32_splat(adam, 20);
  const end = next + (rows << 2);
  const from = first * rows * ROW;
  w += from;
  m += from;
  v += from;
  for (let t = first; t < last; t++) {
    const at = t * ROW;
    const dt = d + at;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let hp = h;
    for (let np = next; np < end; np += 4) {
      const hr = v128.load32_splat(hp);
      let g0 = f32x4.mul(hr, v128.load(dt));
      let g1 = f32x4.mul(hr, v128.load(dt, 16));
      let g2 = f32x4.mul(hr, v128.load(dt, 32));
      let g3 = f32x4.mul(hr, v128.load(dt, 48));
      const hEnd = hp + (T << 2);
      let dp = dt;
      for (hp += 4; hp < hEnd; hp += 4) {
        dp += stride;
        const ht = v128.load32_splat(hp);
        g0 = mulAdd(ht, v128.load(dp), g0);
        g1 = mulAdd(ht, v128.load(dp, 16), g1);
        g2 = mulAdd(ht, v128.load(dp, 32), g2);
        g3 = mulAdd(ht, v128.load(dp, 48), g3);
      }
      const n = v128.load32_splat(np);
      s0 = mulAdd(n, adamStep(w, m, v, g0, beta1, rest1, beta2, rest2, step, eps), s0);
      s1 = mulAdd(n, adamStep(w + 16, m + 16, v + 16, g1, beta1, rest1, beta2, rest2, step, eps), s1);
      s2 = mulAdd(n, adamStep(w + 32, m + 32, v + 32, g2, beta1, rest1, beta2, rest2, step, eps), s2);
      s3 = mulAdd(n, adamStep(w + 48, m + 48, v + 48, g3, beta1, rest1, beta2, rest2, step, eps), s3);
      w += ROW;
      m += ROW;
      v += ROW;
    }
    v128.store(out + at, s0);
    v128.store(out + at, s1, 16);
    v128.store(out + at, s2, 32);
    v128.store(out + at, s3, 48);
  }
}

/** Adam for four weights with gradient g, in place; returns the new weights. */
// @ts-ignore: decorator
@inline
function adamStep(
  w: usize,
  m: usize,
  v: usize,
  g: v128,
  beta1: v128,
  rest1: v128,
  beta2: v128,
  rest2: v128,
  step: v128,
  epsilon: v128,
): v128 {
  const gv = f32x4.mul(g, rest2);
  const nextM = mulAdd(g, rest1, f32x4.mul(v128.load(m), beta1));
  const nextV = mulAdd(gv, gv, f32x4.mul(v128.load(v), beta2));
  const next = stepped(v128.load(w), nextM, nextV, step, epsilon);
  v128.store(m, nextM);
  v128.store(v, nextV);
  v128.store(w, next);
  return next;
}
