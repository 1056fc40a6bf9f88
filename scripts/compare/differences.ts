import { elementAt, firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { didYouMean } from "../../sim/core/one-of.js";
import { FEWEST, withoutInterval } from "./bootstrap.js";
import type { Estimate } from "./estimate.js";
import type { Oracle } from "./oracle-reference.js";
import type { RunResult } from "./run-result.js";
import { referenceOf, type Score, scoreRun } from "./scores.js";
import { holm, meanAndError, studentUpper, tTest } from "./student.js";

/** Figures whose differences are shown, and whether more of it is better. */
const HIGHER_IS_BETTER = {
  average: true,
  oracleAverage: true,
  forgetting: false,
  forwardTransfer: true,
  returnTransfer: true,
  success: true,
} as const satisfies Partial<Record<Score, boolean>>;

export type DifferenceScore = keyof typeof HIGHER_IS_BETTER;

export const DIFFERENCE_SCORES = Object.keys(HIGHER_IS_BETTER) as readonly DifferenceScore[];

/** A figure less the other method's with the same seed: mean and t-interval over the n seeds that both have. */
export interface Difference extends Estimate {
  /** Seeds of the n with which the figure is the better one. */
  readonly better: number;
  /**
   * Of the two-sided paired t-test that the difference is 0, corrected by Holm for the number of methods compared in this figure;
   * NaN below `FEWEST` seeds.
   */
  readonly p: number;
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
  return `difference: figure of the method - that of ${from} with the same seed, mean over the seeds that both have; in brackets the 95 % t-interval over those seeds, from five on (below: the lowest and the highest); better: with how many of them it is the better one (forgetting: the lower one); p: two-sided paired t-test that there is no difference, corrected by Holm for the number of methods compared in that figure. What figures are normalised by, single or the oracle, scales all differences alike and is held fixed`;
}

/**
 * Differences of every other label from one, in the order of `labels`; null when no other has a seed in common
 * with it. Pairs share the starts of evaluations and the normalisation, which a comparison of two means leaves aside.
 * @param oracle without one, `oracleAverage` has no value
 */
export function differencesFrom(
  runs: readonly RunResult[],
  labels: readonly string[],
  from: string,
  oracle?: Oracle,
): Differences | null {
  const reference = referenceOf(runs);
  const scoresOf = (label: string) =>
    new Map(runs.filter((r) => r.label === label).map((r) => [r.seed, scoreRun(r, reference, oracle)]));
  const base = scoresOf(from);
  const pairsOf = (method: string) =>
    [...scoresOf(method)].flatMap(([seed, own]) => {
      const other = base.get(seed);
      return other === undefined ? [] : [[own, other] as const];
    });
  const compared = labels
    .filter((method) => method !== from)
    .map((method) => ({ method, pairs: pairsOf(method) }))
    .filter(({ pairs }) => pairs.length > 0);
  if (compared.length === 0) return null;
  const columns = DIFFERENCE_SCORES.map((score) => {
    const lines = compared.map(({ pairs }) =>
      difference(
        pairs.map(([own, other]) => own[score] - other[score]),
        HIGHER_IS_BETTER[score],
      ),
    );
    const corrected = holm(lines.map(({ p }) => p));
    return [score, lines.map((line, i) => ({ ...line, p: elementAt(corrected, i, "methods") }))] as const;
  });
  const methods = compared.map(({ method }, i) => ({
    method,
    ...(Object.fromEntries(
      columns.map(([score, lines]) => [score, elementAt(lines, i, "methods")]),
    ) as Record<DifferenceScore, Difference>),
  }));
  return { from, methods };
}

/** One difference over seeds, its p-value not corrected yet. */
function difference(all: readonly number[], higherIsBetter: boolean): Difference {
  const values = all.filter(Number.isFinite);
  const sign = higherIsBetter ? 1 : -1;
  const plain = { ...withoutInterval(values), better: values.filter((v) => sign * v > 0).length };
  const { length: n } = values;
  if (n < FEWEST) return { ...plain, p: Number.NaN };
  const { mean, error } = meanAndError(values);
  const half = studentUpper(0.025, n - 1) * error;
  return { ...plain, low: mean - half, high: mean + half, p: tTest(values) };
}
