import { medianOf } from "../../sim/core/median.js";
import { alignedArrays } from "../graph/session.js";
import { Normalizer, type NormalizerArrays } from "./normalizer.js";
import type { TrainingData } from "./replay-buffer.js";

/** Turns a median absolute deviation into the standard deviation of a normal distribution. */
const MAD_TO_STD = 1.4826;
/** When more than this share of the transitions would be left out, they are how the task is, and none is. */
const MOST_LEFT_OUT = 0.25;

/** Transitions to learn from, with their own statistics. */
export interface CleanData {
  readonly data: TrainingData;
  readonly normalizer: NormalizerArrays;
}

/**
 * Leaves out transitions of which an input or a target is wild: further from the median of all than `limit` times its
 * usual spread, 1.4826 · the median absolute deviation. A column that does not vary in half of the transitions has no
 * usual spread and is not judged.
 * @returns undefined when no transition is left out
 */
export function withoutOutliers(
  data: TrainingData,
  limit: number,
  normalizeTargets: boolean,
): CleanData | undefined {
  const { size, inputSize, targetSize } = data;
  const wild = new Uint8Array(size);
  markWild(data.inputs, inputSize, limit, wild);
  markWild(data.targets, targetSize, limit, wild);
  const rows = Array.from(wild.keys()).filter((row) => wild[row] === 0);
  const left = size - rows.length;
  if (left === 0 || left > MOST_LEFT_OUT * size) return undefined;
  const [inputs, targets] = alignedArrays([rows.length * inputSize, rows.length * targetSize]);
  const moments = new Normalizer(inputSize, targetSize, normalizeTargets);
  for (const [to, row] of rows.entries()) {
    const input = data.inputs.subarray(row * inputSize, (row + 1) * inputSize);
    const target = data.targets.subarray(row * targetSize, (row + 1) * targetSize);
    inputs.set(input, to * inputSize);
    targets.set(target, to * targetSize);
    moments.add(input, target);
  }
  const count = { capacity: rows.length, size: rows.length, added: rows.length };
  const kept = { ...count, inputSize, targetSize, inputs, targets };
  return { data: kept, normalizer: moments.arrays() };
}

/** Marks the rows of a table `[rows, width]` that are wild in some column. */
function markWild(table: Float32Array, width: number, limit: number, wild: Uint8Array): void {
  for (let column = 0; column < width; column++) {
    const values = Float64Array.from(wild, (_, row) => table[row * width + column]!);
    const middle = medianOf(values);
    const deviations = values.map((value) => Math.abs(value - middle));
    const most = limit * MAD_TO_STD * medianOf(deviations);
    if (most === 0) continue;
    for (let row = 0; row < wild.length; row++) if (deviations[row]! > most) wild[row] = 1;
  }
}
