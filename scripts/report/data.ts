import type { DiscoveryTables } from "../compare/discovery-table.js";
import type { Estimate } from "../compare/estimate.js";
import type { RevisitTables } from "../compare/revisit-tables.js";
import type { Value } from "../compare/value.js";
import type { OutcomeCounts } from "../runs/counts.js";

/**
 * Mean over the runs of a line with the lowest and highest of them, column by column: entry k of every array belongs
 * to one point. `steps` counts environment steps over the whole sequence of tasks.
 */
export interface Curve {
  readonly label: string;
  /** Task, 0-based. */
  readonly task: readonly number[];
  readonly phase: readonly ("random" | "train")[];
  readonly steps: readonly number[];
  readonly mean: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Runs behind the point. */
  readonly n: readonly number[];
}

/** Where a visit lies on the axis of environment steps. */
export interface Stretch {
  /** 0-based; null where the runs visit different tasks here. */
  readonly task: Value;
  readonly from: number;
  readonly to: number;
  /** Where its random steps end; `from` where it has none. */
  readonly randomTo: number;
}

/** Curves that share an axis of environment steps. */
export interface CurveChart {
  /** Random steps of a task's first visit. */
  readonly randomSteps: number;
  /** Random and planned ones together. */
  readonly stepsPerTask: number;
  /** Where tasks are visited in another way than once in the order of the suite: the visits, in order. */
  readonly visits?: readonly Stretch[];
  readonly curves: readonly Curve[];
  /** Environment steps per point where several values of a run are averaged into one; null where none are. */
  readonly thinnedTo: Value;
}

/**
 * Error of a model on held-out episodes of one task, so many control steps ahead: mean over the runs of a line with the
 * lowest and highest of them, column by column as in `Curve`, one point for each evaluation of the task.
 */
export interface ModelErrorCurve {
  readonly label: string;
  /** Control steps. */
  readonly horizon: number;
  /** Last visit before, 0-based: the last task learned where each is visited once. */
  readonly afterTask: readonly number[];
  readonly mean: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Mean error of predicting that nothing changes. */
  readonly unchanged: readonly number[];
  /** Runs behind the point. */
  readonly n: readonly number[];
}

/** Horizon that plots of model errors show, in control steps. */
export const SHOWN_HORIZON = 10;

/** What is measured of one task in one unit. */
export interface ModelErrorChart {
  readonly unit: string;
  /** 0-based. */
  readonly task: number;
  readonly curves: readonly ModelErrorCurve[];
}

/** Predictions of a line that were not finite and do not count as errors. */
export interface LeftOut {
  readonly label: string;
  readonly leftOut: number;
  /** All predictions. */
  readonly of: number;
}

/** How well models predict episodes that they were not trained on. */
export interface ModelErrors {
  readonly charts: readonly ModelErrorChart[];
  /** Lines of which something was left out. */
  readonly leftOut: readonly LeftOut[];
}

/** What can be drawn against environment steps. */
export const QUANTITIES = [
  "return",
  "trainingLoss",
  "regularizer",
  "trainingSeconds",
  "planningMilliseconds",
] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** One figure of one line of the comparison. */
export interface ScoreEstimate extends Estimate<Value> {
  readonly label: string;
  /** Of each finished run that has the figure. */
  readonly values: readonly number[];
}

export interface ScoreChart {
  /** As the comparison names it, e.g. `average`. */
  readonly score: string;
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  readonly estimates: readonly ScoreEstimate[];
}

/** One figure of a line less that of another with the same seed. */
export interface DifferenceFigure extends Estimate<Value> {
  readonly score: string;
  readonly title: string;
  readonly digits: number;
  /** Those of the n seeds that both have with which the line is the better one. */
  readonly better: number;
  /** Of a paired t-test, corrected for the number of lines; null for too few seeds. */
  readonly p: Value;
}

export interface DifferencesTable {
  /** Line that the others are compared with. */
  readonly from: string;
  readonly rows: readonly { readonly label: string; readonly figures: readonly DifferenceFigure[] }[];
  readonly definition: string;
}

