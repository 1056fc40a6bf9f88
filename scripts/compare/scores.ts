import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { medianOf } from "../../sim/core/median.js";
import type { OutcomeCounts } from "../runs/counts.js";
import { endOf, stepsTo } from "./learning-curves.js";
import type { Oracle } from "./oracle-reference.js";
import type { RunResult } from "./run-result.js";
import { firstReturns, lastReturn } from "./visits.js";

/** The figures of one run; NaN where one is not defined. */
export interface RunScores {
  readonly average: number;
  readonly oracleAverage: number;
  readonly forgetting: number;
  readonly retention: number;
  readonly forwardTransfer: number;
  readonly returnTransfer: number;
  readonly stepsToHalf: number;
  readonly stepsToNinety: number;
  readonly success: number;
  readonly wallMinutes: number;
  readonly cpuMinutes: number;
  readonly peakMiB: number;
}

export type Score = keyof RunScores;

/** Names of the figures that are read from what happens while tasks are learned. */
export const LEARNING_SCORES = [
  "forwardTransfer",
  "returnTransfer",
  "stepsToHalf",
  "stepsToNinety",
] as const satisfies readonly Score[];

/** Names of the figures; those of a group stay side by side where a table has no room for all. */
export const SCORE_GROUPS: readonly (readonly Score[])[] = [
  ["average", "oracleAverage", "forgetting", "retention"],
  LEARNING_SCORES,
  ["success"],
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
  returnTransfer: ["transfer\nof return", 3],
  stepsToHalf: ["steps\nto half", 0],
  stepsToNinety: ["steps\nto 90 %", 0],
  success: ["success", 3],
  wallMinutes: ["wall time,\nmin", 1],
  cpuMinutes: ["processor\ntime, min", 1],
  peakMiB: ["peak memory,\nMiB", 0],
};

/** What figures are measured against: the runs of one label of method `single`. `K` tasks. */
export interface Reference {
  readonly label: string;
  /** Runs, one per seed. */
  readonly seeds: number;
  /** Mean return over its seeds right after the first visit to each task, `[K]`. */
  readonly returns: readonly number[];
  /** Mean over its seeds of the success rate while learning each task, `[K]`. */
  readonly learningSuccess: readonly number[];
  /** Mean over its seeds of the return of learning episodes, per task `[K]`: of those that explored, and of the last planned ones. */
  readonly explored: readonly number[];
  readonly learningEnd: readonly number[];
  /** Mean return of the planned learning episodes, by seed and task. */
  readonly alone: ReadonlyMap<number, readonly number[]>;
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
    seeds: own.length,
    returns: meanPerTask(own.map(firstReturns)),
    learningSuccess: meanPerTask(own.map((run) => run.learningSuccess)),
    explored: meanPerTask(own.map((run) => run.learning.map(({ explored }) => explored))),
    learningEnd: meanPerTask(own.map((run) => run.learning.map(endOf))),
    alone: new Map(own.map(({ seed, learning }) => [seed, learning.map(({ mean }) => mean)])),
  };
}

/** A run of the reference that did not learn a task as its other seeds did. */
export interface FailedReference {
  readonly seed: number;
  readonly task: string;
  /** Return right after learning the task, less the random policy's, as a share of the median over the seeds. */
  readonly share: number;
}

/** Below this share of the median a run of the reference counts as failed. */
const FAILED_SHARE = 0.5;

/**
 * Runs of the reference that failed on a task: each raises the figures of all methods, because it lowers what counts as 1. None
 * can be told among fewer than three seeds.
 */
