/** A number, or null for what is not defined or not measured yet. */
export type Value = number | null;

/**
 * A mean over seeds, runs or episodes, with its 95 % interval. What is not defined is NaN, or null where the numbers are as JSON has
 * them (`V` is then `Value`).
 */
export interface Estimate<V = number> {
  readonly mean: V;
  /** Bounds of the interval; not defined below `FEWEST` values, of which none can be made. */
  readonly low: V;
  readonly high: V;
  readonly n: number;
  /** The values reach from here to there. */
  readonly lowest: V;
  readonly highest: V;
}

/** A number as JSON has it, which has no NaN. */
export function orNull(x: number): Value {
  return Number.isFinite(x) ? x : null;
}
