import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { addCounts, type OutcomeCounts } from "../runs/counts.js";
import { type Estimate, estimate } from "./estimate.js";
import type { FoundOracle, Oracle } from "./oracle-reference.js";
import type { RunResult } from "./run-result.js";
import { count } from "./text.js";

/** The figures of one run; NaN where one is not defined. */
export interface RunScores {
  readonly average: number;
  readonly oracleAverage: number;
  readonly forgetting: number;
  readonly retention: number;
  readonly forwardTransfer: number;
  readonly success: number;
  readonly wallMinutes: number;
  readonly cpuMinutes: number;
  readonly peakMiB: number;
}

export type Score = keyof RunScores;

/** Names of the figures; those of a group stay side by side where a table has no room for all. */
export const SCORE_GROUPS: readonly (readonly Score[])[] = [
  ["average", "oracleAverage", "forgetting", "retention"],
  ["forwardTransfer", "success"],
  ["wallMinutes", "cpuMinutes", "peakMiB"],
];

/** Names of the figures, in the order of the table. */
export const SCORES: readonly Score[] = SCORE_GROUPS.flat();

/** Decimals and heading of each figure. */
export const COLUMNS: Readonly<Record<Score, readonly [heading: string, digits: number]>> = {
  average: ["average", 3],
  oracleAverage: ["average of\noracle", 3],
  forgetting: ["forgetting", 3],
  retention: ["retention", 3],
  forwardTransfer: ["forward\ntransfer", 3],
  success: ["success", 3],
  wallMinutes: ["wall time,\nmin", 1],
  cpuMinutes: ["processor\ntime, min", 1],
  peakMiB: ["peak memory,\nMiB", 0],
};

export interface MethodComparison extends Readonly<Record<Score, Estimate>> {
  /** Label of the runs. */
  readonly method: string;
  readonly runs: number;
  /** How many evaluation episodes after the last task succeeded, and had what else the tasks name; all runs together. */
  readonly counts: OutcomeCounts;
  readonly untouched: number;
  readonly episodes: number;
}

/** What figures are measured against: the runs of one label of method `single`. `K` tasks. */
export interface Reference {
  readonly label: string;
  /** Mean return over its seeds right after learning each task, `[K]`. */
  readonly returns: readonly number[];
  /** Mean over its seeds of the success rate while learning each task, `[K]`. */
  readonly learningSuccess: readonly number[];
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
    "success: share of evaluation episodes after the last task that succeeded, mean over tasks; the numbers of episodes beside it are of all tasks and runs together, as is what else the suite counts (`hypercrl tasks --suite NAME` says what)",
    "wall and processor time: of all processes that worked on the run, minutes; peak memory: largest resident set of any of them, MiB",
    "brackets: 95 % percentile bootstrap interval over seeds, too narrow where seeds are few; n = finished runs, one per seed",
  ];
}

function oracleDefinition(found: FoundOracle): string {
  if (!("oracle" in found)) return `average of oracle: – because ${found.none}`;
  const { episodes, planner, physics } = found.oracle;
  return `average of oracle: mean over tasks of (return after the last task - random) / (oracle - random); random and oracle = mean returns of the random policy and of planning through the true simulator (${planner}, ${count(episodes, "episode")} per task, ${physics}), a lower bound of what planning reaches; kept with the suite, and not in the intervals`;
}

/** The reference among some runs; undefined when none is of method `single`. */
export function referenceOf(runs: readonly RunResult[]): Reference | undefined {
  const first = runs.find((r) => r.method === "single");
  if (first === undefined) return undefined;
  const own = runs.filter((r) => r.label === first.label);
  const meanPerTask = (figures: readonly (readonly number[])[]) =>
    first.tasks.map((_, j) => meanOf(figures.map((figure) => elementAt(figure, j, "tasks"))));
  return {
    label: first.label,
    returns: meanPerTask(own.map((run) => run.means.map((row, j) => elementAt(row, j, "tasks evaluated")))),
    learningSuccess: meanPerTask(own.map((run) => run.learningSuccess)),
  };
}

/** Estimates per label, in the order of the runs; see `definitions`. */
export function compareRuns(runs: readonly RunResult[], oracle?: Oracle): MethodComparison[] {
  const reference = referenceOf(runs);
  const labels = [...new Set(runs.map((r) => r.label))];
  return labels.map((label) => {
    const own = runs.filter((r) => r.label === label);
    const scores = own.map((run) => scoreRun(run, reference, oracle));
    const estimates = SCORES.map((name) => [name, estimate(scores.map((s) => s[name]))] as const);
    return {
      method: label,
      runs: own.length,
      counts: addCounts(own.map(({ counts }) => counts)),
      ...(Object.fromEntries(estimates) as Record<Score, Estimate>),
      untouched: own.reduce((n, r) => n + r.untouched, 0),
      episodes: own.reduce((n, r) => n + r.episodes, 0),
    };
  });
}

/** The figures of one run; see `definitions`. */
export function scoreRun(run: RunResult, reference: Reference | undefined, oracle?: Oracle): RunScores {
  const { means, success, usage } = run;
  const normalised = (value: number, j: number) =>
    normalise(value, elementAt(run.random, j, "tasks"), reference?.returns[j]);
  const last = means.length - 1;
  const plainFinal = elementAt(means, last, "evaluations");
  const final = plainFinal.map(normalised);
  const learned = means.slice(0, last).map((row, i) => elementAt(row, i, "tasks evaluated"));
  const lost = learned.map((value, i) => normalised(value, i) - elementAt(final, i, "tasks"));
  const ratios = learned
    .map((before, i) => [elementAt(plainFinal, i, "tasks"), before] as const)
    .filter(([after, before]) => after > 0 && before > 0)
    .map(([after, before]) => after / before);
  return {
    average: meanOf(final),
    oracleAverage:
      oracle === undefined ? Number.NaN : meanOf(plainFinal.map((r, j) => ofOracle(r, j, oracle))),
    forgetting: meanOf(lost),
    retention: meanOf(ratios),
    forwardTransfer: reference === undefined ? Number.NaN : forwardTransfer(run, reference),
    success: meanOf(success),
    wallMinutes: (usage?.wallMs ?? Number.NaN) / 60_000,
    cpuMinutes: (usage?.cpuMs ?? Number.NaN) / 60_000,
    peakMiB: usage?.peakMiB ?? Number.NaN,
  };
}

/**
 * A return on a scale on which the random policy has 0 and a reference, `single` or the oracle, has 1; as it is without a
 * reference. NaN with a reference that is not above random: the quotient would turn better into worse.
 */
export function normalise(value: number, random: number, reference: number | undefined): number {
  if (reference === undefined) return value;
  return reference > random ? (value - random) / (reference - random) : Number.NaN;
}

/** A return on task j, random 0 and oracle 1. */
function ofOracle(value: number, j: number, { random, returns }: Oracle): number {
  return normalise(value, elementAt(random, j, "tasks"), elementAt(returns, j, "tasks"));
}

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

/** Continual World (Wołczyk et al. 2021), with learning episodes as the measurements of success. */
function forwardTransfer({ learningSuccess }: RunResult, { learningSuccess: single }: Reference): number {
  const pairs = learningSuccess.map((auc, j) => ({ auc, alone: elementAt(single, j, "tasks of single") }));
  return meanOf(pairs.filter(({ alone }) => alone < 1).map(({ auc, alone }) => (auc - alone) / (1 - alone)));
}
