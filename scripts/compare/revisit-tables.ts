import type { OutcomeCount } from "../runs/counts.js";
import type { Estimate } from "./estimate.js";

/** How a task fared over several visits: figures of one line, over its seeds. */
export interface TaskOverVisits<V = number> {
  readonly label: string;
  /** Name of the task; of the mean over tasks `mean`. */
  readonly task: string;
  readonly backwardTransfer: Estimate<V>;
  readonly gain: Estimate<V>;
}

/** How tasks were learned again: figures of one line, over its seeds, each the mean over tasks. */
export interface LearnedAgain<V = number> {
  readonly label: string;
  /** Which visit of a task: 2 is the first one again. */
  readonly visit: number;
  readonly areaShare: Estimate<V>;
  readonly recoverySteps: Estimate<V>;
  /** In how many tasks of all runs the return was recovered. */
  readonly recovered: OutcomeCount;
}

/** What schedules that visit tasks again are measured by. */
export interface RevisitTables<V = number> {
  readonly tasks: readonly TaskOverVisits<V>[];
  readonly visits: readonly LearnedAgain<V>[];
}
