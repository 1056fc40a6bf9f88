import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type EvaluationJson,
  EvaluationMatrix,
  evaluationSchema,
} from "../../agent/run/evaluation-matrix.js";
import { metricsByType, metricsPath, readMetrics } from "../../agent/run/read-log.js";
import type { EpisodeRecord, MetricsRecord } from "../../agent/run/records.js";
import { RUN_FILES } from "../../agent/run/run-files.js";
import { readSettings } from "../../agent/run/store.js";
import { evaluatedTasks } from "../../agent/settings/evaluated-tasks.js";
import { readDocument } from "../../sim/core/documents.js";
import { elementAt } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { meanOf } from "../../sim/core/mean.js";
import { countOutcomes, type OutcomeCounts } from "../runs/counts.js";
import { episodeLengths } from "../runs/episode-lengths.js";
import { resumeCommand } from "../runs/resume-command.js";
import { readUsage, type Usage } from "../runs/usage.js";
import { type LearningCurve, learningCurve } from "./learning-curves.js";

/** One finished run, as its folder tells. `K` tasks. */
export interface RunResult {
  /** What the run is compared under: its method, or the name of a variant of it. */
  readonly label: string;
  readonly method: string;
  readonly seed: number;
  /** Names, `[K]`. */
  readonly tasks: readonly string[];
  /** Mean return of the random policy per task, `[K]`. */
  readonly random: readonly number[];
  /**
   * `means[i][j]`: mean return on task j after learning task i, j ≤ i; NaN where it was not evaluated then (`loop.evaluateTasks`).
   * Right after learning it, j = i, and after the last task every task was.
   */
  readonly means: readonly (readonly number[])[];
  /** Share of evaluation episodes after the last task that succeeded, per task, `[K]`. */
  readonly success: readonly number[];
  /** How many of these episodes succeeded, and had what else the tasks name; all tasks together. */
  readonly counts: OutcomeCounts;
  /** Success rate over the learning episodes begun after exploring, weighted by their steps, per task, `[K]`. */
  readonly learningSuccess: readonly number[];
  /** How each task was learned, `[K]`. */
  readonly learning: readonly LearningCurve[];
  /** Undefined for runs of versions that did not note it. */
  readonly usage: Usage | undefined;
  /** Evaluation episodes that ended with the block within 1 mm of its start, of all. */
  readonly untouched: number;
  readonly episodes: number;
}

/** A run with what came of its episodes, from which intervals are made. */
export interface MeasuredRun extends RunResult {
  readonly measured: {
    /** Returns of the random policy, by task and episode, `[K][E]`. */
    readonly random: readonly (readonly number[])[];
    /** `returns[i][j]`: returns `[E]` on task j after learning task i, j ≤ i; empty where it was not evaluated then. */
    readonly returns: readonly (readonly (readonly number[])[])[];
    /** 1 where an episode after the last task succeeded, else 0; by task and episode, `[K][E]`. */
    readonly success: readonly (readonly number[])[];
  };
}

/** What is kept of a run beside figures over all: no single episode. */
export type RunSummary = Omit<RunResult, "learning">;

/** A run without what is known of single episodes. */
export function withoutEpisodes({ measured: _, learning: __, ...run }: MeasuredRun): RunSummary {
  return run;
}

const UNTOUCHED_MM = 1;

/** A run's returns, when every task has been evaluated after the last. @throws InputError when they are damaged */
function finishedEvaluation(folder: string) {
  const path = join(folder, RUN_FILES.evaluation);
  if (!existsSync(path)) return undefined;
  const evaluation = readDocument(path, evaluationSchema, {
    expected: "evaluation.json as `hypercrl train` writes it",
    todo: "Restore the file from a copy",
  });
  return evaluation.returns.length === evaluation.tasks.length ? evaluation : undefined;
}

export function isFinished(folder: string): boolean {
  return finishedEvaluation(folder) !== undefined;
}

/**
 * Reads what a finished run says of itself.
 * @param label default its method
 * @throws InputError when the folder is no run or is not finished
 */
