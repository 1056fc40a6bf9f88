import { writeAhead, writeAheadOfSeveral } from "./ahead";
import { drift, driftOfTwo } from "./drift";
import { addBackward, addBackwardOfTwo } from "./products";
import { addProduct, ROW } from "./tile";

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
