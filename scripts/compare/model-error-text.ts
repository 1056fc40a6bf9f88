import type { ModelError } from "../../agent/evaluation/model-error.js";
import { count } from "../../sim/core/count.js";
import { elementAt } from "../../sim/core/element.js";
import { table } from "./tables.js";
import { percent, wrap } from "./text.js";

/** What the error of a model is, for people. */
export const MODEL_ERROR_DEFINITION =
  "Root mean square difference between what the model predicts and what was observed in the evaluation episodes, which nothing is trained on, over all channels of a unit; predicted from up to 32 moments of each episode, told only the actions that were made then. Angles are compared the short way round, quaternions by the angle between them. In brackets: the error as a share of that of predicting no change at all";

/** `0.0031 (12 %)`: an error, and its share of the error of predicting no change; `–` for none. */
export function errorText(model: number, unchanged: number): string {
  if (!Number.isFinite(model)) return "–";
  const size = String(Number(model.toPrecision(2)));
  return unchanged > 0 ? `${size} (${percent(model / unchanged)})` : size;
}

/** A row of `modelErrorTable`. */
interface TaskError {
  readonly task: string;
  readonly modelError?: ModelError | undefined;
}

/** The errors of a model on each task as a table with their definition; undefined where none was measured. */
export function modelErrorTable(tasks: readonly TaskError[], width: number): string | undefined {
  const measured = tasks.flatMap(({ task, modelError }) => (modelError ? [{ ...modelError, task }] : []));
  const [first] = measured;
  if (first === undefined) return undefined;
  const head = ["task, unit", ...first.horizons.map((steps) => count(steps, "step"))];
  const rows = measured.flatMap(({ task, errors }) =>
    errors.map(({ unit, model, unchanged }) => [
      `${task}, ${unit}`,
      ...model.map((error, h) => errorText(error, elementAt(unchanged, h, "horizons"))),
    ]),
  );
  const short = measured.some(({ starts }) => starts.includes(0)) ? "; – no episode is that long" : "";
  return [
    "Error of the model, by how many control steps it predicts ahead:",
    table([head], rows, { width }),
    wrap(`${MODEL_ERROR_DEFINITION}${short}.`, width),
    ...measured.flatMap(({ task, ...error }) => leftOutTexts(task, error)).map((text) => wrap(text, width)),
  ].join("\n");
}

/** What is not counted in the errors of a task. */
function leftOutTexts(task: string, { horizons, starts, leftOut }: ModelError): string[] {
  return horizons.flatMap((steps, h) => {
    const not = elementAt(leftOut, h, "horizons");
    if (not === 0) return [];
    const of = elementAt(starts, h, "horizons");
    return [
      `Left out, because they were not finite: ${not} of ${of} predictions of ${task}, ${count(steps, "step")} ahead.`,
    ];
  });
}
