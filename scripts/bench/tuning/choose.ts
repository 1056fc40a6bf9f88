import { meanOf } from "../../../sim/core/mean.js";
import { isDefault, type Variant } from "./grid.js";
import type { SeedScore } from "./results.js";

/** A variant with what came of it. */
export interface Tried {
  readonly variant: Variant;
  /** One per seed. */
  readonly scores: readonly SeedScore[];
}

/** What is chosen for a method. */
export type Choice =
  | { readonly kind: "chosen"; readonly label: string; readonly why: string }
  /** Runs are missing, or there is no scale yet. */
  | { readonly kind: "open" }
  /** No variant has a score with every seed. */
  | { readonly kind: "none" };

/** Mean of a variant's scores; NaN where a seed has none. */
export function meanScore(scores: readonly SeedScore[]): number {
  return meanOf(scores.map((score) => (typeof score === "number" ? score : Number.NaN)));
}

/**
 * The spread of two variants: the root of the mean of their variances over seeds. With two seeds that is the standard error of the
 * difference of their means.
 */
export function spreadOf(one: readonly SeedScore[], other: readonly SeedScore[]): number {
  return Math.sqrt((variance(one) + variance(other)) / 2);
}

function variance(scores: readonly SeedScore[]): number {
  const mean = meanScore(scores);
  return scores.reduce<number>((sum, score) => sum + (Number(score) - mean) ** 2, 0) / (scores.length - 1);
}

/**
 * The rule of docs/experiments/tuning.md: the highest mean over seeds, but the default where that mean is not above its own by more
 * than the spread of the two. A variant of which a run failed is out.
 * @param tried all variants of one method
 */
export function choose(tried: readonly Tried[]): Choice {
  const scores = tried.flatMap((line) => line.scores);
  const isScored = ({ scores }: Tried) => Number.isFinite(meanScore(scores));
  if (scores.includes("missing")) return { kind: "open" };
  const [first, ...others] = tried.filter(isScored);
  if (first === undefined) return scores.includes("failed") ? { kind: "none" } : { kind: "open" };
  const best = others.reduce(
    (high, line) => (meanScore(line.scores) > meanScore(high.scores) ? line : high),
    first,
  );
  const usual = tried.find(({ variant }) => isDefault(variant));
  const { label } = best.variant;
  if (best === usual) return { kind: "chosen", label, why: "highest mean" };
  if (usual === undefined || !isScored(usual)) return { kind: "chosen", label, why: "the default failed" };
  const lead = meanScore(best.scores) - meanScore(usual.scores);
  if (lead > spreadOf(best.scores, usual.scores)) return { kind: "chosen", label, why: "highest mean" };
  return { kind: "chosen", label: usual.variant.label, why: `${label} is higher within the spread` };
}
