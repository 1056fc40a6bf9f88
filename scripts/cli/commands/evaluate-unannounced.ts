import { count } from "../../../sim/core/count.js";
import { firstOf } from "../../../sim/core/element.js";
import { outcomeNames, outcomeShare } from "../../compare/counts-text.js";
import { DETECTION_LIMIT, switchReport } from "../../compare/switches.js";
import { measureTitle, table } from "../../compare/tables.js";
import { number, percent, wrap } from "../../compare/text.js";
import {
  evaluateRunUnannounced,
  type UnannouncedEvaluation,
  type UnannouncedOptions,
} from "../../evaluate/evaluate-unannounced.js";
import type { Io } from "../io.js";
import { type EvaluateFlags, giveEvaluation, learnedText, startsText } from "./evaluate.js";
import { recognitionFigures } from "./recognition-figures.js";
import { switchesText } from "./switches-text.js";

/** `hypercrl evaluate --tasks unannounced`: measures a saved state that is not told its tasks. Returns the exit code. */
export async function evaluateUnannouncedCommand(
  folder: string,
  options: UnannouncedOptions,
  flags: EvaluateFlags,
  io: Io,
): Promise<number> {
  return giveEvaluation(options, flags, io, {
    measure: (all) => evaluateRunUnannounced(folder, all),
    report: (evaluation) => ({
      ...evaluation,
      ...(evaluation.switchSteps && { switches: switchReport(evaluation.tasks) }),
      tasks: evaluation.tasks.map((t) => ({ ...recognitionFigures(t, evaluation.switchEvery), ...t })),
    }),
    text: ({ switches }, evaluation) =>
      switches === undefined
        ? unannouncedText(evaluation, io.columns())
        : switchesText(evaluation, switches, io.columns()),
  });
}

function unannouncedText(evaluation: UnannouncedEvaluation, width: number): string {
  const { afterTask, tasks, switchEvery, recognition, ...note } = evaluation;
  const rows = tasks.map((task) => ({
    ...recognitionFigures(task, switchEvery),
    toldReturn: task.toldReturn,
  }));
  const outcomes = outcomeNames(rows);
  const told = rows.some(({ toldReturn }) => toldReturn !== undefined);
  const head = [
    [
      "task",
      "mean\nreturn",
      ...(told ? ["told\nreturn", "ratio"] : []),
      "success",
      ...outcomes.map(measureTitle),
    ],
    ["right\ntask", "steps until\nright for good", "recognised\nepisodes"],
    ["detected", "detection\nsteps", "false\nalarms"],
  ];
  const body = rows.map((row) => [
    ...[row.task, number(row.mean), ...(told ? [number(row.toldReturn), number(row.toldRatio, 2)] : [])],
    ...[percent(row.success), ...outcomes.map((name) => percent(outcomeShare(row, name)))],
    ...[percent(row.rightShare), number(row.stepsUntilRight, 0)],
    `${row.recognizedEpisodes} of ${row.countedEpisodes}`,
    `${row.detectedEpisodes} of ${row.informativeEpisodes}`,
    ...[number(row.detectionSteps, 0), String(row.falseAlarms)],
  ]);
  const perTask = `${count(firstOf(tasks, "tasks").episodes.length, "episode")} per task`;
  const change =
    switchEvery === undefined
      ? "every episode begins with all tasks equally probable"
      : `the task changes after every ${switchEvery === 1 ? "episode" : `${switchEvery} episodes`}, and what is believed is carried over`;
  const counted = switchEvery === undefined ? "all episodes" : "the episodes after a change";
  return [
    wrap(
      `After ${learnedText(afterTask, tasks.length)}, unannounced, ${perTask}${startsText(note)}; ${change}:`,
      width,
    ),
    table(head, body, { width }),
    wrap(
      `Right task: share of the steps that were planned with it as the most probable one. Steps until right for good: from an episode's first step, median over ${counted} in which the right task was on top at the end; these are the recognised episodes. Detected: episodes in which the right task came to be more probable than all others together within ${DETECTION_LIMIT} steps of the first in which two models differed by more than twice the scale of their errors; detection steps: how many it took, with that one, median; 0 where the right task was so before. False alarms: how often another task became certain after that.${told ? " Told return: of the run's own evaluation, which was told the task; ratio: to that." : ""} A task's model is planned with alone from a probability of ${recognition.certain} on.`,
      width,
    ),
  ].join("\n");
}
