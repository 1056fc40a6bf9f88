import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import type { Rng } from "../../sim/core/rng.js";
import { FEWEST, RESAMPLES, resamplingStream } from "./bootstrap.js";
import type { Oracle } from "./oracle-reference.js";
import type { MeasuredRun, RunResult } from "./run-result.js";
import { type RunScores, referenceOf, SCORES, type Score, scoreRun } from "./scores.js";
import { taskOfVisit } from "./visits.js";

/**
 * Figures of lines whose seeds, and within each seed the episodes, are drawn again; with every draw the reference and the oracle are
 * drawn again as well. Lines with fewer than `FEWEST` runs have no draws.
 */
export function drawScores(
  lines: ReadonlyMap<string, readonly MeasuredRun[]>,
  oracle: Oracle | undefined,
): ReadonlyMap<string, readonly RunScores[]> {
  const draws = new Map<string, RunScores[]>();
  for (const [label, own] of lines) if (own.length >= FEWEST) draws.set(label, []);
  if (draws.size === 0) return draws;
  const isReference = (own: readonly RunResult[]) => own[0]?.method === "single";
  const reference = [...lines].find(([, own]) => isReference(own))?.[0];
  // A stream for each line, so that its interval does not depend on what it is compared with.
  const streams = [...lines]
    .filter(([label]) => draws.has(label) || label === reference)
    .map(([label, own]) => ({ label, own, rng: resamplingStream().split(`line/${label}`) }));
  // What is compared seed by seed stays with its seed.
  const alone = referenceOf(lines.get(reference ?? "") ?? [])?.alone;
  const oracleStream = resamplingStream().split("oracle");
  for (let k = 0; k < RESAMPLES; k++) {
    const again = streams.map(({ label, own, rng }) => [label, drawRuns(own, rng)] as const);
    const drawn = referenceOf(again.find(([label]) => label === reference)?.[1] ?? []);
    const single = drawn && { ...drawn, ...(alone && { alone }) };
    const planned = oracle && drawOracle(oracle, oracleStream);
    for (const [label, runs] of again) {
      const scores = runs.map((run) => scoreRun(run, single, planned));
      draws.get(label)?.push(meanScores(scores));
    }
  }
  return draws;
}

/** The mean of each figure over the runs that have it. */
function meanScores(scores: readonly RunScores[]): RunScores {
  const mean = (name: Score) => meanOf(scores.map((s) => s[name]).filter(Number.isFinite));
  return Object.fromEntries(SCORES.map((name) => [name, mean(name)])) as Record<Score, number>;
}

/** As many runs as there are, each with its episodes drawn again. */
function drawRuns(runs: readonly MeasuredRun[], rng: Rng): RunResult[] {
  return runs.map(() => drawEpisodes(elementAt(runs, rng.integer(runs.length), "runs"), rng));
}

/** A run whose means are over episodes drawn again: those right after each visit, after the last and of the random policy. */
function drawEpisodes(run: MeasuredRun, rng: Rng): RunResult {
  const { random, returns, success } = run.measured;
  const last = returns.length - 1;
  return {
    ...run,
    random: random.map((episodes) => drawnMean(episodes, rng)),
    means: returns.map((row, i) =>
      row.map((episodes, j) =>
        i === last || taskOfVisit(run, i) === j ? drawnMean(episodes, rng) : Number.NaN,
      ),
    ),
    success: success.map((episodes) => drawnMean(episodes, rng)),
  };
}

/** An oracle whose means are over episodes drawn again. */
function drawOracle(oracle: Oracle, rng: Rng): Oracle {
  const { random, returns } = oracle.measured;
  return {
    ...oracle,
    random: random.map((episodes) => drawnMean(episodes, rng)),
    returns: returns.map((episodes) => drawnMean(episodes, rng)),
  };
}

function drawnMean(values: readonly number[], rng: Rng): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[rng.integer(values.length)]!;
  return sum / values.length;
}
