import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { Rng } from "../../sim/core/rng.js";

/** Mean with a 95 % bootstrap interval over seeds or episodes; NaN when nothing could be measured. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

const RESAMPLES = 10_000;

/**
 * Percentile bootstrap with a fixed stream, so that the same runs print the same interval. Values that are not
 * defined (NaN) are left out.
 */
export function estimate(all: readonly number[]): Estimate {
  const values = all.filter((v) => Number.isFinite(v));
  const n = values.length;
  if (n === 0) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN, n };
  const rng = Rng.fromSeed(0).split("bootstrap");
  const means = Array.from({ length: RESAMPLES }, () =>
    meanOf(values.map(() => values[rng.integer(n)]!)),
  ).sort((a, b) => a - b);
  const at = (q: number) => elementAt(means, Math.floor(q * (RESAMPLES - 1)), "resampled means");
  return { mean: meanOf(values), low: at(0.025), high: at(0.975), n };
}
