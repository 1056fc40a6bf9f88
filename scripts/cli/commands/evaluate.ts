import { existsSync } from "node:fs";
import type { StartsNote } from "../../../agent/evaluation/evaluation-starts.js";
import { count } from "../../../sim/core/count.js";
import { writeDocument } from "../../../sim/core/documents.js";
import { firstOf } from "../../../sim/core/element.js";
import { UsageError } from "../../../sim/core/errors.js";
import { countsText, outcomeNames, outcomeShare } from "../../compare/counts-text.js";
import { modelErrorTable } from "../../compare/model-error-text.js";
import { measureKeys, measureTitle, table } from "../../compare/tables.js";
import { number, percent, wrap } from "../../compare/text.js";
import {
  type EvaluateOptions,
  evaluateRun,
  type RunEvaluation,
  type TaskEvaluation,
} from "../../evaluate/evaluate-run.js";
import { addCounts, countOutcomes } from "../../runs/counts.js";
import { signalCode } from "../../runs/stop-signals.js";
import { endRate, meanMeasures, spread, successRate } from "../../runs/summary.js";
import { type Io, sayError, warner } from "../io.js";

/** Where the figures of an evaluation go. */
export interface EvaluateFlags {
  /** Print JSON in place of tables. */
  readonly json?: boolean;
  /** New file for the figures as JSON. */
  readonly out?: string;
}

/** `hypercrl evaluate`: measures a saved state on every task it has learned. Returns the exit code. */
export async function evaluateCommand(
  folder: string,
  options: EvaluateOptions,
  flags: EvaluateFlags,
  io: Io,
): Promise<number> {
  return giveEvaluation(options, flags, io, {
    measure: (all) => evaluateRun(folder, all),
    report: (evaluation) => ({
      ...evaluation,
      tasks: evaluation.tasks.map((t) => ({ ...figures(t), ...t })),
    }),
    text: (_, evaluation) => evaluationText(evaluation, io.columns()),
  });
}

/** What is measured, and how it is told. */
interface Measuring<Options, Evaluation, Report> {
  measure(options: Options & Pick<EvaluateOptions, "signal" | "onWarning">): Promise<Evaluation>;
  /** The figures, for programs. */
  report(evaluation: Evaluation): Report;
  /** The same for people. */
  text(report: Report, evaluation: Evaluation): string;
}

/**
 * Measures until it is done or the user stops it, and gives the figures as the flags say. Returns the exit code.
 * @throws UsageError when there is something where figures shall go, InputError when they cannot be written, and what measuring throws
 */
export async function giveEvaluation<
  Options extends Pick<EvaluateOptions, "recordings">,
  Evaluation extends { readonly complete: boolean },
  Report extends object,
>(
  options: Options,
  flags: EvaluateFlags,
  io: Io,
  { measure, report, text }: Measuring<Options, Evaluation, Report>,
): Promise<number> {
  checkNewFile(flags.out);
  const signal = io.stopSignal();
  const evaluation = await measure({ ...options, signal, onWarning: warner(io) });
  if (!evaluation.complete) {
    sayStopped(io, signal, options.recordings);
    return signalCode(signal.reason);
  }
  const told = report(evaluation);
  giveFigures(told, () => text(told, evaluation), flags, io);
  return 0;
}

/**
 * Prints the figures of an evaluation, and writes them where `--out` says.
 * @param text the same for people
 * @throws InputError when the file cannot be written
 */
export function giveFigures(report: object, text: () => string, { json, out }: EvaluateFlags, io: Io): void {
  // First, so that a file that cannot be written does not lose what was measured.
  io.out(json ? JSON.stringify(report) : text());
  if (out !== undefined) writeDocument(out, report);
}

/** Says that an evaluation was stopped, and what is left of it. @param recordings folder of the recordings, if there is one */
export function sayStopped(io: Io, { reason }: AbortSignal, recordings: string | undefined): void {
  const kept =
    recordings === undefined
      ? "nothing was written"
      : `${recordings} holds the episodes that came to their end`;
  if (reason !== "SIGPIPE") sayError(io, `Stopped; ${kept}.`);
}

/** @throws UsageError when there is something where figures shall go */
export function checkNewFile(out: string | undefined): void {
  if (out === undefined || !existsSync(out)) return;
  throw new UsageError({ what: `${out} exists`, expected: "a new path", todo: "Choose another --out" });
}

/** The figures of a task's episodes. */
export function figures({ task, episodes }: Pick<TaskEvaluation, "task" | "episodes">) {
  const returns = spread(episodes.map((e) => e.return));
  const terminated = endRate(episodes);
  return {
    task,
    ...returns,
    success: successRate(episodes),
    counts: countOutcomes(episodes),
    ...(terminated !== undefined && { terminated }),
    measures: meanMeasures(episodes),
  };
}

/** Where episodes started, for a heading; nothing of the published starts. */
export function startsText({ starts, startSeed }: StartsNote): string {
  return starts === undefined ? "" : ` from ${starts} starts (seed ${startSeed})`;
}

/** `5 tasks`; where tasks were learned again, `10 visits`. */
export function learnedText(visits: number, tasks: number): string {
  return count(visits, visits > tasks ? "visit" : "task");
}

function evaluationText({ afterTask, tasks, policy, ...note }: RunEvaluation, width: number): string {
  const rows = tasks.map(figures);
  const outcomes = outcomeNames(rows);
  const keys = measureKeys(rows, outcomes);
  const ending = rows.some(({ terminated }) => terminated !== undefined);
  const head = [
    ["task", "mean\nreturn", "std", "min", "max"],
    [
      "success",
      ...outcomes.map(measureTitle),
      ...(ending ? ["ended by\nitself"] : []),
      ...keys.map(measureTitle),
    ],
  ];
  const body = rows.map((row) => [
    row.task,
    ...[row.mean, row.std, row.min, row.max].map((v) => number(v)),
    percent(row.success),
    ...outcomes.map((name) => percent(outcomeShare(row, name))),
    ...(ending ? [percent(row.terminated ?? 0)] : []),
    ...keys.map((key) => number(row.measures[key])),
  ]);
  const errors = modelErrorTable(tasks, width);
  const acting = policy === undefined ? "" : `, with the policies of ${policy}`;
  const perTask = `${count(firstOf(tasks, "tasks").episodes.length, "episode")} per task`;
  return [
    wrap(`After ${learnedText(afterTask, tasks.length)}, ${perTask}${startsText(note)}${acting}:`, width),
    table(head, body, { width }),
    wrap(`All tasks: ${countsText(addCounts(rows.map((row) => row.counts)))}.`, width),
    wrap(
      "Returns are undiscounted sums of rewards; std is the sample standard deviation over the episodes. Success: as the task defines it; errors: at the end of an episode.",
      width,
    ),
    ...(errors === undefined ? [] : ["", errors]),
  ].join("\n");
}
