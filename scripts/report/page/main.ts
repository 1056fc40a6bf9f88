/*!
 * Draws with Apache ECharts (https://echarts.apache.org), Apache License 2.0, http://www.apache.org/licenses/LICENSE-2.0,
 * and its renderer ZRender, BSD 3-Clause License, Copyright (c) 2017, Baidu Inc.
 */
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomSliderComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from "echarts/components";
import { type EChartsCoreOption, type EChartsType, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { elementAt } from "../../../sim/core/element.js";
import { largest } from "../../../sim/core/extremes.js";
import type { Quantity, ReportData } from "../data.js";
import { barsHeight, scoreOption, timeOption } from "./bars.js";
import { curveOption } from "./curve.js";
import { cellText, matrixOption, matrixRange, SCALE } from "./matrix.js";
import { modelErrorOption } from "./model-error.js";
import { readTheme, type Theme } from "./theme.js";

use([BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart, SVGRenderer]);
use([AriaComponent, DataZoomSliderComponent, GridComponent, LegendComponent, MarkAreaComponent]);
use([MarkLineComponent, TooltipComponent, VisualMapContinuousComponent]);

const data = JSON.parse(document.getElementById("data")!.textContent!) as ReportData;
const visible = new Set(data.labels);
const plots = new Map<HTMLElement, EChartsType>();

/** What a place on the page shows now. */
function optionOf(place: HTMLElement, theme: Theme): EChartsCoreOption {
  const { chart, index, label, score } = place.dataset;
  const { labels, tasks } = data;
  const width = place.clientWidth;
  if (chart === "matrix")
    return matrixOption(data.matrices.find((m) => m.label === label)!, data, width, theme);
  if (chart === "time") return timeOption(data.time, visible, theme);
  if (chart === "score") {
    const charts = [...data.scores, ...(data.discovery?.charts ?? [])];
    return scoreOption(charts.find((s) => s.score === score)!, labels, visible, theme);
  }
  if (chart === "modelError") {
    const errors = elementAt(data.modelErrors.charts, Number(index), "charts");
    const lengths = data.matrices.flatMap(({ visits }) => (visits === undefined ? [] : [visits.length]));
    const visits = lengths.length === 0 ? undefined : largest(lengths);
    return modelErrorOption({ chart: errors, tasks, visits, labels, visible }, theme);
  }
  const quantity = chart as Quantity;
  const curves = elementAt(data.charts[quantity], Number(index), "charts");
  const view = { quantity, chart: curves, tasks, labels, visible, width };
  return curveOption(view, theme);
}

/** Plots of bars are as high as they have lines. */
function setHeight(place: HTMLElement): void {
  const { chart } = place.dataset;
  if (chart === "score") place.style.height = `${barsHeight(visible)}px`;
  if (chart === "time") place.style.height = `${barsHeight(visible) + 32}px`;
}

function draw(): void {
  const theme = readTheme();
  for (const figure of document.querySelectorAll<HTMLElement>("[data-of]")) {
    figure.hidden = !visible.has(figure.dataset.of!);
  }
  for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    setHeight(place);
    if (place.clientWidth === 0) continue;
    const plot = plots.get(place) ?? init(place, undefined, { renderer: "svg" });
    plots.set(place, plot);
    plot.resize();
    plot.setOption(optionOf(place, theme), { notMerge: true });
  }
}

function drawScale(): void {
  const scale = document.getElementById("scale");
  if (scale === null) return;
  scale.style.background = `linear-gradient(to right, ${SCALE.join(", ")})`;
  const [low, high] = matrixRange(data);
  document.getElementById("scale-low")!.textContent = cellText(low, data);
  document.getElementById("scale-high")!.textContent = cellText(high, data);
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-line]")) {
  button.addEventListener("click", () => {
    const label = elementAt(data.labels, Number(button.dataset.line), "lines");
    if (!visible.delete(label)) visible.add(label);
    button.setAttribute("aria-pressed", String(visible.has(label)));
    draw();
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let width = innerWidth;
addEventListener("resize", () => {
  // Phones resize when their address bar goes away.
  if (innerWidth === width) return;
  width = innerWidth;
  draw();
});
drawScale();
draw();
