import uPlot from "uplot";
import { axisTexts } from "./text.js";
import type { Theme } from "./theme.js";

/** Of every plot, CSS pixels. */
const HEIGHT = 150;

/** What one kind of plot has of its own. */
export interface ChartLooks extends Required<Pick<uPlot.Options, "series" | "hooks">> {
  /** Room above the curves, CSS pixels. */
  readonly above: number;
  readonly cursor: uPlot.Cursor;
  /** The x axis from its smallest and largest value. */
  readonly range: (min: number, max: number) => [number, number];
  readonly xAxis: uPlot.Axis;
}

/** Draws a plot into an element, as wide as that is. */
export function drawChart(
  parent: HTMLElement,
  theme: Theme,
  data: uPlot.AlignedData,
  looks: ChartLooks,
): uPlot {
  const { above, cursor, range, xAxis, series, hooks } = looks;
  const axis = {
    stroke: theme.axis,
    grid: { stroke: theme.ruling, width: 1 },
    ticks: { show: false },
    font: "11px system-ui",
  };
  const options: uPlot.Options = {
    width: Math.max(parent.clientWidth, 100),
    height: HEIGHT,
    legend: { show: false },
    padding: [above, 18, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false, ...cursor },
    scales: { x: { time: false, range: (_, min, max) => range(min, max) } },
    axes: [
      { ...axis, size: 24, ...xAxis },
      { ...axis, size: 46, values: (_, ticks) => axisTexts(ticks) },
    ],
    series,
    hooks,
  };
  return new uPlot(options, data, parent);
}

/** Makes a plot as wide as its element again. @returns whether there is one to be seen */
export function fitChart(plot: uPlot | undefined, { clientWidth }: HTMLElement): boolean {
  if (plot === undefined || clientWidth === 0) return false;
  if (plot.width !== clientWidth) plot.setSize({ width: clientWidth, height: plot.height });
  return true;
}

/** Lets a plot over the steps go to one that is pointed at with a button down. */
export function seekByPointing(plot: uPlot, seek: (step: number) => void): void {
  const go = (event: PointerEvent) => {
    const box = plot.over.getBoundingClientRect();
    seek(plot.posToVal(event.clientX - box.left, "x"));
  };
  plot.over.addEventListener("pointerdown", (event) => {
    plot.over.setPointerCapture(event.pointerId);
    go(event);
  });
  plot.over.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0) go(event);
  });
}