export function readRun(folder: string, label?: string): MeasuredRun {
  const settings = readSettings(folder);
  const { method, seed, loop } = settings;
  const evaluation = finishedEvaluation(folder);
  if (evaluation === undefined) {
    throw new InputError({
      what: `Run ${folder} is not finished`,
      expected: "every task evaluated after the last was learned",
      todo: `Continue it with \`${resumeCommand(folder, {})}\`, and with the modules that it was given, if any`,
    });
  }
  const { tasks, returns } = evaluation;
  const { baseline, episode, evaluation: evaluated } = metricsByType(readMetrics(folder, tasks.length));
  const last = tasks.map((task, j) => {
    const found = evaluated.filter((r) => r.afterTask === tasks.length - 1 && r.taskIndex === j);
    const wanted = returns[tasks.length - 1]?.[j]?.length ?? 0;
    if (found.length !== wanted) throw cutLog(folder, task, found.length, wanted);
    return found;
  });
  const tasksAfter = (afterTask: number) => evaluatedTasks({ ...settings, tasks: tasks.length }, afterTask);
  checkAllMeasured(folder, tasksAfter, evaluation);
  checkReturnsAgree(folder, tasksAfter, evaluation, [...baseline, ...evaluated]);
  const success = last.map((found) => found.map((r) => Number(r.success)));
  const moved = evaluated.map((r) => r.measures.blockDisplacementMm ?? Number.NaN);
  return {
    label: label ?? method,
    method,
    seed,
    tasks,
    random: evaluation.random.map(meanOf),
    means: returns.map((row) => row.map(meanOf)),
    success: success.map(meanOf),
    counts: countOutcomes(last.flat()),
    learningSuccess: tasks.map((_, j) => learningSuccess(episode, j)),
    learning: tasks.map((_, j) => learningCurve(episode, j, loop.initialRandomSteps, loop.stepsPerTask)),
    usage: readUsage(folder),
    untouched: moved.filter((mm) => mm < UNTOUCHED_MM).length,
    episodes: evaluated.length,
    measured: { random: evaluation.random, returns, success },
  };
}

/** Indices of the tasks that a run is evaluated on after learning a task. */
type TasksAfter = (afterTask: number) => readonly number[];

/**
 * Only what the settings leave out may be missing.
 * @throws InputError when the run has no returns where it was to be evaluated
 */
function checkAllMeasured(folder: string, tasksAfter: TasksAfter, { tasks, returns }: EvaluationJson): void {
  for (const [i, row] of returns.entries()) {
    const missing = tasksAfter(i).find((j) => row[j]?.length === 0);
    if (missing === undefined) continue;
    throw new InputError({
      what: `${join(folder, RUN_FILES.evaluation)} lacks returns that its run measures`,
      got: `none in returns.${i}.${missing}`,
      expected: `those on task ${tasks[missing]} after learning ${tasks[i]}`,
      todo: "Restore the file from a copy, or leave this run out",
    });
  }
}

/**
 * The log and `evaluation.json` say the same returns twice, so that a figure that was changed in one of them shows.
 * @throws InputError when they differ
 */
function checkReturnsAgree(
  folder: string,
  tasksAfter: TasksAfter,
  written: EvaluationJson,
  records: readonly MetricsRecord[],
): void {
  const matrix = new EvaluationMatrix(written.tasks, tasksAfter);
  for (const record of records) matrix.accept(record);
  const logged = matrix.toJson();
  const rows = (name: string, a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
    a.map((row, j) => [`${name}.${j}`, row, b[j] ?? []] as const);
  const pairs = [
    ...rows("random", written.random, logged.random),
    ...written.returns.flatMap((row, i) => rows(`returns.${i}`, row, logged.returns[i] ?? [])),
  ];
  for (const [name, got, expected] of pairs) {
    if (got.length === expected.length && got.every((value, e) => Object.is(value, expected[e]))) continue;
    throw new InputError({
      what: `${join(folder, RUN_FILES.evaluation)} does not say what the run's log does`,
      got: `${name}: ${got.join(", ")}`,
      expected: expected.join(", ") || "nothing there",
      todo: "Restore both files from a copy, or leave this run out",
    });
  }
}

function cutLog(folder: string, task: string, got: number, wanted: number): InputError {
  return new InputError({
    what: `${metricsPath(folder)} ends before its run did`,
    got: `${got} evaluations of task ${task} after the last task`,
    expected: `${wanted}, as evaluation.json has`,
    todo: "Restore the log from a copy, or leave this run out",
  });
}

/**
 * Area under the success rate of one task's learning, as a share of the steps of its planned episodes: each episode's
 * success holds for the steps it took. An episode is planned when it was begun so. NaN when none was.
 */
function learningSuccess(episodes: readonly EpisodeRecord[], task: number): number {
  const learning = episodes.filter((r) => r.taskIndex === task);
  const lengths = episodeLengths(learning);
  let [succeeded, all] = [0, 0];
  for (const [i, { phase, success }] of learning.entries()) {
    if (phase !== "train") continue;
    const length = elementAt(lengths, i, "episodes");
    all += length;
    if (success) succeeded += length;
  }
  return succeeded / all;
}
