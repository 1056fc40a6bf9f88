import { join } from "node:path";
import { type EvaluationJson, EvaluationMatrix } from "../../agent/run/evaluation-matrix.js";
import { finishedEvaluation } from "../../agent/run/finished.js";
import { metricsByType, metricsPath, readMetrics } from "../../agent/run/read-log.js";
import { readSettings } from "../../agent/run/read-run.js";
import { type EpisodeRecord, type MetricsRecord, visitOf } from "../../agent/run/records.js";
import { RUN_FILES } from "../../agent/run/run-files.js";
import { type EvaluatedChoice, evaluatedTasks } from "../../agent/settings/evaluated-tasks.js";
import { Schedule } from "../../agent/settings/schedule.js";
import { elementAt } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { meanOf } from "../../sim/core/mean.js";
import { countOutcomes, type OutcomeCounts } from "../runs/counts.js";
import { type DiscoveryFigures, discoveryFigures } from "../runs/discovery-figures.js";
import { episodeLengths } from "../runs/episode-lengths.js";
import { resumeCommand } from "../runs/resume-command.js";
import { readUsage, type Usage } from "../runs/usage.js";
import { type LearningCurve, learningCurve } from "./learning-curves.js";

/** One finished run, as its folder tells. `K` tasks, `V` visits. */
export interface RunResult {
  /** What the run is compared under: its method, or the name of a variant of it. */
  readonly label: string;
  readonly method: string;
  readonly seed: number;
  /** Names, `[K]`. */
  readonly tasks: readonly string[];
  /** Mean return of the random policy per task, `[K]`. */
  readonly random: readonly number[];
  /** Index of the task of each visit, `[V]`; missing where every task is visited once, in the order of the suite. */
  readonly visits?: readonly number[];
  /**
   * `means[i][j]`: mean return on task j after visit i; NaN where it was not evaluated then (`loop.evaluateTasks`). The task just
   * learned was, and after the last visit every task was. Without `visits`, visit i is of task i, and j ≤ i.
   */
  readonly means: readonly (readonly number[])[];
  /** Share of evaluation episodes after the last visit that succeeded, per task, `[K]`. */
  readonly success: readonly number[];
  /** How many of these episodes succeeded, and had what else the tasks name; all tasks together. */
  readonly counts: OutcomeCounts;
  /** Success rate over the learning episodes of its first visit begun after exploring, weighted by their steps, per task, `[K]`. */
  readonly learningSuccess: readonly number[];
  /** How each task was learned in its first visit, `[K]`. */
  readonly learning: readonly LearningCurve[];
  /** How the task of each visit was learned in it, `[V]`. */
  readonly visitCurves: readonly LearningCurve[];
  /** Undefined for runs of versions that did not note it. */
  readonly usage: Usage | undefined;
  /** Evaluation episodes that ended with the block within 1 mm of its start, of all. */
  readonly untouched: number;
  readonly episodes: number;
  /** Of a run that is not told when its task changes. */
  readonly discovery?: DiscoveryFigures;
}

/** A run with what came of its episodes, from which intervals are made. */
export interface MeasuredRun extends RunResult {
  readonly measured: {
    /** Returns of the random policy, by task and episode, `[K][E]`. */
    readonly random: readonly (readonly number[])[];
    /** `returns[i][j]`: returns `[E]` on task j after visit i, as `means`; empty where it was not evaluated then. */
    readonly returns: readonly (readonly (readonly number[])[])[];
    /** 1 where an episode after the last task succeeded, else 0; by task and episode, `[K][E]`. */
    readonly success: readonly (readonly number[])[];
  };
}

/** What is kept of a run beside figures over all: no single episode. */
export type RunSummary = Omit<RunResult, "learning" | "visitCurves">;

/** A run without what is known of single episodes. */
export function withoutEpisodes({
  measured: _,
  learning: __,
  visitCurves: ___,
  ...run
}: MeasuredRun): RunSummary {
  return run;
}

const UNTOUCHED_MM = 1;

/**
 * Reads what a finished run says of itself.
 * @param label default its method
 * @throws InputError when the folder is no run or is not finished
 */
