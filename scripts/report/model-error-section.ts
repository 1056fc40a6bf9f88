import { count } from "../../sim/core/count.js";
import { elementAt } from "../../sim/core/element.js";
import { errorText, MODEL_ERROR_DEFINITION } from "../compare/model-error-text.js";
import { type ModelErrorChart, type ModelErrorCurve, type ReportData, SHOWN_HORIZON } from "./data.js";
import { type Html, html, htmlTable } from "./html.js";

/** How well models predict episodes that nothing was trained on: a plot for each task and unit, and a table for each line. */
export function modelErrorSection({
  labels,
  tasks,
  matrices,
  modelErrors: { charts, leftOut },
}: ReportData): Html {
  if (charts.length === 0) return html``;
  const units = [...new Set(charts.map(({ unit }) => unit))];
  const shown = charts.map((chart, index) => ({ ...chart, index })).filter(isShown);
  const countsVisits = (label: string) =>
    matrices.some((matrix) => matrix.label === label && matrix.visits !== undefined);
  const figures = (unit: string) =>
    shown
      .filter((chart) => chart.unit === unit)
      .map(
        ({ index, task }) =>
          html`<figure><h4>${elementAt(tasks, task, "tasks")}</h4><div class="error" data-chart="modelError" data-index="${index}"></div></figure>`,
      );
  return html`<h2>Model error on held-out episodes</h2>
<p class="faint">${MODEL_ERROR_DEFINITION}. Solid: the model, after each task learned from its own on; dotted: predicting no change. Points: mean over the seeds that were evaluated on the task then.</p>
${leftOut.map((line) => html`<p>${line.label}: ${line.leftOut} of ${line.of} predictions were not finite and are left out.</p>`)}
${units.map((unit) => html`<h3>${count(SHOWN_HORIZON, "step")} ahead, ${unit}</h3><div class="grid">${figures(unit)}</div>`)}
${labels.map((label) => lineTable(label, charts, tasks, { open: labels.length === 1, byVisit: countsVisits(label) }))}`;
}

function isShown({ curves }: ModelErrorChart): boolean {
  return curves.some(({ horizon }) => horizon === SHOWN_HORIZON);
}

/** All horizons of a line, right after a task was learned and at its last evaluation. */
function lineTable(
  label: string,
  charts: readonly ModelErrorChart[],
  tasks: readonly string[],
  { open, byVisit }: { readonly open: boolean; readonly byVisit: boolean },
): Html {
  const own = charts
    .map(({ curves, ...chart }) => ({ ...chart, curves: curves.filter((curve) => curve.label === label) }))
    .filter(({ curves }) => curves.length > 0);
  if (own.length === 0) return html``;
  const horizons = [...new Set(own.flatMap(({ curves }) => curves.map(({ horizon }) => horizon)))];
  const nameOf = (index: number) => elementAt(tasks, index, "tasks");
  const momentOf = (after: number) => (byVisit ? `visit ${after + 1}` : nameOf(after));
  const rows = own.flatMap(({ unit, task, curves }) => {
    const cells = (at: number) =>
      horizons.map((horizon) =>
        cellText(
          curves.find((curve) => curve.horizon === horizon),
          at,
        ),
      );
    const all = curves.flatMap(({ afterTask }) => afterTask);
    const first = byVisit ? Math.min(...all) : task;
    const last = Math.max(...all);
    return [first, last]
      .filter((after, i) => i === 0 || after > first)
      .map((after) => [nameOf(task), unit, momentOf(after), ...cells(after)]);
  });
  const head = [
    "task",
    "unit",
    byVisit ? "after" : "after learning",
    ...horizons.map((steps) => count(steps, "step")),
  ];
  const attribute = open ? html` open` : html``;
  return html`<details${attribute} data-of="${label}"><summary>${label}: model error by control steps ahead, mean over seeds</summary>${htmlTable(`Model error of ${label}`, head, rows)}</details>`;
}

function cellText(curve: ModelErrorCurve | undefined, afterTask: number): string {
  const k = curve?.afterTask.indexOf(afterTask) ?? -1;
  if (curve === undefined || k < 0) return "–";
  const at = (column: readonly number[]) => elementAt(column, k, "points of a curve");
  return errorText(at(curve.mean), at(curve.unchanged));
}
