import type { Settings } from "../../settings/schema.js";
import type { ScalarEvent } from "./event-file.js";

/** What is read of a record of `metrics.jsonl` or `timing.jsonl`; null stands for a number that was not finite. */
export interface LoggedRecord {
  readonly type: string;
  readonly task?: string;
  readonly taskIndex?: number;
  readonly afterTask?: number;
  readonly phase?: string;
  readonly steps?: number;
  readonly return?: number | null;
  readonly success?: boolean;
  readonly measures?: Readonly<Record<string, number | null>>;
  readonly taskLoss?: number | null;
  readonly regularizer?: number | null;
  readonly ms?: number;
  readonly waitedMs?: number;
  readonly shared?: { readonly bytes: number };
  readonly tasks?: readonly { readonly bytes: number; readonly transitions: number }[];
}

type Values = Record<string, number | null | undefined>;

/**
 * Turns a run's records, in their order, into the curves that TensorBoard shows. Steps are environment steps over the
 * whole sequence of tasks; an evaluation after a task lies at the task's last step, the random policy's at 0. One
 * point per evaluation of a task: the mean over its episodes.
 */
export class RunScalars {
  readonly #stepsPerTask: number;
  readonly #evaluationEpisodes: number;
  /** Episodes of the evaluation that is going on. */
  #episodes: LoggedRecord[] = [];

  constructor({ loop }: Settings) {
    this.#stepsPerTask = loop.initialRandomSteps + loop.stepsPerTask;
    this.#evaluationEpisodes = loop.evaluationEpisodes;
  }

  /** The point that a record of either log completes, if any. */
  accept(record: LoggedRecord): ScalarEvent | undefined {
    const { type, taskIndex = 0, steps = 0, afterTask = 0 } = record;
    const now = taskIndex * this.#stepsPerTask + steps;
    if (type === "episode") return point(now, episodeValues(record));
    if (type === "training") return point(now, trainingValues(record));
    if (type === "kept") return point((taskIndex + 1) * this.#stepsPerTask, keptValues(record));
    if (type === "baseline") return this.#evaluated(record, 0);
    if (type === "evaluation") return this.#evaluated(record, (afterTask + 1) * this.#stepsPerTask);
    return undefined;
  }

  #evaluated(record: LoggedRecord, step: number): ScalarEvent | undefined {
    this.#episodes.push(record);
    if (this.#episodes.length < this.#evaluationEpisodes) return undefined;
    const rows = this.#episodes.map((e) => ({ return: e.return, success: Number(e.success), ...e.measures }));
    this.#episodes = [];
    const group = record.type === "baseline" ? "baseline" : "evaluate";
    const means = Object.keys(rows[0]).map((name): [string, number] => {
      const values = rows.map((row) => (row as Values)[name] ?? Number.NaN);
      return [`${group}/${name}/${record.task}`, values.reduce((a, b) => a + b, 0) / rows.length];
    });
    return point(step, Object.fromEntries(means));
  }
}

function episodeValues({ phase, task, return: sum, success }: LoggedRecord): Values {
  const group = phase === "random" ? "explore" : "learn";
  return { [`${group}/return/${task}`]: sum, [`${group}/success/${task}`]: Number(success) };
}

/** Of `metrics` the losses, of `timing` the times. */
function trainingValues({ taskLoss, regularizer, ms, waitedMs }: LoggedRecord): Values {
  if (ms !== undefined) return { "timing/training_s": ms / 1000, "timing/waited_s": (waitedMs ?? ms) / 1000 };
  return { "model/task_loss": taskLoss, "model/regularizer": regularizer };
}

function keptValues({ shared, tasks = [] }: LoggedRecord): Values {
  const bytes = tasks.reduce((sum, t) => sum + t.bytes, shared?.bytes ?? 0);
  return {
    "kept/MiB": bytes / 2 ** 20,
    "kept/transitions": tasks.reduce((sum, t) => sum + t.transitions, 0),
  };
}

/** Leaves out what is not finite: TensorBoard has no place to draw it. */
function point(step: number, values: Values): ScalarEvent | undefined {
  const finite = Object.entries(values).filter(([, v]) => typeof v === "number" && Number.isFinite(v));
  return finite.length > 0
    ? { step, values: Object.fromEntries(finite) as Record<string, number> }
    : undefined;
}
