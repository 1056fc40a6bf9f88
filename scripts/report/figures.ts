import { firstOf } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { compareRuns, type MethodComparison, ORACLE_SCORES, oracleLine } from "../compare/comparison.js";
import { DIFFERENCE_SCORES, differenceDefinition, differencesFrom } from "../compare/differences.js";
import type { Estimate } from "../compare/estimate.js";
import type { Oracle } from "../compare/oracle-reference.js";
import type { RevisitTables } from "../compare/revisit-tables.js";
import type { MeasuredRun, RunResult } from "../compare/run-result.js";
import {
  COLUMNS,
  normalise,
  type Reference,
  type RunScores,
  referenceOf,
  SCORES,
  type Score,
  scoreRun,
} from "../compare/scores.js";
import { orNull, type Value } from "../compare/value.js";
import { tasksOfVisits } from "./curves.js";
import type { Cell, DifferencesTable, Matrix, ReportData, ScoreChart, TimeShare } from "./data.js";
import type { ReportRun } from "./runs.js";

/** An estimate as JSON has it. */
export function plainEstimate({ mean, low, high, n, lowest, highest }: Estimate): Estimate<Value> {
  const bounds = { low: orNull(low), high: orNull(high), lowest: orNull(lowest), highest: orNull(highest) };
  return { mean: orNull(mean), ...bounds, n };
}

export function finishedResults(runs: readonly ReportRun[]): MeasuredRun[] {
  return runs.flatMap(({ result }) => result ?? []);
}

/** The comparison of finished runs, lines in the order of `labels`. */
export function comparisonLines(
  results: readonly MeasuredRun[],
  labels: readonly string[],
  oracle: Oracle | undefined,
): MethodComparison[] {
  return compareRuns(results, oracle).sort((a, b) => labels.indexOf(a.method) - labels.indexOf(b.method));
}

/** The figures of a comparison, with those of each of its finished runs. */
export function scoreCharts(
  lines: readonly MethodComparison[],
  results: readonly RunResult[],
  oracle: Oracle | undefined,
): ScoreChart[] {
  const reference = referenceOf(results);
  return SCORES.map((score) => {
    const [heading, digits] = COLUMNS[score];
    // Headings name the unit after a comma where there is one.
    const [title = heading, unit = unitOf(score, reference)] = heading.replaceAll("\n", " ").split(", ");
    const estimates = lines.map(({ method: label, [score]: found }) => {
      const own = results.filter((r) => r.label === label).map((r) => scoreRun(r, reference, oracle)[score]);
      const values = own.filter(Number.isFinite);
      return { label, ...plainEstimate(found), values };
    });
    return { score, title, unit, digits, estimates };
  });
}

/** Differences of finished runs from those of one line. */
export function differencesTable(
  runs: readonly ReportRun[],
  labels: readonly string[],
  from: string,
  oracle: Oracle | undefined,
): DifferencesTable | null {
  const differences = differencesFrom(finishedResults(runs), labels, from, oracle);
  if (differences === null) return null;
  const rows = differences.methods.map(({ method: label, ...figures }) => ({
    label,
    figures: DIFFERENCE_SCORES.map((score) => {
      const [heading, digits] = COLUMNS[score];
      const { better, p, ...found } = figures[score];
      const title = heading.replaceAll("\n", " ");
      return { score, title, digits, ...plainEstimate(found), better, p: orNull(p) };
    }),
  }));
  return { from, rows, definition: differenceDefinition(differences) };
}

function unitOf(score: Score, reference: Reference | undefined): string {
  if (score === "average" || score === "forgetting") {
    return reference === undefined ? "return" : "normalised return";
  }
  if (score === "oracleAverage") return "random 0, oracle 1";
  if (score === "success") return "share of episodes";
  if (score === "stepsToHalf" || score === "stepsToNinety") return "planned steps";
  return score === "retention" ? "ratio" : "relative to single";
}

/** What is counted of the episodes of each line, and of the oracle beside them. */
export function countRows(
  lines: readonly MethodComparison[],
  oracle: Oracle | undefined,
): ReportData["counts"] {
  const rows = lines.map(({ method: label, counts }) => ({ label, counts }));
  if (rows.length === 0 || oracle === undefined) return rows;
  return [...rows, { label: "oracle", counts: oracle.counts }];
}

