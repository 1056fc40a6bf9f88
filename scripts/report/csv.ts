import { elementAt } from "../../sim/core/element.js";
import { DISCOVERY_SCORES } from "../compare/discovery-table.js";
import type { Estimate } from "../compare/estimate.js";
import type { Value } from "../compare/value.js";
import { pointsOf } from "./curve-points.js";
import type { Curve, ModelErrorChart, ReportData } from "./data.js";
import { QUANTITIES } from "./data.js";

/** Columns that a figure does not have are empty. */
export const CSV_HEAD = "line,figure,phase,after_task,task,steps,mean,low,high,n";

/**
 * Everything that is plotted, one value per line; tasks are counted from 1, steps over the whole sequence. `after_task` counts visits
 * where tasks are visited again; figures of a visit have in it which visit of a task it is.
 */
export function reportCsv(data: ReportData): string {
  const { scores, counts, reached, revisits, oracle, differences, matrices, charts, modelErrors, time } =
    data;
  const { tasks, discovery } = data;
  const rows = [
    ...scores.flatMap(({ score, estimates }) =>
      estimates.map((e) => [e.label, score, "", "", "", "", e.mean, e.low, e.high, e.n]),
    ),
    ...oracleRows(oracle),
    ...(differences?.rows ?? []).flatMap(({ label, figures }) =>
      figures.map((f) => [label, `${f.score}Difference`, "", "", "", "", f.mean, f.low, f.high, f.n]),
    ),
    ...countedRows(counts, "Episodes"),
    ...countedRows(reached, "Reached"),
    ...revisitRows(revisits, tasks),
    ...discoveryRows(discovery),
    ...matrices.flatMap(({ label, cells }) =>
      cells.flatMap(({ afterTask, task, return: plain, normalised, n }) => [
        [label, "evaluationReturn", "", afterTask + 1, task + 1, "", plain, null, null, n],
        [label, "normalisedEvaluationReturn", "", afterTask + 1, task + 1, "", normalised, null, null, n],
      ]),
    ),
    ...QUANTITIES.flatMap((quantity) =>
      charts[quantity].flatMap(({ curves }) => curves.flatMap((curve) => curveRows(quantity, curve))),
    ),
    ...modelErrors.charts.flatMap(modelErrorRows),
    ...time.flatMap(({ label, n, training, planning, rest }) =>
      Object.entries({ trainingMinutes: training, planningMinutes: planning, restMinutes: rest }).map(
        ([figure, value]) => [label, figure, "", "", "", "", value, null, null, n],
      ),
    ),
  ];
  return [CSV_HEAD, ...rows.map((row) => row.map(cell).join(","))].map((line) => `${line}\n`).join("");
}

/** Figures of the oracle, with its episodes per task as n. */
function oracleRows(oracle: ReportData["oracle"]): (string | Value)[][] {
  const { episodes = null, ...figures } = oracle ?? {};
  return Object.entries(figures).map(([name, mean]) => [
    ...["oracle", name, "", "", "", "", mean, null, null, episodes],
  ]);
}

/** Counts of every line, with what they are counted of as n. */
function countedRows(lines: ReportData["counts"], suffix: string): (string | Value)[][] {
  return lines.flatMap(({ label, counts }) =>
    Object.entries(counts).map(([name, { count, of }]) => [
      ...[label, `${name}${suffix}`, "", "", "", "", count, null, null, of],
    ]),
  );
}

/** Figures over visits: of a task, or of the mean over tasks, and of each visit of a task. */
function revisitRows(revisits: ReportData["revisits"], tasks: readonly string[]): (string | Value)[][] {
  const row = (place: readonly (string | Value)[], { mean, low, high, n }: Estimate<Value>) => [
    ...place,
    ...[mean, low, high, n],
  ];
  const ofTasks = (revisits?.tasks ?? []).flatMap(({ label, task, backwardTransfer, gain }) => {
    const index = tasks.indexOf(task);
    const place = ["", "", index < 0 ? "" : index + 1, ""];
    return [
      row([label, "backwardTransfer", ...place], backwardTransfer),
      row([label, "secondMinusFirst", ...place], gain),
    ];
  });
  const ofVisits = (revisits?.visits ?? []).flatMap((found) => {
    const place = ["", found.visit, "", ""];
    return [
      row([found.label, "areaShare", ...place], found.areaShare),
      row([found.label, "stepsToRecover", ...place], found.recoverySteps),
    ];
  });
  return [...ofTasks, ...ofVisits];
}

/** Figures of what was found out of every line, and the delay of each change: before which visit it came, counted from 1. */
function discoveryRows(discovery: ReportData["discovery"]): (string | Value)[][] {
  const figures = (discovery?.lines ?? []).flatMap((line) =>
    DISCOVERY_SCORES.filter((score) => line[score].n > 0).map((score) => {
      const { mean, low, high, n } = line[score];
      return [line.label, score, "", "", "", "", mean, low, high, n];
    }),
  );
  const delays = (discovery?.changes ?? []).map(({ label, visit, delay: { mean, low, high, n } }) => [
    ...[label, "delayOfChange", "", visit, "", "", mean, low, high, n],
  ]);
  return [...figures, ...delays];
}

function modelErrorRows({ unit, task, curves }: ModelErrorChart) {
  return curves.flatMap(({ label, horizon, afterTask, mean, low, high, unchanged, n }) =>
    afterTask.flatMap((after, k) => {
      const place = ["", after + 1, task + 1, ""];
      const values = [mean, low, high, n].map((column) => elementAt(column, k, "points of a curve"));
      const still = elementAt(unchanged, k, "points of a curve");
      return [
        [label, `modelError ${horizon} steps ahead (${unit})`, ...place, ...values],
        [label, `unchangedError ${horizon} steps ahead (${unit})`, ...place, still, null, null, values[3]!],
      ];
    }),
  );
}

function curveRows(quantity: string, curve: Curve) {
  return pointsOf(curve).map(({ task, phase, steps, mean, low, high, n }) => [
    curve.label,
    quantity,
    phase,
    "",
    task + 1,
    steps,
    mean,
    low,
    high,
    n,
  ]);
}

/** As RFC 4180 has it: quoted where a reader would otherwise split it. */
function cell(value: string | Value): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
