// The fused last layer of a hypernetwork. Its weights W, with Adam's moments M and V, are kept in tiles of 16
// columns: tile t holds [rows][16] numbers, contiguous, so that every pass streams through memory in order and a
// tile's look-ahead copy fits in the first-level cache. The last row is the bias; its input is 1.
//
// The gradient of the layer is a sum of outer products h ⊗ d, one per embedding. It is never stored: each pass
// makes it, number by number, from h [rows] and d [columns].

import { mulAdd, subProduct } from "../../../sim/core/assembly/simd";

/** Bytes of one row of a tile. */
const ROW: usize = 64;

/** out [columns] = h · W for tiles first … last - 1. */
export function forward(first: usize, last: usize, rows: usize, w: usize, h: usize, out: usize): void {
  const end = h + (rows << 2);
  let row = w + first * rows * ROW;
  for (let at = out + first * ROW, stop = out + last * ROW; at < stop; at += ROW) {
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let hp = h; hp < end; hp += 4) {
      const hr = v128.load32_splat(hp);
      a = mulAdd(hr, v128.load(row), a);
      b = mulAdd(hr, v128.load(row, 16), b);
      c = mulAdd(hr, v128.load(row, 32), c);
      d = mulAdd(hr, v128.load(row, 48), d);
      row += ROW;
    }
    v128.store(at, a);
    v128.store(at, b, 16);
    v128.store(at, c, 32);
    v128.store(at, d, 48);
  }
}

/** sums [rows][4] = W · d over the columns of tiles first … last - 1; the four lanes are still to be added. */
export function backward(first: usize, last: usize, rows: usize, w: usize, d: usize, sums: usize): void {
  memory.fill(sums, 0, rows << 4);
  const end = sums + (rows << 4);
  let row = w + first * rows * ROW;
  for (let dp = d + first * ROW, stop = d + last * ROW; dp < stop; dp += ROW) {
    row = addBackward(row, dp, sums, end);
  }
}

/** Adds one tile's W · d to sums; returns the address after the tile. */
// @ts-ignore: decorator
@inline
function addBackward(tile: usize, d: usize, sums: usize, end: usize): usize {
  const d0 = v128.load(d);
  const d1 = v128.load(d, 16);
  const d2 = v128.load(d, 32);
  const d3 = v128.load(d, 48);
  let row = tile;
  for (let s = sums; s < end; s += 16) {
    const a = mulAdd(v128.load(row, 16), d1, f32x4.mul(v128.load(row), d0));
    const b = mulAdd(v128.load(row, 48), d3, f32x4.mul(v128.load(row, 32), d2));
    v128.store(s, f32x4.add(v128.load(s), f32x4.add(a, b)));
    row += ROW;
  }
  return row;
}

/** The same for two rows of d, reading the tile once; the second row's sums lie `size` bytes further. */
// @ts-ignore: decorator
@inline
function addBackwardOfTwo(tile: usize, d: usize, stride: usize, sums: usize, size: usize): void {
  const d0 = v128.load(d);
  const d1 = v128.load(d, 16);
  const d2 = v128.load(d, 32);
  const d3 = v128.load(d, 48);
  const e0 = v128.load(d + stride);
  const e1 = v128.load(d + stride, 16);
  const e2 = v128.load(d + stride, 32);
  const e3 = v128.load(d + stride, 48);
  for (let end = sums + size; sums < end; sums += 16) {
    const w0 = v128.load(tile);
    const w1 = v128.load(tile, 16);
    const w2 = v128.load(tile, 32);
    const w3 = v128.load(tile, 48);
    const a = mulAdd(w1, d1, f32x4.mul(w0, d0));
    const b = mulAdd(w3, d3, f32x4.mul(w2, d2));
    v128.store(sums, f32x4.add(v128.load(sums), f32x4.add(a, b)));
    const c = mulAdd(w1, e1, f32x4.mul(w0, e0));
    const d = mulAdd(w3, e3, f32x4.mul(w2, e2));
    v128.store(sums + size, f32x4.add(v128.load(sums + size), f32x4.add(c, d)));
    tile += ROW;
  }
}

