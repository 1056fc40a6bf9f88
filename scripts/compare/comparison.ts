import { count } from "../../sim/core/count.js";
import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { addCounts, type OutcomeCounts } from "../runs/counts.js";
import { FEWEST, interval, withoutInterval } from "./bootstrap.js";
import { drawScores } from "./draws.js";
import type { Estimate } from "./estimate.js";
import { RUNNING } from "./learning-curves.js";
import type { FoundOracle, Oracle } from "./oracle-reference.js";
import type { MeasuredRun, RunResult } from "./run-result.js";
import {
  type FailedReference,
  LEARNING_SCORES,
  normalise,
  ofOracle,
  type Reference,
  type RunScores,
  reachedCounts,
  referenceOf,
  SCORES,
  type Score,
  scoreRun,
} from "./scores.js";

export interface MethodComparison extends Readonly<Record<Score, Estimate>> {
  /** Label of the runs. */
  readonly method: string;
  readonly runs: number;
  /** How many evaluation episodes after the last task succeeded, and had what else the tasks name; all runs together. */
  readonly counts: OutcomeCounts;
  /** In how many tasks of all runs each return that steps are counted to was reached; empty without runs of `single`. */
  readonly reached: OutcomeCounts;
  readonly untouched: number;
  readonly episodes: number;
}

/** A run of the reference that failed, for people. */
export function failedReferenceText({ seed, task, share }: FailedReference): string {
  return `failed reference: single with seed ${seed} did not learn ${task} as its other seeds did (${share.toFixed(2)} of their median above random), which raises the figures of all methods that are normalised by it`;
}

/** The definitions of all figures, as they were computed: with a reference or, without, on plain returns. */
export function definitions(
  reference: Reference | undefined,
  oracle: FoundOracle = { none: "none was looked for" },
): string[] {
  const measured = reference === undefined ? "return" : "normalised return";
  return [
    reference === undefined
      ? "return: undiscounted sum of rewards, mean over evaluation episodes; not normalised, because no run of method single is finished"
      : `normalised return: (return - random) / (single - random), task by task; single = mean over the ${reference.label} runs, right after learning the task; – where single is not above random`,
    `average: mean over tasks of the ${measured} after the last task`,
    oracleDefinition(oracle),
    `forgetting: mean over all tasks but the last of (${measured} right after learning it - after the last task); – of a single task`,
    "retention: mean of (return after the last task / return right after learning it), over the tasks but the last where both returns, not normalised, are positive: the ratio of the published code",
    "forward transfer: mean over tasks of (AUC - AUC of single) / (1 - AUC of single); AUC = success rate over the task's planned learning steps, each episode's success weighted by its steps (Continual World); tasks where single always succeeds are left out",
    `transfer of return: mean over tasks of (mean return while learning - that of single with the same seed) / (single's end - exploring); of whole learning episodes: mean = all planned ones, single's end = its last ${RUNNING}, exploring = those of single that only explored, the last two as means over the seeds of single`,
    `steps to half, to 90 %: planned steps of a task until the mean of the last ${RUNNING} whole learning episodes first reaches exploring + 0.5 or 0.9 of the way to single's end, mean over tasks; where it never does, all planned steps of the task are counted, so that the figure is a lower bound; a table of its own says in how many tasks of all runs it was reached`,
    "success: share of evaluation episodes after the last task that succeeded, mean over tasks; the numbers of episodes beside it are of all tasks and runs together, as is what else the suite counts (`hypercrl tasks --suite NAME` says what)",
    "wall and processor time: of all processes that worked on the run, minutes; peak memory: largest resident set of any of them, MiB",
    "brackets: 95 % interval, where there are at least five seeds (of single, too, where figures are normalised by it): seeds are drawn again with replacement, within each the episodes, and with them those of single, of the random policy and of the oracle; 2.5 % and 97.5 % of 10,000 draws. With five seeds it holds the true value in about nine of ten cases",
    "(a … b): no interval, but the lowest and the highest of fewer than five seeds; n = finished runs, one per seed",
  ];
}

function oracleDefinition(found: FoundOracle): string {
  if (!("oracle" in found)) return `average of oracle: – because ${found.none}`;
  const { episodes, planner, physics } = found.oracle;
  return `average of oracle: mean over tasks of (return after the last task - random) / (oracle - random); random and oracle = mean returns of the random policy and of planning through the true simulator (${planner}, ${count(episodes, "episode")} per task, ${physics}), a lower bound of what planning reaches; kept with the suite${episodes === 1 ? "; of one episode no spread is known, so intervals hold it fixed" : ""}`;
}

/** Estimates per label, in the order of the runs; see `definitions`. */
export function compareRuns(runs: readonly MeasuredRun[], oracle?: Oracle): MethodComparison[] {
  const reference = referenceOf(runs);
  const lines = linesOf(runs);
  const draws = drawScores(lines, oracle);
  return [...lines].map(([label, own]) => {
    const scores = own.map((run) => scoreRun(run, reference, oracle));
    const estimates = SCORES.map((name) => {
      const values = scores.map((s) => s[name]).filter(Number.isFinite);
      const drawn = draws.get(label)?.map((means) => means[name]);
      const n = Math.min(
        values.length,
        NORMALISED.has(name) ? (reference?.seeds ?? values.length) : values.length,
      );
      const bounds = drawn === undefined || n < FEWEST ? {} : interval(drawn);
      return [name, { ...withoutInterval(values), ...bounds }] as const;
    });
    return {
      method: label,
      runs: own.length,
      counts: addCounts(own.map(({ counts }) => counts)),
      reached: reachedCounts(own, reference),
      ...(Object.fromEntries(estimates) as Record<Score, Estimate>),
      untouched: own.reduce((n, r) => n + r.untouched, 0),
      episodes: own.reduce((n, r) => n + r.episodes, 0),
    };
  });
}

/** Runs by label. */
function linesOf<R extends RunResult>(runs: readonly R[]): ReadonlyMap<string, readonly R[]> {
  const labels = [...new Set(runs.map((r) => r.label))];
  return new Map(labels.map((label) => [label, runs.filter((r) => r.label === label)]));
}

/** Figures that change with the runs of method single. */
const NORMALISED: ReadonlySet<Score> = new Set<Score>(["average", "forgetting", ...LEARNING_SCORES]);

/** Figures that the oracle has; it learns nothing, so the others do not apply. */
export const ORACLE_SCORES = ["average", "oracleAverage", "success"] as const satisfies readonly Score[];

/** The oracle's own line of a comparison. */
export interface OracleLine extends Pick<RunScores, (typeof ORACLE_SCORES)[number]> {
  readonly counts: OutcomeCounts;
  /** Per task. */
  readonly episodes: number;
}

/**
 * The oracle beside methods, on the same scales: `average` of its returns, normalised by `single` where the runs have one.
 * @param runs at least one, whose random policies `single` is measured against
 */
export function oracleLine(runs: readonly RunResult[], oracle: Oracle): OracleLine {
  const reference = referenceOf(runs);
  const average = (run: RunResult) =>
    meanOf(
      oracle.returns.map((value, j) =>
        normalise(value, elementAt(run.random, j, "tasks"), reference?.returns[j]),
      ),
    );
  return {
    average: meanOf(runs.map(average)),
    oracleAverage: meanOf(oracle.returns.map((value, j) => ofOracle(value, j, oracle))),
    success: meanOf(oracle.success),
    counts: oracle.counts,
    episodes: oracle.episodes,
  };
}
