import type { EChartsCoreOption } from "echarts/core";
import { elementAt, firstOf } from "../../../sim/core/element.js";
import { type ModelErrorChart, type ModelErrorCurve, SHOWN_HORIZON } from "../data.js";
import { axis, common, scaleFor, short, tooltipRows } from "./parts.js";
import type { Theme } from "./theme.js";

interface ModelErrorView {
  readonly chart: ModelErrorChart;
  readonly tasks: readonly string[];
  /** How many visits the runs make at most; undefined where every task is visited once, in order. */
  readonly visits: number | undefined;
  /** All lines of the page, which decide colours. */
  readonly labels: readonly string[];
  readonly visible: ReadonlySet<string>;
}

/** The error of one task's model after each task learned, beside that of predicting no change. */
export function modelErrorOption(view: ModelErrorView, theme: Theme): EChartsCoreOption {
  const { chart, tasks, visits, labels, visible } = view;
  const curves = chart.curves.filter((c) => c.horizon === SHOWN_HORIZON && visible.has(c.label));
  const names = curves.map(({ label }) => label).join(", ");
  const shared = common(theme, `model error on ${tasks[chart.task]}, ${chart.unit}: ${names}`);
  const values = curves.flatMap(({ mean, unchanged }) => [...mean, ...unchanged]);
  return {
    ...shared,
    grid: { left: 56, right: 12, top: 8, bottom: 40 },
    tooltip: {
      ...shared.tooltip,
      trigger: "axis",
      axisPointer: { lineStyle: { color: theme.faint } },
      formatter: (points: readonly { readonly value: readonly [after: number, error: number] }[]) =>
        tooltip(firstOf(points, "points").value[0], curves, view, theme),
    },
    xAxis: {
      ...axis(theme, visits === undefined ? "after learning task" : "after visit"),
      type: "category",
      boundaryGap: false,
      data: Array.from({ length: visits ?? tasks.length }, (_, i) => String(i + 1)),
      nameGap: 24,
    },
    yAxis: { ...axis(theme, chart.unit), type: scaleFor(values), nameGap: 42 },
    series: curves.flatMap((curve) => {
      const color = theme.line(labels.indexOf(curve.label));
      const dash = theme.dash(labels.indexOf(curve.label));
      return [
        series(curve, "unchanged", { color, width: 1.5, type: "dotted" }),
        series(curve, "mean", { color, width: 2, type: dash }),
      ];
    }),
  };
}

interface LineStyle {
  readonly color: string;
  /** px */
  readonly width: number;
  readonly type: "solid" | "dashed" | "dotted";
}

function series(curve: ModelErrorCurve, which: "mean" | "unchanged", lineStyle: LineStyle) {
  return {
    type: "line",
    name: curve.label,
    symbol: which === "mean" ? "circle" : "emptyCircle",
    symbolSize: 5,
    itemStyle: { color: lineStyle.color },
    lineStyle,
    data: curve.afterTask.map((after, k) => [after, elementAt(curve[which], k, "points of a curve")]),
  };
}

function tooltip(
  after: number,
  curves: readonly ModelErrorCurve[],
  { chart: { unit }, tasks, visits, labels }: ModelErrorView,
  theme: Theme,
): HTMLElement {
  const rows = curves.flatMap((curve) => {
    const k = curve.afterTask.indexOf(after);
    if (k < 0) return [];
    const { label, mean, low, high, unchanged, n } = curve;
    const at = (column: readonly number[]) => elementAt(column, k, "points of a curve");
    const range = at(n) === 1 ? "" : ` (${short(at(low))} … ${short(at(high))}, n ${at(n)})`;
    const text = `${label}: ${short(at(mean))} ${unit}${range}, no change ${short(at(unchanged))}`;
    return [{ text, color: theme.line(labels.indexOf(label)) }];
  });
  return tooltipRows(visits === undefined ? `after ${tasks[after]}` : `after visit ${after + 1}`, rows);
}