/** Adam's step for four weights: what W would become with these moments. */
// @ts-ignore: decorator
@inline
function stepped(w: v128, m: v128, v: v128, stepSize: v128, epsilon: v128): v128 {
  return subProduct(w, f32x4.div(m, f32x4.add(f32x4.sqrt(v), epsilon)), stepSize);
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

/**
 * The regulariser at Θ + ΔΘ for tiles first … last - 1. For each tile: the weights after the step that the task's
 * gradient alone would take, Σ h ⊗ d over its G embeddings; what they generate for R earlier embeddings; the drift from
 * the targets, times `coefficient`, in d[G … G + R - 1]; and the sums W' · d for the hidden layers.
 * @param h0 hidden outputs of the task's embeddings, [G][rows]; their d's are d[0 … G - 1]
 * @param ahead hidden outputs of the earlier embeddings under the look-ahead, [R][rows]
 * @param targets addresses of the R target rows, each [columns]
 * @param d [G + R][stride bytes]: the first G are read, the others are written
 * @param scratch [rows][16]
 * @param sums [R][rows][4]
 * @param gram [G + R][G + R][4], lower triangle: products of the d's over these columns, lanes to be added
 */
export function lookAhead(
  first: usize,
  last: usize,
  rows: usize,
  w: usize,
  m: usize,
  v: usize,
  h0: usize,
  G: usize,
  ahead: usize,
  R: usize,
  targets: usize,
  d: usize,
  stride: usize,
  coefficient: f32,
  adam: usize,
  scratch: usize,
  sums: usize,
  gram: usize,
): void {
  const count = G + R;
  memory.fill(sums, 0, (R * rows) << 4);
  memory.fill(gram, 0, (count * count) << 4);
  const tile = rows * ROW;
  for (let t = first; t < last; t++) {
    const at = t * ROW;
    const from = t * tile;
    const d0 = d + at;
    const d1 = d0 + G * stride;
    const target = load<usize>(targets) + at;
    if (G === 1) {
      writeAhead(rows, w + from, m + from, v + from, h0, d0, adam, scratch, ahead, target, coefficient, d1);
    } else {
      writeAheadOfSeveral(
        rows,
        w + from,
        m + from,
        v + from,
        h0,
        G,
        d0,
        stride,
        adam,
        scratch,
        ahead,
        target,
        coefficient,
        d1,
      );
    }
    let j: usize = 1;
    for (; j + 1 < R; j += 2) {
      const one = load<usize>(targets + (j << 2)) + at;
      const two = load<usize>(targets + (j << 2), 4) + at;
      const dj = d1 + j * stride;
      driftOfTwo(rows, scratch, ahead + ((j * rows) << 2), one, two, coefficient, dj, dj + stride);
    }
    if (j < R) {
      const one = load<usize>(targets + (j << 2)) + at;
      drift(rows, scratch, ahead + ((j * rows) << 2), one, coefficient, d1 + j * stride);
    }
    for (j = 0; j + 1 < R; j += 2) {
      const s = sums + ((j * rows) << 4);
      addBackwardOfTwo(scratch, d1 + j * stride, stride, s, rows << 4);
    }
    if (j < R) {
      const s = sums + ((j * rows) << 4);
      addBackward(scratch, d1 + j * stride, s, s + (rows << 4));
    }
    for (let a: usize = 0; a < count; a++) {
      for (let b: usize = 0; b <= a; b++) {
        addProduct(d0 + a * stride, d0 + b * stride, gram + ((a * count + b) << 4));
      }
    }
  }
}

/** scratch = one tile's weights after the task's own step; dOut = what they generate for h, less the target. */
// @ts-ignore: decorator
@inline
function writeAhead(
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
function writeAheadOfSeveral(
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

/** d = (sums - target) · coefficient for the 16 columns of a tile. */
// @ts-ignore: decorator
@inline
function storeDrift(s0: v128, s1: v128, s2: v128, s3: v128, target: usize, coefficient: f32, d: usize): void {
  const k = f32x4.splat(coefficient);
  v128.store(d, f32x4.mul(f32x4.sub(s0, v128.load(target)), k));
  v128.store(d, f32x4.mul(f32x4.sub(s1, v128.load(target, 16)), k), 16);
  v128.store(d, f32x4.mul(f32x4.sub(s2, v128.load(target, 32)), k), 32);
  v128.store(d, f32x4.mul(f32x4.sub(s3, v128.load(target, 48)), k), 48);
}

/** d = (h · tile - target) · coefficient for one tile and one embedding. */
// @ts-ignore: decorator
@inline
function drift(rows: usize, tile: usize, h: usize, target: usize, coefficient: f32, d: usize): void {
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
function driftOfTwo(
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

/** Adds the products of two tiles' numbers, lane by lane. */
// @ts-ignore: decorator
@inline
function addProduct(a: usize, b: usize, sum: usize): void {
  const x = mulAdd(v128.load(a, 16), v128.load(b, 16), f32x4.mul(v128.load(a), v128.load(b)));
  const y = mulAdd(v128.load(a, 48), v128.load(b, 48), f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
  v128.store(sum, f32x4.add(v128.load(sum), f32x4.add(x, y)));
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

/** Whether `mulAdd` rounds once: x must be 1 + 2^-12, whose square has a last bit that a rounded product does not keep. */
export function roundsOnce(x: f32): bool {
  const a = f32x4.splat(x);
  const rounded = f32x4.mul(a, a);
  return f32x4.extract_lane(mulAdd(a, a, f32x4.neg(rounded)), 0) != 0;
}