export function failedReferences(runs: readonly RunResult[]): FailedReference[] {
  const label = referenceOf(runs)?.label;
  const own = runs.filter((run) => run.label === label);
  if (own.length < 3) return [];
  return (own[0]?.tasks ?? []).flatMap((task, j) => {
    const learned = own.map((run) => {
      const found = elementAt(firstReturns(run), j, "tasks");
      return { seed: run.seed, above: found - elementAt(run.random, j, "tasks") };
    });
    const middle = medianOf(learned.map(({ above }) => above));
    if (!(middle > 0)) return [];
    const shares = learned.map(({ seed, above }) => ({ seed, task, share: above / middle }));
    return shares.filter(({ share }) => share < FAILED_SHARE);
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
  const learned = run.tasks.flatMap((_, j) => {
    const before = lastReturn(run, j);
    return before === undefined ? [] : [{ j, before }];
  });
  const lost = learned.map(({ j, before }) => normalised(before, j) - elementAt(final, j, "tasks"));
  const ratios = learned
    .map(({ j, before }) => [elementAt(plainFinal, j, "tasks"), before] as const)
    .filter(([after, before]) => after > 0 && before > 0)
    .map(([after, before]) => after / before);
  return {
    average: meanOf(final),
    oracleAverage:
      oracle === undefined ? Number.NaN : meanOf(plainFinal.map((r, j) => ofOracle(r, j, oracle))),
    forgetting: meanOf(lost),
    retention: meanOf(ratios),
    forwardTransfer: reference === undefined ? Number.NaN : forwardTransfer(run, reference),
    returnTransfer: reference === undefined ? Number.NaN : returnTransfer(run, reference),
    stepsToHalf: meanSteps(run, reference, "stepsToHalf"),
    stepsToNinety: meanSteps(run, reference, "stepsToNinety"),
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
export function ofOracle(value: number, j: number, { random, returns }: Oracle): number {
  return normalise(value, elementAt(random, j, "tasks"), elementAt(returns, j, "tasks"));
}

/** Continual World (Wołczyk et al. 2021), with learning episodes as the measurements of success. */
function forwardTransfer({ learningSuccess }: RunResult, { learningSuccess: single }: Reference): number {
  const pairs = learningSuccess.map((auc, j) => ({ auc, alone: elementAt(single, j, "tasks of single") }));
  return meanOf(pairs.filter(({ alone }) => alone < 1).map(({ auc, alone }) => (auc - alone) / (1 - alone)));
}

/** The way from exploring to what `single` learns on task j, as learning episodes measure it; NaN where it does not lead up. */
function rise({ explored, learningEnd }: Reference, j: number): number {
  const way = elementAt(learningEnd, j, "tasks of single") - elementAt(explored, j, "tasks of single");
  return way > 0 ? way : Number.NaN;
}

function returnTransfer({ seed, learning }: RunResult, reference: Reference): number {
  const alone = reference.alone.get(seed);
  if (alone === undefined) return Number.NaN;
  const gains = learning.map(
    ({ mean }, j) => (mean - elementAt(alone, j, "tasks of single")) / rise(reference, j),
  );
  return meanOf(gains.filter(Number.isFinite));
}

/** How far a return is to come, as a share of the way from exploring to what `single` learns. */
const FAR = { stepsToHalf: 0.5, stepsToNinety: 0.9 } as const satisfies Partial<Record<Score, number>>;

type StepsScore = keyof typeof FAR;

/** The returns that steps are counted to, by the names of the figures. */
export const REACHED = Object.keys(FAR) as readonly StepsScore[];

/** `half`, `90 %`. */
export function reachedTitle(score: StepsScore): string {
  return score === "stepsToHalf" ? "half" : "90 %";
}

/** Planned steps of each task until the return has come that far; tasks of which nothing can be said are left out. */
function stepsOf({ learning }: RunResult, reference: Reference | undefined, score: StepsScore) {
  if (reference === undefined) return [];
  return learning
    .map((curve, j) => {
      const level = elementAt(reference.explored, j, "tasks of single") + FAR[score] * rise(reference, j);
      return { steps: stepsTo(curve, level), total: curve.total };
    })
    .filter(({ steps }) => !Number.isNaN(steps));
}

/** Mean over tasks, where all steps of the task stand for a return that was not reached. */
function meanSteps(run: RunResult, reference: Reference | undefined, score: StepsScore): number {
  return meanOf(stepsOf(run, reference, score).map(({ steps, total }) => Math.min(steps, total)));
}

/** In how many tasks of some runs each return was reached; empty without a reference. */
export function reachedCounts(runs: readonly RunResult[], reference: Reference | undefined): OutcomeCounts {
  if (reference === undefined) return {};
  const counts = REACHED.map((score) => {
    const all = runs.flatMap((run) => stepsOf(run, reference, score));
    return [score, { count: all.filter(({ steps }) => Number.isFinite(steps)).length, of: all.length }];
  });
  return Object.fromEntries(counts);
}