/** In how many tasks of each line each return was reached; none without runs of `single`. */
export function reachedRows(lines: readonly MethodComparison[]): ReportData["reached"] {
  return lines
    .filter(({ reached }) => Object.keys(reached).length > 0)
    .map(({ method: label, reached }) => ({ label, counts: reached }));
}

/** The oracle's figures and its episodes per task. */
export function oracleFigures(results: readonly RunResult[], oracle: Oracle): Record<string, number> {
  const line = oracleLine(results, oracle);
  return {
    ...Object.fromEntries(ORACLE_SCORES.map((name) => [name, line[name]])),
    episodes: line.episodes,
  };
}

/** Figures of schedules that visit tasks again; undefined where no finished run has one. */
export function revisitTablesOf(found: RevisitTables | undefined): RevisitTables<Value> | undefined {
  if (found === undefined) return undefined;
  return {
    tasks: found.tasks.map(({ label, task, backwardTransfer, gain }) => ({
      label,
      task,
      backwardTransfer: plainEstimate(backwardTransfer),
      gain: plainEstimate(gain),
    })),
    visits: found.visits.map(({ areaShare, recoverySteps, ...visit }) => ({
      ...visit,
      areaShare: plainEstimate(areaShare),
      recoverySteps: plainEstimate(recoverySteps),
    })),
  };
}

export function plainScores(scores: RunScores): Record<string, Value> {
  return Object.fromEntries(SCORES.map((name) => [name, orNull(scores[name])]));
}

/** R[i][j] of every line, as far as its runs got. */
export function matrices(runs: readonly ReportRun[], labels: readonly string[]): Matrix[] {
  const reference = referenceOf(finishedResults(runs));
  return labels.flatMap((label) => {
    const own = runs.filter((run) => run.label === label);
    const visits = tasksOfVisits(own);
    const { tasks } = firstOf(own, "runs").settings;
    const cells = pairs(tasks, visits?.length).flatMap(([i, j]) => cellOf(own, i, j, reference));
    return cells.length === 0 ? [] : [{ label, ...(visits && { visits }), cells }];
  });
}

/** @param visits where tasks are visited in another way than once in order, all of which may then come before */
function pairs(tasks: number, visits?: number): [i: number, j: number][] {
  const rows = Array.from({ length: visits ?? tasks }, (_, i) => i);
  const columns = Array.from({ length: tasks }, (_, j) => j);
  return rows.flatMap((i) =>
    (visits === undefined ? columns.slice(0, i + 1) : columns).map((j): [number, number] => [i, j]),
  );
}

/** Nothing while no run has made all evaluation episodes of the pair: the first few may be easier. */
function cellOf(runs: readonly ReportRun[], i: number, j: number, reference: Reference | undefined): Cell[] {
  const measured = runs.flatMap(({ metrics, settings }) => {
    const returns = metrics.evaluation.filter((r) => r.afterTask === i && r.taskIndex === j);
    if (returns.length < settings.loop.evaluationEpisodes) return [];
    const random = meanOf(metrics.baseline.filter((r) => r.taskIndex === j).map((r) => r.return));
    const value = meanOf(returns.map((r) => r.return));
    return [{ value, normalised: normalise(value, random, reference?.returns[j]) }];
  });
  if (measured.length === 0) return [];
  const normalised = reference === undefined ? null : orNull(meanOf(measured.map((m) => m.normalised)));
  return [
    {
      afterTask: i,
      task: j,
      return: meanOf(measured.map((m) => m.value)),
      normalised,
      n: measured.length,
    },
  ];
}

/** Where the wall time of finished runs went; runs that did not note their usage are left out. */
export function timeShares(runs: readonly ReportRun[], labels: readonly string[]): TimeShare[] {
  return labels.flatMap((label) => {
    const own = runs.filter((run) => run.label === label && run.result?.usage !== undefined);
    if (own.length === 0) return [];
    const minutes = (msOf: (run: ReportRun) => number) => meanOf(own.map(msOf)) / 60_000;
    const training = minutes(({ timings }) => sum(timings.training.map((r) => r.waitedMs)));
    const noted = own.every(({ timings }) => timings.planning.length > 0);
    const planning = noted ? minutes(({ timings }) => sum(timings.planning.map((r) => r.ms))) : null;
    const rest = minutes(({ result }) => result!.usage!.wallMs) - training - (planning ?? 0);
    return [{ label, n: own.length, training, planning, rest }];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
