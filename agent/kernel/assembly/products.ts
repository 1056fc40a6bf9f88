import { mulAdd } from "../../../sim/core/assembly/simd";
import { ROW } from "./tile";

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
export function addBackward(tile: usize, d: usize, sums: usize, end: usize): usize {
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
export function addBackwardOfTwo(tile: usize, d: usize, stride: usize, sums: usize, size: usize): void {
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
