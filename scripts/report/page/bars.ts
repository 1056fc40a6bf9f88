import type { EChartsCoreOption } from "echarts/core";
import { elementAt } from "../../../sim/core/element.js";
import type { ScoreChart, ScoreEstimate, TimeShare } from "../data.js";
import { axis, common, short, tooltipRows } from "./parts.js";
import type { Theme } from "./theme.js";

/** Height of a line, of one with a name that needs several rows, and of what surrounds all of them, px. */
const ROW = 30;
const HIGH_ROW = 48;
const AROUND = 56;
/** Room for names, px, and the characters that fit on one row of it. */
const NAMES = 132;
const FITTING = 20;

export function barsHeight(labels: Iterable<string>): number {
  const all = [...labels];
  return all.length * (all.some(({ length }) => length > FITTING) ? HIGH_ROW : ROW) + AROUND;
}

function lineAxis(labels: readonly string[], theme: Theme) {
  return {
    type: "category",
    data: labels,
    inverse: true,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: theme.edge } },
    axisLabel: {
      color: theme.text,
      width: NAMES,
      overflow: "break",
      fontSize: 11,
      lineHeight: 14,
      interval: 0,
    },
  };
}

/** A bar per line with its interval, and a dot per run. */
export function scoreOption(
  { title, unit, estimates: all }: ScoreChart,
  labels: readonly string[],
  visible: ReadonlySet<string>,
  theme: Theme,
): EChartsCoreOption {
  const estimates = all.filter(({ label }) => visible.has(label));
  const names = estimates.map(({ label }) => label);
  const shared = common(theme, `${title}: ${names.join(", ")}`);
  const color = (label: string) => theme.line(labels.indexOf(label));
  return {
    ...shared,
    grid: { left: 8, right: 24, top: 4, bottom: 24, containLabel: true },
    xAxis: { ...axis(theme, unit), type: "value", nameGap: 24 },
    yAxis: lineAxis(names, theme),
    tooltip: {
      ...shared.tooltip,
      formatter: ({ dataIndex }: { dataIndex: number }) =>
        scoreTooltip(elementAt(estimates, dataIndex, "lines")),
    },
    series: [
      {
        type: "bar",
        barWidth: "60%",
        data: estimates.map(({ label, mean }) => ({
          value: mean,
          itemStyle: { color: color(label), opacity: 0.75 },
        })),
      },
      whiskers(estimates, theme),
      {
        type: "scatter",
        silent: true,
        symbolSize: 5,
        z: 4,
        itemStyle: { color: theme.page, borderColor: theme.text, borderWidth: 1 },
        data: estimates.flatMap(({ values }, i) => values.map((value) => [value, i])),
      },
    ],
  };
}

interface Canvas {
  coord(point: readonly number[]): [x: number, y: number];
}

function whiskers(estimates: readonly ScoreEstimate[], theme: Theme): object {
  const data = estimates.flatMap(({ low, high }, i) =>
    low === null || high === null ? [] : [[low, high, i] as const],
  );
  const stroke = (shape: object) => ({ type: "line", shape, style: { stroke: theme.text, lineWidth: 1.5 } });
  return {
    type: "custom",
    silent: true,
    z: 3,
    data,
    encode: { x: [0, 1], y: 2 },
    renderItem: ({ dataIndex }: { dataIndex: number }, canvas: Canvas) => {
      const [low, high, row] = elementAt(data, dataIndex, "intervals");
      const [[x1, y], [x2]] = [canvas.coord([low, row]), canvas.coord([high, row])];
      const end = (x: number) => stroke({ x1: x, x2: x, y1: y - 5, y2: y + 5 });
      return { type: "group", children: [stroke({ x1, x2, y1: y, y2: y }), end(x1), end(x2)] };
    },
  };
}

function scoreTooltip({ label, mean, low, high, n, values }: ScoreEstimate): HTMLElement {
  const interval = low === null || high === null ? "" : ` [${short(low)}, ${short(high)}]`;
  return tooltipRows(label, [
    { text: `${short(mean)}${interval}, n ${n}` },
    { text: `runs: ${values.map(short).join(", ")}` },
  ]);
}

const PARTS = [
  ["training", "training", 0.85],
  ["planning", "planning", 0.5],
  ["rest", "the rest", 0.22],
] as const;

/** Where the wall time went, one stacked bar per line. */
export function timeOption(
  all: readonly TimeShare[],
  visible: ReadonlySet<string>,
  theme: Theme,
): EChartsCoreOption {
  const shares = all.filter(({ label }) => visible.has(label));
  const shared = common(theme, `wall minutes of ${shares.map(({ label }) => label).join(", ")}`);
  const parts = PARTS.filter(([key]) => shares.some((share) => share[key] !== null));
  return {
    ...shared,
    legend: { top: 0, left: 0, textStyle: { color: theme.text }, selectedMode: false },
    grid: { left: 8, right: 24, top: 32, bottom: 24, containLabel: true },
    xAxis: { ...axis(theme, "wall time, min"), type: "value", nameGap: 24 },
    yAxis: lineAxis(
      shares.map(({ label }) => label),
      theme,
    ),
    tooltip: {
      ...shared.tooltip,
      formatter: ({ dataIndex }: { dataIndex: number }) => timeTooltip(elementAt(shares, dataIndex, "lines")),
    },
    series: parts.map(([key, name, opacity]) => ({
      type: "bar",
      stack: "time",
      name,
      barWidth: "60%",
      itemStyle: { color: theme.text, opacity },
      data: shares.map((share) => share[key]),
    })),
  };
}

function timeTooltip(share: TimeShare): HTMLElement {
  const rows = PARTS.map(([key, name]) => ({ text: `${name}: ${short(share[key])} min` }));
  return tooltipRows(`${share.label}, n ${share.n}`, rows);
}
