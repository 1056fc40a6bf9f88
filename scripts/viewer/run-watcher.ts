import { basename, join } from "node:path";
import { z } from "zod";
import { metricsPath, parseMetricsLine } from "../../agent/run/read-log.js";
import {
  type BaselineRecord,
  type EpisodeRecord,
  type EvaluationRecord,
  visitOf,
} from "../../agent/run/records.js";
import { RUN_FILES, SETTINGS_ERROR } from "../../agent/run/run-files.js";
import { evaluatedTasks } from "../../agent/settings/evaluated-tasks.js";
import { ONCE, Schedule, scheduleField } from "../../agent/settings/schedule.js";
import { readDocument } from "../../sim/core/documents.js";
import { largest } from "../../sim/core/extremes.js";
import { isInUse } from "../../sim/core/folder-lock.js";
import { LogTail } from "./log-tail.js";
import type { RunEpisode, RunPlan, RunStatus, RunUpdate } from "./payload.js";

/** What is read of `settings.json`. */
const settingsSchema = z.object({
  seed: z.int(),
  tasks: z.int(),
  loop: z.object({
    initialRandomSteps: z.int(),
    stepsPerTask: z.int(),
    schedule: scheduleField.default(ONCE),
    evaluateTasks: z.union([z.literal("all"), z.int()]).default("all"),
    evaluationEpisodes: z.int(),
  }),
});

/** Follows the log of one run. */
export class RunWatcher {
  readonly #source: number;
  readonly #folder: string;
  readonly #tail: LogTail;
  #plan: RunPlan | undefined;
  #episodes: RunEpisode[] = [];
  #loss: number | undefined;
  #status: RunStatus | undefined;

  /**
   * @param source index of the run among those shown
   * @param folder of the run
   */
  constructor(source: number, folder: string) {
    this.#source = source;
    this.#folder = folder;
    this.#tail = new LogTail(metricsPath(folder));
  }

  /** Looks at the run; what is new since the last time, or undefined. */
  poll(): RunUpdate | undefined {
    this.#plan ??= readPlan(this.#folder);
    // Asked before the log is read: a run that ends in between is told of next time, with all its lines.
    const inUse = this.#isInUse();
    const { restarted, lines } = this.#tail.read();
    if (restarted) {
      this.#episodes = [];
      this.#loss = undefined;
    }
    const known = this.#episodes.length;
    for (const line of lines) this.#take(line);
    const before = this.#status;
    this.#status = this.#statusNow(inUse);
    if (lines.length === 0 && !restarted && this.#status === before) return undefined;
    return this.#update(restarted, this.#episodes.slice(known));
  }

  /** Everything as of the last look. */
  whole(): RunUpdate {
    return this.#update(true, this.#episodes);
  }

  #update(fresh: boolean, episodes: readonly RunEpisode[]): RunUpdate {
    return {
      source: this.#source,
      fresh,
      status: this.#status ?? "gone",
      episodes,
      ...(this.#plan !== undefined && { plan: this.#plan }),
      ...(this.#loss !== undefined && { loss: this.#loss }),
    };
  }

  /** Takes a line of the log; what is no record is passed over. */
  #take(line: string): void {
    const record = parseMetricsLine(line);
    if (record === undefined) return;
    if ("recording" in record) this.#episodes.push(episodeOf(record));
    if (record.type === "training")
      this.#loss = Number.isFinite(record.taskLoss) ? record.taskLoss : undefined;
  }

  /** Undefined when the folder is gone. */
  #isInUse(): boolean | undefined {
    try {
      return isInUse(this.#folder, Date.now());
    } catch {
      return undefined;
    }
  }

  #statusNow(inUse: boolean | undefined): RunStatus {
    if (inUse === undefined) return "gone";
    const last = this.#episodes.at(-1);
    const { tasks, visits, evaluationEpisodes } = this.#plan ?? {};
    const done =
      last?.phase === "evaluate" &&
      last.afterTask + 1 === visits?.length &&
      last.taskIndex + 1 === tasks &&
      last.episode + 1 === evaluationEpisodes;
    if (done) return "done";
    return inUse ? "running" : "stopped";
  }
}

/** How much a run is to do; undefined where its settings cannot be read. */
function readPlan(folder: string): RunPlan | undefined {
  try {
    const settings = readDocument(join(folder, RUN_FILES.settings), settingsSchema, SETTINGS_ERROR);
    const schedule = new Schedule(settings);
    return {
      tasks: settings.tasks,
      isOnce: schedule.isOnce,
      visits: schedule.visits.map(({ task, randomSteps }, visit) => ({
        task,
        explores: randomSteps > 0,
        steps: schedule.steps(visit),
        lastEvaluated: largest(evaluatedTasks(settings, visit, schedule)),
      })),
      evaluationEpisodes: settings.loop.evaluationEpisodes,
    };
  } catch {
    return undefined;
  }
}

function episodeOf(record: BaselineRecord | EpisodeRecord | EvaluationRecord): RunEpisode {
  const { task, taskIndex, episode, success, terminated, recording } = record;
  const value = Number.isFinite(record.return) ? record.return : null;
  const ended = terminated === undefined ? {} : { terminated };
  const common = { task, taskIndex, episode, return: value, success, ...ended, file: basename(recording) };
  if (record.type === "baseline") return { ...common, phase: "random", afterTask: -1 };
  if (record.type === "evaluation") return { ...common, phase: "evaluate", afterTask: record.afterTask };
  const { phase, randomSteps, steps, visit } = record;
  const mixed = randomSteps === undefined ? {} : { randomSteps };
  const visited = visit === undefined ? {} : { visit };
  return { ...common, phase, ...mixed, afterTask: visitOf(record), ...visited, steps };
}
