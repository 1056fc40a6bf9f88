import { existsSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import {
  type BaselineRecord,
  type EpisodeRecord,
  type EvaluationRecord,
  visitOf,
} from "../../agent/run/records.js";
import { Schedule } from "../../agent/settings/schedule.js";
import { firstOf } from "../../sim/core/element.js";
import { learningText } from "../compare/episode-text.js";
import { orNull } from "../compare/value.js";
import { shellWord } from "../runs/shell-word.js";
import { plannedEpisodes } from "../runs/summary.js";
import type { EpisodeRow } from "./data.js";
import type { ReportRun } from "./runs.js";

/** A record with a recording. */
type PlayableRecord = BaselineRecord | EpisodeRecord | EvaluationRecord;

/**
 * Of every task the planned episodes with the highest and the lowest return, and the last episode of the run. Where learning
 * episodes are shorter than those of evaluations, their returns do not compare: then only evaluations count, and learning episodes
 * as long as nothing has been evaluated.
 * @param report path of the page, which links are relative to
 */
export function episodeRows(run: ReportRun, report: string): EpisodeRow[] {
  const { episode, evaluation } = run.metrics;
  const shortened = run.settings.loop.learningEpisodeSteps > 0 && evaluation.length > 0;
  const planned = plannedEpisodes(shortened ? evaluation : [...episode, ...evaluation]).filter((r) =>
    Number.isFinite(r.return),
  );
  const extremes = [...new Set(planned.map((r) => r.taskIndex))]
    .sort((a, b) => a - b)
    .flatMap((task) => {
      const sorted = planned.filter((r) => r.taskIndex === task).sort((a, b) => b.return - a.return);
      const best = rowOf("best", firstOf(sorted, "episodes"), run, report);
      return sorted.length === 1 ? [best] : [best, rowOf("worst", sorted.at(-1)!, run, report)];
    });
  const last = lastOf(run);
  return last === undefined ? extremes : [...extremes, rowOf("last", last, run, report)];
}

/** After its evaluations a visit's learning is over, so the later visit decides, then the kind. */
function lastOf({ metrics: { baseline, episode, evaluation } }: ReportRun): PlayableRecord | undefined {
  const [learned, evaluated] = [episode.at(-1), evaluation.at(-1)];
  if (learned === undefined) return baseline.at(-1);
  return evaluated !== undefined && evaluated.afterTask >= visitOf(learned) ? evaluated : learned;
}

function rowOf(
  which: EpisodeRow["which"],
  record: PlayableRecord,
  { folder, settings }: ReportRun,
  report: string,
): EpisodeRow {
  const { recording, task, success } = record;
  const path = join(folder, recording);
  const kept = existsSync(path);
  return {
    which,
    task,
    moment: momentOf(record, new Schedule(settings).isOnce),
    return: orNull(record.return),
    success,
    recording,
    link: kept ? linkTo(path, report) : null,
    command: kept ? `hypercrl view ${shellWord(path)}` : null,
    play: null,
    compare: null,
  };
}

function momentOf(record: PlayableRecord, isOnce: boolean): string {
  if (record.type === "evaluation") {
    return `evaluation after ${isOnce ? "task" : "visit"} ${record.afterTask + 1}`;
  }
  return record.type === "baseline" ? "random actions" : learningText(record);
}

/** A path as a page next to it names it. */
function linkTo(path: string, report: string): string {
  return relative(dirname(resolve(report)), resolve(path))
    .split(sep)
    .map(encodeURIComponent)
    .join("/");
}
