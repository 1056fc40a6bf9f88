import { readSequence, selectElites } from "./sampling.js";

/**
 * Some of `found` sequences `[found, H, U]`, best first: evenly spread from the first to the last.
 * @param size H · U
 * @param most largest number
 */
export function spread(sequences: Float32Array, found: number, size: number, most: number): Float32Array {
  const count = Math.min(found, most);
  const out = new Float32Array(count * size);
  for (let k = 0; k < count; k++) {
    const at = count === 1 ? 0 : Math.round((k * (found - 1)) / (count - 1));
    out.set(sequences.subarray(at * size, (at + 1) * size), k * size);
  }
  return out;
}

/**
 * The sequences of `samples` `[H, N, U]` with the lowest finite costs, best first, `[K, H, U]`.
 * @param costs `[N]`
 * @param most largest K
 */
export function bestSequences(
  samples: Float32Array,
  costs: ArrayLike<number>,
  most: number,
  width: number,
): Float32Array {
  const count = costs.length;
  const indices = new Int32Array(Math.min(most, count));
  const found = selectElites(costs, indices);
  const size = samples.length / count;
  const out = new Float32Array(found * size);
  for (let k = 0; k < found; k++) {
    readSequence(samples, count, indices[k]!, out.subarray(k * size, (k + 1) * size), width);
  }
  return out;
}
