import { MIB } from "../../../sim/core/bytes.js";
import { Schedule } from "../../settings/schedule.js";
import type { Settings } from "../../settings/schema.js";
import {
  type BaselineRecord,
  type EpisodeRecord,
  type EvaluationRecord,
  episodeKind,
  type KeptRecord,
  type MetricsRecord,
  type ModelErrorRecord,
  type TrainingRecord,
  visitOf,
} from "../records.js";
import type { TimingRecord, TrainingTime } from "../timing-records.js";
import type { ScalarEvent } from "./event-file.js";

type Values = Readonly<Record<string, number>>;

/**
 * Turns a run's records, in their order, into the curves that TensorBoard shows. Steps are environment steps over the
 * whole sequence of visits; an evaluation after a visit lies at its last step, the random policy's at 0. One
 * point per evaluation of a task: the mean over its episodes.
 */
export class RunScalars {
  readonly #schedule: Schedule;
  readonly #evaluationEpisodes: number;
  /** Episodes of the evaluation that is going on. */
  #episodes: (BaselineRecord | EvaluationRecord)[] = [];

  constructor(settings: Settings) {
    this.#schedule = new Schedule(settings);
    this.#evaluationEpisodes = settings.loop.evaluationEpisodes;
  }

  /** The point that a record of either log completes, if any. */
  accept(record: MetricsRecord | TimingRecord): ScalarEvent | undefined {
    switch (record.type) {
      case "episode":
        return point(this.#stepOf(record), episodeValues(record));
      case "training":
        return point(this.#stepOf(record), "ms" in record ? trainingTimes(record) : losses(record));
      case "kept":
        return point(this.#schedule.end(visitOf(record)), keptValues(record));
      case "baseline":
        return this.#evaluated(record, "baseline", 0);
      case "evaluation":
        return this.#evaluated(record, "evaluate", this.#schedule.end(record.afterTask));
      case "modelError":
        return point(this.#schedule.end(record.afterTask), modelErrors(record));
      default:
        return undefined;
    }
  }

  #stepOf(record: Pick<EpisodeRecord, "taskIndex" | "visit" | "steps">): number {
    return this.#schedule.at(visitOf(record)).start + record.steps;
  }

  #evaluated(
    record: BaselineRecord | EvaluationRecord,
    group: "baseline" | "evaluate",
    step: number,
  ): ScalarEvent | undefined {
    this.#episodes.push(record);
    if (this.#episodes.length < this.#evaluationEpisodes) return undefined;
    const rows = this.#episodes.map(
      (e): Values => ({
        return: e.return,
        success: Number(e.success),
        ...ended(e),
        ...e.measures,
        ...Object.fromEntries(Object.entries(e.outcomes ?? {}).map(([name, came]) => [name, Number(came)])),
      }),
    );
    this.#episodes = [];
    const means = Object.keys(rows[0] ?? {}).map((name): [string, number] => {
      const values = rows.map((row) => row[name] ?? Number.NaN);
      return [`${group}/${name}/${record.task}`, values.reduce((a, b) => a + b, 0) / rows.length];
    });
    return point(step, Object.fromEntries(means));
  }
}

/** Groups of tags; the return of an episode that was cut compares with no other. */
const EPISODE_GROUPS = { random: "explore", train: "learn", mixed: "mixed" } as const;

function episodeValues(record: EpisodeRecord): Values {
  const { task, return: sum, success } = record;
  const group = record.cut ? "cut" : EPISODE_GROUPS[episodeKind(record)];
  const values = { return: sum, success: Number(success), ...ended(record) };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${group}/${name}/${task}`, value]),
  );
}

/** Whether an episode ended by itself, of tasks that say what ends one. */
function ended({ terminated }: Pick<EpisodeRecord, "terminated">): Values {
  return terminated === undefined ? {} : { terminated: Number(terminated) };
}

function losses({ taskLoss, regularizer }: TrainingRecord): Values {
  return { "model/task_loss": taskLoss, "model/regularizer": regularizer };
}

function trainingTimes({ ms, waitedMs }: TrainingTime): Values {
  return { "timing/training_s": ms / 1000, "timing/waited_s": waitedMs / 1000 };
}

function keptValues({ shared, tasks }: KeptRecord): Values {
  return {
    "kept/MiB": tasks.reduce((sum, t) => sum + t.bytes, shared.bytes) / MIB,
    "kept/transitions": tasks.reduce((sum, t) => sum + t.transitions, 0),
  };
}

function modelErrors({ task, horizons, errors }: ModelErrorRecord): Values {
  const values = errors.flatMap(({ unit, model }) =>
    model.map((error, h) => [`model_error/${horizons[h]}_steps/${unit}/${task}`, error] as const),
  );
  return Object.fromEntries(values);
}

/** Leaves out what is not finite: TensorBoard has no place to draw it. */
function point(step: number, values: Values): ScalarEvent | undefined {
  const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return finite.length > 0 ? { step, values: Object.fromEntries(finite) } : undefined;
}
