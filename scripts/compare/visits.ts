import { elementAt } from "../../sim/core/element.js";
import type { RunResult } from "./run-result.js";

/** What is known of a run's visits. */
type Visited = Pick<RunResult, "tasks" | "visits" | "means">;

/** Index of the task of a visit, 0-based. */
export function taskOfVisit({ visits }: Pick<RunResult, "visits">, visit: number): number {
  return visits === undefined ? visit : elementAt(visits, visit, "visits");
}

/** The visits of a task, in order. */
export function visitsOf({ tasks, visits = [...tasks.keys()] }: Visited, task: number): number[] {
  return visits.flatMap((one, visit) => (one === task ? [visit] : []));
}

/** Mean return on a task after a visit. */
export function returnAfter({ means }: Visited, visit: number, task: number): number {
  return elementAt(elementAt(means, visit, "evaluations"), task, "tasks evaluated");
}

/** Mean return on each task right after its first visit, `[K]`. */
export function firstReturns(run: Visited): number[] {
  return run.tasks.map((_, task) => returnAfter(run, elementAt(visitsOf(run, task), 0, "visits"), task));
}

/** Mean return on a task right after its last visit; undefined where that is the last visit of all, after which nothing is learned. */
export function lastReturn(run: Visited, task: number): number | undefined {
  const visit = visitsOf(run, task).at(-1);
  return visit === undefined || visit + 1 === run.means.length ? undefined : returnAfter(run, visit, task);
}
