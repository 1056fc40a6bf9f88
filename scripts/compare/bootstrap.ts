import { elementAt } from "../../sim/core/element.js";
import { largest, smallest } from "../../sim/core/extremes.js";
import { meanOf } from "../../sim/core/mean.js";
import { Rng } from "../../sim/core/rng.js";
import type { Estimate } from "./estimate.js";

/** Values from which on there is an interval. */
export const FEWEST = 5;

/** Times that values are drawn again. */
export const RESAMPLES = 10_000;

/** The stream of draws, always the same, so that the same values print the same interval. */
export function resamplingStream(): Rng {
  return Rng.fromSeed(0).split("bootstrap");
}

/** Mean of some values with an interval by drawing them again with replacement. Values that are not defined are left out. */
export function estimate(all: readonly number[]): Estimate {
  const values = all.filter(Number.isFinite);
  if (values.length < FEWEST) return withoutInterval(values);
  const rng = resamplingStream();
  const means = Array.from({ length: RESAMPLES }, () =>
    meanOf(values.map(() => values[rng.integer(values.length)]!)),
  );
  return { ...withoutInterval(values), ...interval(means) };
}

/** Mean and range of some finite values. */
export function withoutInterval(values: readonly number[]): Estimate {
  const [low, high, n] = [Number.NaN, Number.NaN, values.length];
  if (n === 0) return { mean: Number.NaN, low, high, n, lowest: Number.NaN, highest: Number.NaN };
  return { mean: meanOf(values), low, high, n, lowest: smallest(values), highest: largest(values) };
}

/**
 * The 95 % percentile interval of a bootstrap. A draw for which the figure is not defined may lie anywhere; bounds that such draws
 * reach are NaN.
 */
export function interval(draws: readonly number[]): Pick<Estimate, "low" | "high"> {
  const defined = Float64Array.from(draws.filter(Number.isFinite)).sort();
  const beyond = Math.floor(0.025 * draws.length) - (draws.length - defined.length);
  if (beyond < 0) return { low: Number.NaN, high: Number.NaN };
  return {
    low: elementAt(defined, beyond, "draws"),
    high: elementAt(defined, defined.length - 1 - beyond, "draws"),
  };
}
