import { count } from "../../../sim/core/count.js";
import { firstOf } from "../../../sim/core/element.js";
import { outcomeNames, outcomeShare } from "../../compare/counts-text.js";
import { DETECTION_LIMIT, type SwitchFigures, type SwitchReport } from "../../compare/switches.js";
import { measureTitle, table } from "../../compare/tables.js";
import { number, percent, wrap } from "../../compare/text.js";
import type { UnannouncedEvaluation } from "../../evaluate/evaluate-unannounced.js";
import { learnedText, startsText } from "./evaluate.js";
import { recognitionFigures } from "./recognition-figures.js";

/** The tables of an evaluation within whose episodes tasks changed, for people. */
export function switchesText(evaluation: UnannouncedEvaluation, report: SwitchReport, width: number): string {
  const { afterTask, tasks, switchSteps, recognition, ...note } = evaluation;
  const { low, high } = switchSteps!;
  const lasts = low === high ? count(low, "step") : `${low} to ${high} steps`;
  const perTask = `${count(firstOf(tasks, "tasks").episodes.length, "episode")} per task`;
  return [
    wrap(
      `After ${learnedText(afterTask, tasks.length)}, unannounced, ${perTask}${startsText(note)}; within an episode a task lasts ${lasts}, then it changes:`,
      width,
    ),
    episodesTable(evaluation, report, width),
    `${count(report.all.changes, "change")} within episodes:`,
    changesTable(report, width),
    accuracyTable(report, width),
    wrap(
      `Told return: of the same episodes when every task was told; ratio: to that. Right task: share of the steps that were planned with it as the most probable one. Detected: changes after which the new task came to be more probable than all others together within ${DETECTION_LIMIT} steps of the first informative one, in which two models differed by more than twice the scale of their errors; of those with such a step before the next change or the end. Held before: detected ones of which the new task was on top by mistake when it came. Cut short: those that were not detected, with fewer than ${DETECTION_LIMIT} steps left for it. Detection steps and delay: how many it took from the informative step and from the change, medians over the detected ones. False alarms: how often another task became certain after the new one was detected, or a third one before; those of all are of all steps, also before an episode's first change. A task's model is planned with alone from a probability of ${recognition.certain} on.`,
      width,
    ),
  ].join("\n");
}

function episodesTable({ tasks }: UnannouncedEvaluation, report: SwitchReport, width: number): string {
  const rows = tasks.map((task) => ({ ...recognitionFigures(task, undefined), toldReturn: task.toldReturn }));
  const outcomes = outcomeNames(rows);
  const head = [
    ["begins with", "mean\nreturn", "told\nreturn", "ratio", "success", ...outcomes.map(measureTitle)],
    ["right\ntask", "false\nalarms"],
  ];
  const body = rows.map((row) => [
    ...[row.task, number(row.mean), number(row.toldReturn), number(row.toldRatio, 2)],
    ...[percent(row.success), ...outcomes.map((name) => percent(outcomeShare(row, name)))],
    ...[percent(row.rightShare), String(row.falseAlarms)],
  ]);
  const { mean, toldReturn, toldRatio } = report;
  const all = ["all", number(mean), number(toldReturn), number(toldRatio, 2)];
  const blank = ["", ...outcomes.map(() => "")];
  return table(
    head,
    [...body, [...all, ...blank, percent(report.rightShare), String(report.all.falseAlarms)]],
    {
      width,
    },
  );
}

function changesTable({ all, byTask }: SwitchReport, width: number): string {
  const head = [
    ["changed to", "changes", "detected", "held\nbefore", "cut\nshort"],
    ["detection\nsteps", "delay", "false\nalarms", "in 10,000\nsteps"],
  ];
  const row = (name: string, own: SwitchFigures) => [
    ...[name, String(own.changes), `${own.detected} of ${own.informative}`],
    ...[String(own.heldBefore), String(own.cutShort)],
    ...[number(own.detectionSteps, 0), number(own.delay, 0)],
    ...[String(own.falseAlarms), number(own.falseAlarmRate)],
  ];
  return table(head, [...byTask.map(({ task, ...own }) => row(task, own)), row("all", all)], { width });
}

function accuracyTable({ accuracy }: SwitchReport, width: number): string {
  const rows = accuracy.map(({ from, to, steps, share }) => [
    to === null ? `${from} and more` : `${from} to ${to}`,
    String(steps),
    share === null ? "–" : percent(share),
  ]);
  return table([["steps since\na change", "steps", "right\ntask"]], rows, { width });
}