export function readRun(folder: string, label?: string): MeasuredRun {
  const settings = readSettings(folder);
  const { method, seed } = settings;
  const evaluation = finishedEvaluation(folder);
  if (evaluation === undefined) {
    throw new InputError({
      what: `Run ${folder} is not finished`,
      expected: "every task evaluated after the last was learned",
      todo: `Continue it with \`${resumeCommand(folder, {})}\`, and with the modules that it was given, if any`,
    });
  }
  const { tasks, visits, returns } = evaluation;
  const choice = { ...settings, tasks: tasks.length };
  const schedule = new Schedule(choice);
  checkVisits(folder, schedule, evaluation);
  const metrics = readMetrics(folder, schedule);
  const { baseline, episode, evaluation: evaluated } = metricsByType(metrics);
  const last = tasks.map((task, j) => {
    const found = evaluated.filter((r) => r.afterTask === returns.length - 1 && r.taskIndex === j);
    const wanted = returns.at(-1)?.[j]?.length ?? 0;
    if (found.length !== wanted) throw cutLog(folder, task, found.length, wanted);
    return found;
  });
  checkAllMeasured(folder, (visit) => evaluatedTasks(choice, visit, schedule), evaluation);
  checkReturnsAgree(folder, choice, evaluation, [...baseline, ...evaluated]);
  const visitCurves = schedule.visits.map(({ randomSteps, plannedSteps }, visit) =>
    learningCurve(episode, visit, randomSteps, plannedSteps),
  );
  const firstVisits = tasks.map((_, j) => schedule.firstVisit(j));
  const success = last.map((found) => found.map((r) => Number(r.success)));
  const moved = evaluated.map((r) => r.measures.blockDisplacementMm ?? Number.NaN);
  const discovery = discoveryFigures(metrics);
  return {
    label: label ?? method,
    method,
    seed,
    tasks,
    ...(visits !== undefined && { visits }),
    random: evaluation.random.map(meanOf),
    means: returns.map((row) => row.map(meanOf)),
    success: success.map(meanOf),
    counts: countOutcomes(last.flat()),
    learningSuccess: firstVisits.map((visit) => learningSuccess(episode, visit)),
    learning: firstVisits.map((visit) => elementAt(visitCurves, visit, "visits")),
    visitCurves,
    usage: readUsage(folder),
    untouched: moved.filter((mm) => mm < UNTOUCHED_MM).length,
    episodes: evaluated.length,
    ...(discovery && { discovery }),
    measured: { random: evaluation.random, returns, success },
  };
}

/** @throws InputError when the returns are of other visits than the run's settings say */
function checkVisits(folder: string, schedule: Schedule, { visits }: EvaluationJson): void {
  const numbers = (tasks: readonly number[] | undefined) => tasks?.map((task) => task + 1).join(", ");
  const got = numbers(visits);
  const expected = numbers(schedule.isOnce ? undefined : schedule.visits.map(({ task }) => task));
  if (got === expected) return;
  throw new InputError({
    what: `${join(folder, RUN_FILES.evaluation)} is not of the visits that its run makes`,
    got: got === undefined ? "each task once" : `visits of the tasks ${got}`,
    expected: expected === undefined ? "each task once" : `visits of the tasks ${expected}`,
    todo: "Restore the file from a copy, or leave this run out",
  });
}

/** Indices of the tasks that a run is evaluated on after a visit. */
type TasksAfter = (afterVisit: number) => readonly number[];

/**
 * Only what the settings leave out may be missing.
 * @throws InputError when the run has no returns where it was to be evaluated
 */
function checkAllMeasured(
  folder: string,
  tasksAfter: TasksAfter,
  { tasks, visits, returns }: EvaluationJson,
): void {
  for (const [i, row] of returns.entries()) {
    const missing = tasksAfter(i).find((j) => row[j]?.length === 0);
    if (missing === undefined) continue;
    throw new InputError({
      what: `${join(folder, RUN_FILES.evaluation)} lacks returns that its run measures`,
      got: `none in returns.${i}.${missing}`,
      expected: `those on task ${tasks[missing]} after ${visits === undefined ? `learning ${tasks[i]}` : `visit ${i + 1}`}`,
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
  choice: EvaluatedChoice,
  written: EvaluationJson,
  records: readonly MetricsRecord[],
): void {
  const matrix = EvaluationMatrix.of(choice, written.tasks);
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
 * Area under the success rate of a visit's learning, as a share of the steps of its planned episodes: each episode's
 * success holds for the steps it took. An episode is planned when it was begun so. NaN when none was.
 */
function learningSuccess(episodes: readonly EpisodeRecord[], visit: number): number {
  const learning = episodes.filter((r) => visitOf(r) === visit);
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
