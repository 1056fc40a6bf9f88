/**
 * A mean over seeds, runs or episodes, with its 95 % interval. What is not defined is NaN, or null where the numbers are as JSON has
 * them (`V` is then `Value`). `estimate` in `bootstrap.ts` makes one; pages, which take the type from here, cannot load what draws.
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
