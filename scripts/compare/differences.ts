import { firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { didYouMean } from "../../sim/core/one-of.js";
import { referenceOf, type Score, scoreRun } from "./comparison.js";
import { type Estimate, estimate } from "./estimate.js";
import type { RunResult } from "./run-result.js";

/** Figures whose differences are shown, and whether more of it is better. */
const HIGHER_IS_BETTER = {
  average: true,
  forgetting: false,
  forwardTransfer: true,
  success: true,
} as const satisfies Partial<Record<Score, boolean>>;

export type DifferenceScore = keyof typeof HIGHER_IS_BETTER;

export const DIFFERENCE_SCORES = Object.keys(HIGHER_IS_BETTER) as readonly DifferenceScore[];

/** A figure less the other method's with the same seed: mean and interval over the n seeds that both have. */
export interface Difference extends Estimate {
  /** Seeds of the n with which the figure is the better one. */
  readonly better: number;
}

/** One method compared with another; see `differenceDefinition`. */
interface MethodDifference extends Readonly<Record<DifferenceScore, Difference>> {
  readonly method: string;
}

/** Differences of all methods from one. */
export interface Differences {
  /** Label of the method that others are compared with. */
  readonly from: string;
  readonly methods: readonly MethodDifference[];
}

/**
 * The label to compare with: the one asked for, or the first.
 * @throws UsageError when it is not among the labels
 */
export function chooseFrom(labels: readonly string[], from: string | undefined): string {
  if (from === undefined) return firstOf(labels, "methods");
  if (labels.includes(from)) return from;
  throw new UsageError({
    what: "There is no such method to show differences from",
    got: `"${from}"`,
    expected: labels.join(", "),
    ...didYouMean(from, labels),
  });
}

/** What a table of differences shows, in the manner of `definitions`. */
export function differenceDefinition({ from }: Differences): string {
  return `difference: figure of the method - that of ${from} with the same seed, mean over the seeds that both have, with the interval over those seeds; better: with how many of them it is the better one (forgetting: the lower one)`;
}

/**
 * Differences of every other label from one, in the order of `labels`; null when no other has a seed in common
 * with it. Pairs share the starts of evaluations and the normalisation, which a comparison of two means leaves aside.
 */
export function differencesFrom(
  runs: readonly RunResult[],
  labels: readonly string[],
  from: string,
): Differences | null {
  const reference = referenceOf(runs);
  const scoresOf = (label: string) =>
    new Map(runs.filter((r) => r.label === label).map((r) => [r.seed, scoreRun(r, reference)]));
  const base = scoresOf(from);
  const methods = labels.flatMap((method): MethodDifference[] => {
    const pairs = [...scoresOf(method)].flatMap(([seed, own]) => {
      const other = base.get(seed);
      return other === undefined ? [] : [[own, other] as const];
    });
    if (method === from || pairs.length === 0) return [];
    const one = (score: DifferenceScore): Difference => {
      const values = pairs.map(([own, other]) => own[score] - other[score]);
      const sign = HIGHER_IS_BETTER[score] ? 1 : -1;
      return { ...estimate(values), better: values.filter((v) => sign * v > 0).length };
    };
    return [
      {
        method,
        ...(Object.fromEntries(DIFFERENCE_SCORES.map((s) => [s, one(s)])) as Record<
          DifferenceScore,
          Difference
        >),
      },
    ];
  });
  return methods.length === 0 ? null : { from, methods };
}
