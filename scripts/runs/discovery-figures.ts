import {
  type DetectionRecord,
  type EpisodeRecord,
  type MetricsRecord,
  visitOf,
} from "../../agent/run/records.js";
import { meanOf } from "../../sim/core/mean.js";

/** How well an agent that is not told when its task changes found out. */
export interface DiscoveryFigures {
  /** How often the world's task changed. */
  readonly changes: number;
  /** Changes in whose visit something was found. */
  readonly detected: number;
  /** Of these, changes after which the agent believed in the found task that is matched to the world's. */
  readonly identified: number;
  /** Environment steps from each detected change to its detection, in order. */
  readonly delays: readonly number[];
  /** The same of every change, with the visit, 0-based, that brought it; NaN where it was missed. */
  readonly delayByVisit: readonly { readonly visit: number; readonly delay: number }[];
  /** Detections that are not the first one after a change. */
  readonly falseAlarms: number;
  /** The same for 10,000 environment steps of learning. */
  readonly falseAlarmRate: number;
  /** Tasks that the world held. */
  readonly tasks: number;
  /** Tasks that the agent found, the first one included. */
  readonly tasksFound: number;
  /** Share of the steps in which the agent believed in the found task that is matched to the one that the world held. */
  readonly accuracy: number;
}

/**
 * Figures of a run so far; undefined of one that is told its tasks.
 * @param records of its `metrics.jsonl`
 */
export function discoveryFigures(records: readonly MetricsRecord[]): DiscoveryFigures | undefined {
  const episodes = records.filter((r) => r.type === "episode").filter((r) => r.believed !== undefined);
  if (episodes.length === 0) return undefined;
  const detections = records.filter((r) => r.type === "detection");
  const changed = changesIn(episodes);
  const first = new Map<number, DetectionRecord>();
  for (const record of detections) {
    const visit = visitOf(record);
    if (changed.has(visit) && !first.has(visit)) first.set(visit, record);
  }
  const counts = countBeliefs(episodes);
  const match = matchTasks(counts);
  const steps = sumOf(counts.flat());
  const right = [...match].map(([task, found]) => counts[found]?.[task] ?? 0);
  const found = [...first.values()];
  const falseAlarms = detections.length - found.length;
  return {
    changes: changed.size,
    detected: found.length,
    identified: found.filter((r) => match.get(r.taskIndex) === r.found).length,
    delays: found.map(({ delay }) => delay ?? Number.NaN),
    delayByVisit: [...changed].map((visit) => ({ visit, delay: first.get(visit)?.delay ?? Number.NaN })),
    falseAlarms,
    falseAlarmRate: (1e4 * falseAlarms) / steps,
    tasks: new Set(episodes.map(({ taskIndex }) => taskIndex)).size,
    tasksFound: 1 + detections.filter(({ kind }) => kind === "new").length,
    accuracy: sumOf(right) / steps,
  };
}

/** The visits whose task is another than that of the visit before. */
function changesIn(episodes: readonly EpisodeRecord[]): Set<number> {
  const tasks = new Map(episodes.map((r) => [visitOf(r), r.taskIndex]));
  const visits = [...tasks].filter(([visit, task]) => visit > 0 && tasks.get(visit - 1) !== task);
  return new Set(visits.map(([visit]) => visit));
}

/** Steps by found task and task of the suite, `[K][J]`. */
function countBeliefs(episodes: readonly EpisodeRecord[]): number[][] {
  const tasks = 1 + Math.max(...episodes.map(({ taskIndex }) => taskIndex));
  const founds = 1 + Math.max(...episodes.flatMap(({ believed = [] }) => believed.map(({ found }) => found)));
  const counts = Array.from({ length: founds }, () => Array.from({ length: tasks }, () => 0));
  for (const { taskIndex, believed = [] } of episodes) {
    for (const { found, steps } of believed) {
      const row = counts[found];
      if (row !== undefined) row[taskIndex] = (row[taskIndex] ?? 0) + steps;
    }
  }
  return counts;
}

/** Pairs of task and found task, each in one pair at most: the two that share most steps first, then of the others, and so on. */
function matchTasks(counts: readonly (readonly number[])[]): Map<number, number> {
  const pairs = counts
    .flatMap((row, found) => row.map((steps, task) => ({ found, task, steps })))
    .filter(({ steps }) => steps > 0)
    .sort((a, b) => b.steps - a.steps);
  const match = new Map<number, number>();
  const taken = new Set<number>();
  for (const { found, task } of pairs) {
    if (match.has(task) || taken.has(found)) continue;
    match.set(task, found);
    taken.add(found);
  }
  return match;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Mean of the delays; NaN of none. */
export function meanDelay({ delays }: DiscoveryFigures): number {
  return meanOf(delays);
}
