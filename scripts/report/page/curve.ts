import type { EChartsCoreOption } from "echarts/core";
import { elementAt } from "../../../sim/core/element.js";
import { largest, smallest } from "../../../sim/core/extremes.js";
import { pointsOf } from "../curve-points.js";
import type { Curve, CurveChart, Quantity, Stretch } from "../data.js";
import { axis, common, scaleFor, short, tooltipRows } from "./parts.js";
import type { Theme } from "./theme.js";

const AXES: Readonly<Record<Quantity, string>> = {
  return: "episode return",
  trainingLoss: "training loss",
  regularizer: "regulariser",
  trainingSeconds: "s per session",
  planningMilliseconds: "ms per action",
};
/** Points of a curve up to which each is marked. */
const FEW = 40;
/** Opacity that the bands of all lines share: many on top of each other would hide the lines. */
const BANDS = { least: 0.07, most: 0.2, together: 0.5 };
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

type SegmentPoint = readonly [x: number, mean: number, low: number, high: number, n: number];

/** Points of one task and phase, which are joined. */
interface Segment {
  readonly phase: "random" | "train";
  /** 0-based. */
  readonly task: number;
  /** Steps, mean, low, high, runs. */
  readonly points: readonly [SegmentPoint, ...SegmentPoint[]];
}

function segmentsOf(curve: Curve): Segment[] {
  const segments: (Segment & { points: [SegmentPoint, ...SegmentPoint[]] })[] = [];
  for (const { task, phase, steps, mean, low, high, n } of pointsOf(curve)) {
    const last = segments.at(-1);
    const point = [steps, mean, low, high, n] as const;
    if (last?.task === task && last.phase === phase) last.points.push(point);
    else segments.push({ phase, task, points: [point] });
  }
  return segments;
}

/** How many of the curves below run through the same points as a segment, which would hide them. */
function hiddenBelow(segment: Segment, below: readonly Segment[][]): number {
  const meansOf = ({ phase, task, points }: Segment) =>
    JSON.stringify([phase, task, points.map(([x, mean]) => [x, mean])]);
  const own = meansOf(segment);
  return below.filter((segments) => segments.some((other) => meansOf(other) === own)).length;
}

/** Dashes, px, that leave gaps for each of the lines below. */
const gapsFor = (lines: number) => [6, 6 * lines];

/** The lines and the band of one curve. @param below the curves that are drawn before it */
function curveSeries(
  curve: Curve,
  below: readonly Curve[],
  index: number,
  shown: number,
  theme: Theme,
): object[] {
  const opacity = Math.min(BANDS.most, Math.max(BANDS.least, BANDS.together / shown));
  const color = theme.line(index);
  const segments = segmentsOf(curve);
  const banded = segments.filter(({ points }) => points.length > 1 && points.some(([, , , , n]) => n > 1));
  const random = segments.filter(({ phase }) => phase === "random");
  const trained = segments.filter(({ phase }) => phase === "train");
  const others = below.map(segmentsOf);
  const hidden = new Map(trained.map((segment) => [segment, hiddenBelow(segment, others)]));
  const counts = [...new Set(hidden.values())].sort((x, y) => x - y);
  const trainedLines = counts.map((count) => {
    const own = trained.filter((segment) => hidden.get(segment) === count);
    return lineSeries(curve, own, { color, width: 2, type: count > 0 ? gapsFor(count) : theme.dash(index) });
  });
  return [
    ...(banded.length > 0 ? [band(banded, color, opacity)] : []),
    lineSeries(curve, random, { color, width: 1, type: "dotted" }),
    ...trainedLines,
  ];
}

interface LineStyle {
  readonly color: string;
  /** px */
  readonly width: number;
  /** A kind of line, or the lengths of its dashes, px. */
  readonly type: string | number[];
}

/** One line through some segments of a curve. */
function lineSeries(curve: Curve, segments: readonly Segment[], lineStyle: LineStyle): object {
  return {
    type: "line",
    name: curve.label,
    symbol: "circle",
    symbolSize: 4,
    showSymbol: curve.steps.length <= FEW,
    itemStyle: { color: lineStyle.color },
    lineStyle,
    // An empty point keeps one task's line from going on into the next.
    data: segments.flatMap(({ points }) => [...points, [points.at(-1)![0], null]]),
  };
}

interface Canvas {
  coord(point: readonly number[]): [x: number, y: number];
}

/** From the lowest to the highest run. */
function band(segments: readonly Segment[], color: string, opacity: number): object {
  const extent = ({ points }: Segment) => [
    ...[points[0][0], points.at(-1)![0]],
    ...[smallest(points.map((p) => p[2])), largest(points.map((p) => p[3]))],
  ];
  return {
    type: "custom",
    silent: true,
    clip: true,
    z: 1,
    tooltip: { show: false },
    encode: { x: [0, 1], y: [2, 3] },
    data: segments.map(extent),
    renderItem: ({ dataIndex }: { dataIndex: number }, canvas: Canvas) => {
      const { points } = elementAt(segments, dataIndex, "segments");
      const upper = points.map(([x, , , high]) => canvas.coord([x, high]));
      const lower = points.map(([x, , low]) => canvas.coord([x, low])).reverse();
      return {
        type: "polygon",
        shape: { points: [...upper, ...lower] },
        style: { fill: color, opacity },
      };
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
