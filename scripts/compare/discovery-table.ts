import type { OutcomeCount } from "../runs/counts.js";
import type { Estimate } from "./estimate.js";

/** The figures of discovery that are estimated over seeds, in the order of the table. */
export const DISCOVERY_SCORES = [
  "tasksFound",
  "tasksFoundRight",
  "changesDetected",
  "detectionDelay",
  "falseAlarmRate",
  "stepsToRecover",
] as const;

export type DiscoveryScore = (typeof DISCOVERY_SCORES)[number];

/** Decimals and heading of each figure. */
export const DISCOVERY_COLUMNS: Readonly<Record<DiscoveryScore, readonly [heading: string, digits: number]>> =
  {
    tasksFound: ["tasks\nfound", 1],
    tasksFoundRight: ["right\nnumber", 2],
    changesDetected: ["changes\ndetected", 2],
    detectionDelay: ["detection\ndelay, steps", 0],
    falseAlarmRate: ["false alarms in\n10,000 steps", 1],
    stepsToRecover: ["steps to\nrecover", 0],
  };

/** How long one change took to be found: a line's runs whose task changed with that visit. */
export interface ChangeDelay<V = number> {
  readonly label: string;
  /** Visit with which the task changed, 0-based. */
  readonly visit: number;
  /** Control steps from the change to its detection, over the runs that detected it. */
  readonly delay: Estimate<V>;
  /** The delay of each of them. */
  readonly values: readonly number[];
  readonly detected: OutcomeCount;
}

/** How well the runs of a line found out their tasks. */
export interface DiscoveryLine<V = number> extends Readonly<Record<DiscoveryScore, Estimate<V>>> {
  readonly label: string;
  readonly runs: number;
  /** Tasks that the world held, mean over the runs. */
  readonly tasks: number;
  /** Changes of all runs that were detected. */
  readonly detected: OutcomeCount;
}

/** What runs that are not told when their task changes are measured by. */
export interface DiscoveryTables<V = number> {
  readonly lines: readonly DiscoveryLine<V>[];
  readonly changes: readonly ChangeDelay<V>[];
}

/** The figures that some line has: those of returning to a task need a schedule that does so. */
export function shownScores<V>(lines: readonly DiscoveryLine<V>[]): readonly DiscoveryScore[] {
  return DISCOVERY_SCORES.filter((score) => lines.some((line) => line[score].n > 0));
}
