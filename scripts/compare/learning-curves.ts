import { type EpisodeRecord, visitOf } from "../../agent/run/records.js";
import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { fullEpisodes } from "../runs/episode-lengths.js";

/** Planned episodes in a running mean. */
export const RUNNING = 3;

/** How a run learned a task in one visit; whole episodes only. NaN where there are too few. */
export interface LearningCurve {
  /** Mean return of the episodes in which it explored to the end. */
  readonly explored: number;
  /** Mean return of the planned episodes. */
  readonly mean: number;
  /** Running means of `RUNNING` planned episodes, and the planned steps made by the end of each: `[E - RUNNING + 1]`. */
  readonly running: readonly number[];
  readonly steps: readonly number[];
  /** Planned steps of the visit. */
  readonly total: number;
}

/**
 * How a task was learned in a visit, 0-based. An episode is planned when it was begun so.
 * @param exploring steps of the visit before the first planned one
 * @param total planned steps of the visit
 */
export function learningCurve(
  episodes: readonly EpisodeRecord[],
  visit: number,
  exploring: number,
  total: number,
): LearningCurve {
  const whole = fullEpisodes(episodes.filter((episode) => visitOf(episode) === visit));
  const explored = whole.filter(({ phase, randomSteps }) => phase === "random" && randomSteps === undefined);
  const planned = whole.filter(({ phase }) => phase === "train");
  const windows = planned.slice(RUNNING - 1).map((last, i) => ({
    mean: meanOf(planned.slice(i, i + RUNNING).map((episode) => episode.return)),
    steps: last.steps - exploring,
  }));
  return {
    explored: meanOf(explored.map((episode) => episode.return)),
    mean: meanOf(planned.map((episode) => episode.return)),
    running: windows.map(({ mean }) => mean),
    steps: windows.map(({ steps }) => steps),
    total,
  };
}

/** Mean return of the last planned episodes. */
export function endOf({ running }: LearningCurve): number {
  return running.at(-1) ?? Number.NaN;
}

/**
 * Planned steps after which the running mean is at a level for the first time; infinite when it never is, NaN when there is
 * no running mean or no level.
 */
export function stepsTo({ running, steps }: LearningCurve, level: number): number {
  if (running.length === 0 || Number.isNaN(level)) return Number.NaN;
  const first = running.findIndex((mean) => mean >= level);
  return first < 0 ? Number.POSITIVE_INFINITY : elementAt(steps, first, "running means");
}
