import type { EpisodeRecord, EvaluationRecord, MetricsRecord } from "../../agent/run/records.js";
import { largest, smallest } from "../../sim/core/extremes.js";
import { meanOf } from "../../sim/core/mean.js";
import { countOutcomes, type OutcomeCounts } from "./counts.js";
import { type DiscoveryFigures, discoveryFigures } from "./discovery-figures.js";
import { fullEpisodes } from "./episode-lengths.js";

/** Mean, spread and range of some numbers; all NaN when there are none. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; 0 for one number. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

/** What a run achieved on one task. */
export interface TaskSummary {
  readonly task: string;
  /** Mean return of the random policy. */
  readonly random: number;
  /** Mean evaluation return right after the task was learned, the last time where it was more than once. */
  readonly learned: number;
  /** Mean evaluation return after the last visit that was evaluated after. */
  readonly final: number;
  /** `learned - final`: positive when the task was partly forgotten. NaN of a task after which none was learned. */
  readonly forgetting: number;
  /** Share of the episodes behind `final` that succeeded. */
  readonly success: number;
  /** How many of them succeeded, and had what else the task names. */
  readonly counts: OutcomeCounts;
  /** Means of `Scene.measure()` at the end of those episodes. */
  readonly measures: Readonly<Record<string, number>>;
}

/** The episode of a run that went best. */
export interface BestEpisode {
  readonly kind: "evaluation" | "learning";
  /** Path inside the run folder. */
  readonly recording: string;
  readonly task: string;
  readonly return: number;
}

/** What a run achieved. */
export interface Summary {
  readonly tasks: readonly TaskSummary[];
  /** Index of the last visit after which anything was evaluated; -1 before. */
  readonly afterTask: number;
  /** The evaluation episode with the highest return; before the first, the planned learning episode of full length. */
  readonly best: BestEpisode | undefined;
  /** Of a run that is not told when its task changes. */
  readonly discovery?: DiscoveryFigures;
}

/** What a run achieved, from the records of its `metrics.jsonl`. NaN stands for what was not measured yet. */
export function summarize(records: readonly MetricsRecord[]): Summary {
  const names = new Map<number, string>();
  for (const record of records) if ("task" in record) names.set(record.taskIndex, record.task);
  const afterTask = lastEvaluated(records.filter((r) => r.type === "evaluation"));
  const tasks = [...names]
    .sort(([a], [b]) => a - b)
    .map(([j, name]) =>
      summarizeTask(
        name,
        records.filter((r) => r.taskIndex === j),
        j,
        afterTask,
      ),
    );
  const discovery = discoveryFigures(records);
  return { tasks, afterTask, best: bestEpisode(records), ...(discovery && { discovery }) };
}

/**
 * @param records of the task
 * @param last index of the last visit after which anything was evaluated
 */
function summarizeTask(
  task: string,
  records: readonly MetricsRecord[],
  index: number,
  last: number,
): TaskSummary {
  const random = records.filter((r) => r.type === "baseline");
  const evaluations = records.filter((r) => r.type === "evaluation");
  const atEnd = evaluations.filter(({ afterTask }) => afterTask === last);
  const own = lastVisit(records, last) ?? index;
  const learned = meanReturn(evaluations.filter(({ afterTask }) => afterTask === own));
  const final = meanReturn(atEnd);
  return {
    task,
    random: meanReturn(random),
    learned,
    final,
    forgetting: last > own ? learned - final : Number.NaN,
    success: successRate(atEnd),
    counts: countOutcomes(atEnd),
    measures: meanMeasures(atEnd),
  };
}

/** The last visit of a task up to one; undefined where its records name none, as every task is visited once in order. */
function lastVisit(records: readonly MetricsRecord[], last: number): number | undefined {
  const named = records.flatMap((r) => ("visit" in r && r.visit !== undefined ? [r.visit] : []));
  const visits = named.filter((visit) => visit <= last);
  return visits.length === 0 ? undefined : largest(visits);
}

/** Index of the last visit after which one of the evaluations was made; -1 of none. */
function lastEvaluated(evaluations: readonly EvaluationRecord[]): number {
  return evaluations.reduce((last, { afterTask }) => Math.max(last, afterTask), -1);
}

function bestEpisode(records: readonly MetricsRecord[]): BestEpisode | undefined {
  const evaluations = records.filter((r) => r.type === "evaluation");
  const kind = evaluations.length > 0 ? "evaluation" : "learning";
  const episodes = evaluations.length > 0 ? evaluations : fullTrainingEpisodes(records);
  const [first, ...others] = episodes;
  if (first === undefined) return undefined;
  const best = others.reduce((a, b) => (b.return > a.return ? b : a), first);
  return { kind, recording: best.recording, task: best.task, return: best.return };
}

/** Episodes whose returns compare: full ones of training, and evaluations; exploration at random left out. */
export function plannedEpisodes(records: readonly MetricsRecord[]): (EpisodeRecord | EvaluationRecord)[] {
  return [...fullTrainingEpisodes(records), ...records.filter((r) => r.type === "evaluation")];
}

function fullTrainingEpisodes(records: readonly MetricsRecord[]): EpisodeRecord[] {
  return fullEpisodes(records.filter((r) => r.type === "episode")).filter(({ phase }) => phase === "train");
}

function meanReturn(records: readonly { readonly return: number }[]): number {
  return meanOf(records.map((r) => r.return));
}

/** Share of successes; NaN of nothing. */
export function successRate(episodes: readonly { readonly success: boolean }[]): number {
  return meanOf(episodes.map(({ success }) => Number(success)));
}

/** Share of the episodes that ended by themselves; undefined where the task does not say what ends one. */
export function endRate(
  episodes: readonly { readonly terminated?: boolean | undefined }[],
): number | undefined {
  const ends = episodes.flatMap(({ terminated }) => (terminated === undefined ? [] : [Number(terminated)]));
  return ends.length === 0 ? undefined : meanOf(ends);
}

/** Mean of each measure; one that was not finite in some episode is NaN. */
export function meanMeasures(
  episodes: readonly { readonly measures: Readonly<Record<string, number>> }[],
): Record<string, number> {
  const keys = Object.keys(episodes[0]?.measures ?? {});
  const mean = (key: string) => meanOf(episodes.map(({ measures }) => measures[key] ?? Number.NaN));
  return Object.fromEntries(keys.map((key) => [key, mean(key)]));
}

export function spread(values: readonly number[]): Spread {
  const n = values.length;
  if (n === 0) return { mean: Number.NaN, std: Number.NaN, min: Number.NaN, max: Number.NaN };
  const mean = meanOf(values);
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const std = n === 1 ? 0 : Math.sqrt(squares / (n - 1));
  return { mean, std, min: smallest(values), max: largest(values) };
}
