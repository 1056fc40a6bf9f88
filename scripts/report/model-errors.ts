import type { ModelErrorRecord } from "../../agent/run/records.js";
import { largest, smallest } from "../../sim/core/extremes.js";
import { meanOf } from "../../sim/core/mean.js";
import { rounded } from "./curves.js";
import type { LeftOut, ModelErrorChart, ModelErrorCurve, ModelErrors } from "./data.js";
import type { ReportRun } from "./runs.js";

/** What runs noted of their models' errors; runs of versions that did not note them have none. */
export function modelErrorsOf(runs: readonly ReportRun[], labels: readonly string[]): ModelErrors {
  const lines = labels.map((label) => ({
    label,
    records: runs.filter((run) => run.label === label).flatMap(({ metrics }) => metrics.modelError),
  }));
  const all = lines.flatMap(({ records }) => records);
  const units = distinct(all.flatMap(({ errors }) => errors.map(({ unit }) => unit)));
  const tasks = distinct(all.map(({ taskIndex }) => taskIndex)).sort((a, b) => a - b);
  const charts = units.flatMap((unit) =>
    tasks.map((task): ModelErrorChart => {
      const curves = lines.flatMap(({ label, records }) => {
        const own = records.filter(({ taskIndex }) => taskIndex === task);
        return distinct(own.flatMap(({ horizons }) => horizons)).map((horizon) =>
          curveOf(label, horizon, unit, own),
        );
      });
      return { unit, task, curves: curves.filter(({ n }) => n.length > 0) };
    }),
  );
  return { charts: charts.filter(({ curves }) => curves.length > 0), leftOut: lines.flatMap(leftOutOf) };
}

/** @param records of one task */
function curveOf(
  label: string,
  horizon: number,
  unit: string,
  records: readonly ModelErrorRecord[],
): ModelErrorCurve {
  const points = distinct(records.map(({ afterTask }) => afterTask)).flatMap((afterTask) => {
    const found = records
      .filter((record) => record.afterTask === afterTask)
      .map((record) => errorAt(record, horizon, unit))
      .filter(({ model }) => Number.isFinite(model));
    if (found.length === 0) return [];
    return [{ afterTask, model: found.map((f) => f.model), unchanged: found.map((f) => f.unchanged) }];
  });
  points.sort((a, b) => a.afterTask - b.afterTask);
  return {
    label,
    horizon,
    afterTask: points.map((p) => p.afterTask),
    mean: points.map((p) => rounded(meanOf(p.model))),
    low: points.map((p) => rounded(smallest(p.model))),
    high: points.map((p) => rounded(largest(p.model))),
    unchanged: points.map((p) => rounded(meanOf(p.unchanged))),
    n: points.map((p) => p.model.length),
  };
}

/** NaN for what was not measured. */
function errorAt({ horizons, errors }: ModelErrorRecord, horizon: number, unit: string) {
  const h = horizons.indexOf(horizon);
  const own = errors.find((error) => error.unit === unit);
  return { model: own?.model[h] ?? Number.NaN, unchanged: own?.unchanged[h] ?? Number.NaN };
}

function leftOutOf({ label, records }: { label: string; records: readonly ModelErrorRecord[] }): LeftOut[] {
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const leftOut = sum(records.flatMap((record) => record.leftOut));
  return leftOut === 0 ? [] : [{ label, leftOut, of: sum(records.flatMap(({ starts }) => starts)) }];
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
