import type uPlot from "uplot";
import { elementAt } from "../../../sim/core/element.js";
import { drawChart, fitChart } from "./chart.js";
import { el, setText } from "./dom.js";
import { curvesOfRun, episodeText, KINDS, type RunState } from "./run-state.js";
import type { Theme } from "./theme.js";

const POINT = 5;

/** Returns of a run's episodes, to choose one by pointing at it. */
export class RunPlot {
  readonly element: HTMLElement;
  readonly #open: (file: string) => void;
  readonly #canvas = el("div", { className: "curves" });
  readonly #hint = el("p", { className: "hint" });
  readonly #legend = el("div", { className: "legend" });
  readonly #shownLine = el("div", { className: "moment" });
  #state: RunState | undefined;
  #shown: string | undefined;
  #plot: uPlot | undefined;
  #theme: Theme;

  /**
   * @param name of the run, when there are two
   * @param open opens the episode pointed at
   */
  constructor(name: string | undefined, theme: Theme, open: (file: string) => void) {
    this.#theme = theme;
    this.#open = open;
    const title = name === undefined ? "Episodes of the run" : `Episodes of ${name}`;
    this.element = el(
      "section",
      { className: "plot run", hidden: true },
      el("header", {}, el("h2", {}, title)),
      this.#legend,
      this.#canvas,
      this.#hint,
    );
    new ResizeObserver(() => this.#resize()).observe(this.#canvas);
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    this.#build();
  }

  /** @param shown name of the episode that is open */
  show(state: RunState, shown: string | undefined): void {
    const before = this.#state;
    this.#state = state;
    this.#shown = shown;
    this.element.hidden = state.episodes.length === 0;
    if (this.element.hidden) return;
    if (this.#plot === undefined) this.#build();
    else if (before !== state) this.#plot.setData(dataOf(state));
    this.#mark();
  }

  /** Puts the line at the episode that is open. */
  #mark(): void {
    if (this.#state === undefined || this.#plot === undefined) return;
    const index = this.#state.episodes.findIndex(({ file }) => file === this.#shown);
    this.#shownLine.hidden = index === -1;
    this.#shownLine.style.transform = `translateX(${this.#plot.valToPos(index + 1, "x").toFixed(1)}px)`;
    this.#hintAt(index);
  }

  #hintAt(index: number): void {
    setText(this.#hint, index === -1 ? "" : episodeText(this.#state!, index));
  }

  #build(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#state === undefined || this.#state.episodes.length === 0) return;
    const { kinds } = this.#theme;
    this.#legend.replaceChildren(
      ...KINDS.map((kind, i) => {
        const swatch = el("i", { className: "swatch" });
        swatch.style.color = elementAt(kinds, i, "colours");
        return el("span", {}, swatch, kind);
      }),
    );
    this.#plot = drawChart(this.#canvas, this.#theme, dataOf(this.#state), {
      above: 14,
      cursor: {},
      range: (min, max) => [min - 0.5, Math.max(max, min + 1) + 0.5],
      xAxis: { grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] },
      series: [{}, ...kinds.map((color, i) => seriesOf(color, KINDS[i] === "learning"))],
      hooks: {
        draw: [(plot) => this.#drawTasks(plot)],
        setCursor: [({ cursor }) => (cursor.idx == null ? this.#mark() : this.#hintAt(cursor.idx))],
      },
    });
    this.#plot.over.append(this.#shownLine);
    this.#plot.over.addEventListener("click", () => this.#choose());
    this.#mark();
  }

  /** A line with a number where a task begins. */
  #drawTasks({ ctx, bbox, valToPos }: uPlot): void {
    const scale = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = this.#theme.axis;
    ctx.fillStyle = this.#theme.axis;
    ctx.font = `${10 * scale}px system-ui`;
    // uPlot leaves its own here.
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.setLineDash([3 * scale, 3 * scale]);
    for (const { index, task } of curvesOfRun(this.#state!).begins) {
      const x = Math.round(valToPos(index + 0.5, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top - 10 * scale);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(String(task), x + 3 * scale, bbox.top - 3 * scale);
    }
    ctx.restore();
  }

  #choose(): void {
    const index = this.#plot?.cursor.idx;
    if (index != null) this.#open(elementAt(this.#state!.episodes, index, "episodes").file);
  }

  #resize(): void {
    if (fitChart(this.#plot, this.#canvas)) this.#mark();
  }
}

function dataOf(state: RunState): uPlot.AlignedData {
  const { numbers, returns } = curvesOfRun(state);
  return [[...numbers], ...returns.map((values) => [...values])];
}

function seriesOf(color: string, line: boolean): uPlot.Series {
  const points = { show: true, size: POINT, stroke: color, fill: color };
  return { stroke: color, width: 1.5, points, ...(!line && { paths: () => null }) };
}