/** Evaluation on task j after visit i. */
export interface Cell {
  /** Visit, 0-based: the task just learned where each is visited once in order. */
  readonly afterTask: number;
  readonly task: number;
  /** Mean return over runs of the mean over episodes. */
  readonly return: number;
  /** The same of normalised returns; null without a reference. */
  readonly normalised: Value;
  /** Runs that were evaluated on the task then; there is no cell where none was. */
  readonly n: number;
}

export interface Matrix {
  readonly label: string;
  /** Where tasks are visited in another way than once in order: task of each visit, null where the runs differ. */
  readonly visits?: readonly Value[];
  readonly cells: readonly Cell[];
}

/** Where the wall time of finished runs went, minutes, mean over runs. */
export interface TimeShare {
  readonly label: string;
  readonly n: number;
  /** Waiting for training sessions. */
  readonly training: number;
  /** Planning while learning; null for runs of versions that did not note it. */
  readonly planning: Value;
  /** Evaluation, physics, recording and, where it was not noted, planning. */
  readonly rest: number;
}

export interface EpisodeRow {
  readonly which: "best" | "worst" | "last";
  readonly task: string;
  /** `after task 2`, `training`. */
  readonly moment: string;
  readonly return: Value;
  readonly success: boolean;
  /** Path inside the run folder. */
  readonly recording: string;
  /** Path of the recording as seen from the report, and the command that plays it; null when it was not kept. */
  readonly link: string | null;
  readonly command: string | null;
  /** Address of the page of episodes that plays it, as seen from the report; null when it is not there. */
  readonly play: string | null;
  /** The same with the best episode of the task beside it; null where it is that or either is not there. */
  readonly compare: string | null;
}

export interface RunRow {
  readonly folder: string;
  readonly label: string;
  readonly seed: number;
  readonly finished: boolean;
  /** `finished`, or how far it got. */
  readonly state: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Null while it is not finished. */
  readonly scores: Readonly<Record<string, Value>> | null;
  readonly episodes: readonly EpisodeRow[];
}

/** The page beside the report that plays listed episodes. */
export interface EpisodesPage {
  readonly file: string;
  readonly episodes: number;
  /** Recordings that are listed and there, and not on the page because it would become too large. */
  readonly leftOut: number;
}

/** Everything a report shows; the JSON beside the page. */
export interface ReportData {
  readonly schema: 1;
  readonly generator: string;
  readonly suite: string;
  readonly tasks: readonly string[];
  /** Lines of the comparison, in the order in which they are drawn. */
  readonly labels: readonly string[];
  readonly runs: readonly RunRow[];
  readonly notBegun: readonly string[];
  readonly definitions: readonly string[];
  /** Figures of schedules that visit tasks again; absent where no finished run has one. */
  readonly revisits?: RevisitTables<Value>;
  /** How well runs that are not told when their task changes found out; absent where no finished run is one. */
  readonly discovery?: DiscoveryTables<Value> & { readonly charts: readonly ScoreChart[] };
  /** Runs of `single` that lower what counts as 1, in words. */
  readonly failedReferences: readonly string[];
  /** Label of the runs that returns are normalised by. */
  readonly reference: string | null;
  readonly scores: readonly ScoreChart[];
  /** How many evaluation episodes after the last task had each outcome: of every line and of the oracle, if there is one. */
  readonly counts: readonly { readonly label: string; readonly counts: OutcomeCounts }[];
  /** In how many tasks each return that steps are counted to was reached, of every line; empty without runs of `single`. */
  readonly reached: readonly { readonly label: string; readonly counts: OutcomeCounts }[];
  /** Planning through the true simulator: the figures it has; null while no run is finished, or without a reference. */
  readonly oracle: Readonly<Record<string, number>> | null;
  /** Null while no two lines have finished a seed in common. */
  readonly differences: DifferencesTable | null;
  readonly matrices: readonly Matrix[];
  readonly charts: Readonly<Record<Quantity, readonly CurveChart[]>>;
  readonly modelErrors: ModelErrors;
  readonly time: readonly TimeShare[];
  /** Null when no recording can be played. */
  readonly episodesPage: EpisodesPage | null;
  /** Settings that differ between lines: values in the order of `labels`. */
  readonly settings: readonly { readonly name: string; readonly values: readonly string[] }[];
}
