import type { EChartsCoreOption } from "echarts/core";
import { largest, smallest } from "../../../sim/core/extremes.js";
import { fixed } from "../../../sim/core/fixed.js";
import type { Cell, Matrix, ReportData } from "../data.js";
import { common, short, tooltipRows } from "./parts.js";
import type { Theme } from "./theme.js";

/** Viridis: rises in lightness, so that it reads without colour too. */
export const SCALE = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"];
/** Share of the scale from which dark text reads better. */
const LIGHT_FROM = 0.6;
/** Narrowest cells that hold a number, px. */
const ROOM = 26;

/** What cells show: normalised where there is a reference. */
function shownValue({ normalised, return: plain }: Cell, data: ReportData): number | null {
  return data.reference === null ? plain : normalised;
}

/** A moment and a task. */
type Pair = Pick<Cell, "afterTask" | "task">;

/** What nothing was measured of, at moments at which some task was. */
function unmeasured({ cells, visits }: Matrix, tasks: number): Pair[] {
  const measured = new Set(cells.map(({ afterTask, task }) => `${afterTask}/${task}`));
  return [...new Set(cells.map(({ afterTask }) => afterTask))].flatMap((afterTask) =>
    Array.from({ length: visits === undefined ? afterTask + 1 : tasks }, (_, task) => ({
      afterTask,
      task,
    })).filter(({ task }) => !measured.has(`${afterTask}/${task}`)),
  );
}

/** Lowest and highest value of all lines: one scale for all. */
export function matrixRange(data: ReportData): readonly [low: number, high: number] {
  const all = data.matrices.flatMap(({ cells }) => cells.map((cell) => shownValue(cell, data)));
  const values = all.filter((v) => v !== null);
  return values.length === 0 ? [0, 1] : [smallest(values), largest(values)];
}

/** Rows: after which task, or visit; columns: on which task. */
export function matrixOption(
  matrix: Matrix,
  data: ReportData,
  width: number,
  theme: Theme,
): EChartsCoreOption {
  const { tasks } = data;
  const { visits } = matrix;
  const [low, high] = matrixRange(data);
  const shared = common(theme, `evaluation matrix of ${matrix.label}`);
  const room = (width - 64) / tasks.length;
  const axisOf = (name: string, entries: readonly unknown[]) => ({
    type: "category",
    data: entries.map((_, i) => String(i + 1)),
    name,
    nameLocation: "middle",
    splitArea: { show: false },
    axisTick: { show: false },
    axisLine: { lineStyle: { color: theme.edge } },
    axisLabel: { color: theme.faint },
    nameTextStyle: { color: theme.faint },
    nameGap: 24,
  });
  const cells = matrix.cells.flatMap((cell) => {
    const value = shownValue(cell, data);
    if (value === null) return [];
    const share = high === low ? 0.5 : (value - low) / (high - low);
    const label = { color: share > LIGHT_FROM ? "#111" : "#fff" };
    return [{ value: [cell.task, cell.afterTask, value], cell, label }];
  });
  return {
    ...shared,
    grid: { left: 44, right: 12, top: 8, bottom: 40 },
    xAxis: axisOf("evaluated on task", tasks),
    yAxis: {
      ...axisOf(visits === undefined ? "after learning task" : "after visit", visits ?? tasks),
      inverse: true,
    },
    visualMap: {
      type: "continuous",
      show: false,
      min: low,
      max: high,
      dimension: 2,
      seriesIndex: 0,
      inRange: { color: SCALE },
    },
    tooltip: {
      ...shared.tooltip,
      formatter: ({ data: { cell } }: { data: { cell: Cell | Pair } }) => cellTooltip(cell, matrix, data),
    },
    series: [
      {
        type: "heatmap",
        data: cells,
        itemStyle: { borderColor: theme.page, borderWidth: 1 },
        label: {
          show: room >= ROOM,
          fontSize: Math.min(13, Math.max(9, room / 3.4)),
          formatter: ({ value: [, , value] }: { value: readonly [number, number, number] }) =>
            cellText(value, data),
        },
      },
      {
        type: "scatter",
        symbol: "rect",
        symbolSize: 0.8 * room,
        itemStyle: { color: "transparent", opacity: 1 },
        label: { show: true, color: theme.faint, formatter: "–" },
        data: unmeasured(matrix, tasks.length).map((cell) => ({ value: [cell.task, cell.afterTask], cell })),
      },
    ],
  };
}

/** The task just learned; with visits their number, and the task where it is the same in all runs. */
function momentText(moment: number, visits: Matrix["visits"], tasks: readonly string[]): string {
  if (visits === undefined) return `${tasks[moment]}`;
  const task = visits[moment] ?? null;
  return `visit ${moment + 1}${task === null ? "" : ` (${tasks[task]})`}`;
}

export function cellText(value: number, { reference }: ReportData): string {
  return fixed(value, reference === null && Math.abs(value) >= 10 ? 0 : 2);
}

function cellTooltip(cell: Cell | Pair, { visits }: Matrix, { tasks, reference }: ReportData): HTMLElement {
  const title = `on ${tasks[cell.task]} after ${momentText(cell.afterTask, visits, tasks)}`;
  if (!("n" in cell)) return tooltipRows(title, [{ text: "not measured" }]);
  return tooltipRows(title, [
    ...(reference === null ? [] : [{ text: `normalised return ${short(cell.normalised)}` }]),
    { text: `return ${short(cell.return)}` },
    { text: `n ${cell.n}` },
  ]);
}
