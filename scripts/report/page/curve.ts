import type { EChartsCoreOption } from "echarts/core";
import { elementAt } from "../../../sim/core/element.js";
import type { Curve, CurveChart, Quantity, Stretch } from "../data.js";
import { curveSeries } from "./curve-series.js";
import { axis, common, scaleFor, short, tooltipRows } from "./parts.js";
import type { Theme } from "./theme.js";

const AXES: Readonly<Record<Quantity, string>> = {
  return: "episode return",
  trainingLoss: "training loss",
  regularizer: "regulariser",
  trainingSeconds: "s per session",
  planningMilliseconds: "ms per action",
};
const MARGIN = { left: 64, right: 16, top: 28, bottom: 84 };

interface CurveView {
  readonly quantity: Quantity;
  readonly chart: CurveChart;
  readonly tasks: readonly string[];
  /** All lines of the page, which decide colours. */
  readonly labels: readonly string[];
  readonly visible: ReadonlySet<string>;
  /** px. */
  readonly width: number;
}

/** Lines with bands against environment steps over the whole sequence of tasks. */
export function curveOption(view: CurveView, theme: Theme): EChartsCoreOption {
  const { quantity, chart, tasks, labels, visible, width } = view;
  const curves = chart.curves.filter(({ label }) => visible.has(label));
  const stretches = stretchesOf(chart, tasks.length);
  const names = curves.map(({ label }) => label).join(", ");
  const shared = common(theme, `${AXES[quantity]} against environment steps: ${names}`);
  return {
    ...shared,
    grid: MARGIN,
    tooltip: {
      ...shared.tooltip,
      trigger: "axis",
      axisPointer: { lineStyle: { color: theme.faint } },
      formatter: (points: readonly Hovered[]) => tooltip(points, tasks, chart, theme, labels),
    },
    xAxis: {
      ...axis(theme, "environment steps", { showMaxLabel: false }),
      type: "value",
      min: 0,
      max: elementAt(stretches, stretches.length - 1, "visits").to,
      nameGap: 26,
    },
    yAxis: { ...axis(theme, AXES[quantity]), type: scaleOf(quantity, curves), scale: true, nameGap: 48 },
    dataZoom: [
      {
        type: "slider",
        height: 18,
        bottom: 10,
        filterMode: "none",
        showDataShadow: false,
        brushSelect: false,
        moveHandleSize: 0,
        borderColor: theme.edge,
        textStyle: { color: theme.faint },
        labelFormatter: (x: number) => x.toFixed(0),
      },
    ],
    series: [
      marks(stretches, tasks, quantity === "return", width, theme),
      ...curves.flatMap((curve, i) =>
        curveSeries(curve, curves.slice(0, i), labels.indexOf(curve.label), curves.length, theme),
      ),
    ],
  };
}

function scaleOf(quantity: Quantity, curves: readonly Curve[]): "log" | "value" {
  if (quantity !== "trainingLoss") return "value";
  return scaleFor(curves.flatMap(({ low, high }) => [...low, ...high]));
}

/** Where tasks are learned on the axis: those of the visits, or each once in order. */
function stretchesOf({ visits, stepsPerTask, randomSteps }: CurveChart, tasks: number): readonly Stretch[] {
  if (visits !== undefined) return visits;
  return Array.from({ length: tasks }, (_, task) => {
    const from = task * stepsPerTask;
    return { task, from, to: from + stepsPerTask, randomTo: from + randomSteps };
  });
}

/** Where visits begin, the names of their tasks where there is room, and where actions are random. */
function marks(
  stretches: readonly Stretch[],
  tasks: readonly string[],
  shadeRandom: boolean,
  width: number,
  theme: Theme,
) {
  const room = (width - MARGIN.left - MARGIN.right) / stretches.length - 6;
  const name = ({ task }: Stretch) => {
    if (task === null) return "";
    return room < 48 ? String(task + 1) : tasks[task];
  };
  const label = { position: "top", color: theme.faint, fontSize: 12, width: room, overflow: "truncate" };
  return {
    type: "line",
    data: [],
    silent: true,
    markLine: {
      symbol: "none",
      label: { show: false },
      lineStyle: { color: theme.faint, type: "solid", width: 1 },
      data: stretches.slice(1).map(({ from }) => ({ xAxis: from })),
    },
    markArea: {
      itemStyle: { color: "transparent" },
      label,
      data: stretches.flatMap((stretch) => {
        const { from, to, randomTo } = stretch;
        const whole = [{ name: name(stretch), xAxis: from }, { xAxis: to }];
        const random = [
          { xAxis: from, itemStyle: { color: theme.shade }, label: { show: false } },
          { xAxis: randomTo },
        ];
        return shadeRandom && randomTo > from ? [random, whole] : [whole];
      }),
    },
  };
}

interface Hovered {
  readonly seriesName: string;
  readonly value: readonly (number | null)[];
}

function tooltip(
  points: readonly Hovered[],
  tasks: readonly string[],
  chart: CurveChart,
  theme: Theme,
  labels: readonly string[],
): HTMLElement {
  const shown = points.filter(({ value }) => value.length > 2);
  const steps = shown[0]?.value[0] ?? 0;
  const stretches = stretchesOf(chart, tasks.length);
  const visit = stretches.findIndex(({ to }) => steps <= to);
  const { task } = elementAt(stretches, visit < 0 ? stretches.length - 1 : visit, "visits");
  const rows = shown.map(({ seriesName, value: [, mean = null, low = null, high = null, n] }) => {
    const range = n === 1 ? "" : ` (${short(low)} … ${short(high)}, n ${n})`;
    return { text: `${seriesName}: ${short(mean)}${range}`, color: theme.line(labels.indexOf(seriesName)) };
  });
  return tooltipRows(`${task === null ? "" : `${tasks[task]}, `}step ${steps}`, rows);
}
