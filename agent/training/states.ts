import type { Tensor } from "../graph/graph.js";
import type { AdamMoments } from "../model/adam.js";

/** A parameter group as it lies in a loop's states: all values, then first moments, then second moments. */
export function groupStates(states: readonly Tensor[]): { values: Tensor[]; moments: AdamMoments[] } {
  const n = states.length / 3;
  const values = states.slice(0, n);
  return { values, moments: values.map((_, i) => ({ m: states[n + i], v: states[2 * n + i] })) };
}

/** The inverse of `groupStates`. */
export function flattenStates(values: readonly Tensor[], moments: readonly AdamMoments[]): Tensor[] {
  return [...values, ...moments.map(({ m }) => m), ...moments.map(({ v }) => v)];
}
