import { EpisodeThreads } from "../../agent/evaluation/episode-threads.js";
import { builtinPlanners } from "../../planners/registry.js";
import type { PlannerDefinition } from "../../planners/types.js";
import type { TaskSuite } from "../../sim/task.js";
import { builtinSuites } from "../../tasks/registry.js";

/**
 * Threads that play evaluation episodes at the same time; undefined where they are played one after another: with one thread, and
 * with a suite or a planner that does not come with the package, of which nothing says that its episodes do not depend on each other.
 * @param threads with the calling one
 */
export function episodeThreads(
  suite: TaskSuite,
  planner: PlannerDefinition,
  threads: number,
): EpisodeThreads | undefined {
  const planners: readonly PlannerDefinition[] = builtinPlanners;
  if (threads < 2 || !builtinSuites.includes(suite) || !planners.includes(planner)) return undefined;
  return new EpisodeThreads("scripts/runs/episode-worker.js", threads);
}
