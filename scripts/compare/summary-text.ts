import { meanOf } from "../../sim/core/mean.js";
import { addCounts } from "../runs/counts.js";
import type { Summary, TaskSummary } from "../runs/summary.js";
import { countsText, outcomeNames, outcomeShare } from "./counts-text.js";
import { discoveryText } from "./discovery-text.js";
import { measureKeys, measureTitle, table } from "./tables.js";
import { number, percent, wrap } from "./text.js";

const DEFINITIONS =
  "Returns are undiscounted sums of rewards, mean over the evaluation episodes; forgetting = return after own training - return after last task, of a task after which another was learned. Success (as the task defines it) and errors (at an episode's end): last evaluation; – not measured (yet).";

/** What a run achieved as a table, the mean of all tasks below them, with the definitions of its columns. */
export function summaryText({ tasks, discovery }: Summary, width: number): string {
  const outcomes = outcomeNames(tasks);
  const keys = measureKeys(tasks, outcomes);
  const counts = countsText(addCounts(tasks.map((task) => task.counts)));
  const head = [
    ["task", "random\nreturn", "after own\ntraining", "after\nlast task", "forgetting"],
    ["success", ...outcomes.map(measureTitle), ...keys.map(measureTitle)],
  ];
  const mean = (pick: (task: TaskSummary) => number) => meanOf(tasks.map(pick));
  const forgotten = tasks.map((task) => task.forgetting).filter(Number.isFinite);
  const row = (
    name: string,
    figure: (pick: (task: TaskSummary) => number) => number,
    forgetting = figure((t) => t.forgetting),
  ) => [
    name,
    ...(["random", "learned", "final"] as const).map((key) => number(figure((t) => t[key]))),
    number(forgetting),
    percent(figure((t) => t.success)),
    ...outcomes.map((name) => percent(figure((t) => outcomeShare(t, name)))),
    ...keys.map((key) => number(figure((t) => t.measures[key] ?? Number.NaN))),
  ];
  const rows = tasks.map((task) => row(task.task, (pick) => pick(task)));
  if (tasks.length > 1) rows.push(row("mean", mean, meanOf(forgotten)));
  return [
    table(head, rows, { width }),
    ...(counts === "" ? [] : [wrap(`Last evaluation, all tasks: ${counts}.`, width)]),
    wrap(DEFINITIONS, width),
    ...(discovery === undefined ? [] : [discoveryText(discovery, width)]),
  ].join("\n");
}
