import type uPlot from "uplot";
import { elementAt } from "../../../../sim/core/element.js";
import { drawChart, fitChart } from "../chart.js";
import { el, setText } from "../dom.js";
import type { Theme } from "../theme.js";
import { curvesOfRun, episodeText, KINDS, type RunState, successText } from "./run-state.js";

const POINT = 6;

/** Returns of a run's episodes, to choose one by pointing at it. */
export class RunPlot {
  readonly element: HTMLElement;
  readonly #open: (file: string) => void;
  readonly #canvas = el("div", {
    className: "curves",
    attrs: { role: "img", "aria-label": "Return of each episode; the list of episodes has the same" },
  });
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
      { className: "plot run", hidden: true, attrs: { "aria-label": title } },
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
    if (before !== state) this.#showLegend(state);
    if (this.#plot === undefined) this.#build();
    else if (before !== state) this.#plot.setData(dataOf(state));
    this.#mark();
  }

  /** Puts the line at the episode that is open, and says what it is. */
  #mark(): void {
    if (this.#state === undefined || this.#plot === undefined) return;
    const index = this.#shownIndex;
    this.#shownLine.hidden = index === -1;
    this.#placeLine(this.#plot);
    this.#hintAt(index);
  }

  /** -1 for none of the run. */
  get #shownIndex(): number {
    return this.#state?.episodes.findIndex(({ file }) => file === this.#shown) ?? -1;
  }

  #placeLine(plot: uPlot): void {
    const x = plot.valToPos(this.#shownIndex + 1, "x");
    this.#shownLine.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  #hintAt(index: number): void {
    setText(this.#hint, index === -1 ? "" : episodeText(this.#state!, index));
  }

  #build(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#state === undefined || this.#state.episodes.length === 0) return;
    const { kinds, panel } = this.#theme;
    this.#showLegend(this.#state);
    const succeeded = (index: number) => this.#state?.episodes[index]?.success === true;
    this.#plot = drawChart(this.#canvas, this.#theme, dataOf(this.#state), {
      above: 14,
      cursor: {},
      range: (min, max) => [min - 0.5, Math.max(max, min + 1) + 0.5],
      xAxis: { grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] },
      series: [
        {},
        ...kinds.flatMap((color, i) => seriesOf(color, panel, KINDS[i] === "learning", succeeded)),
      ],
      hooks: {
        // Not before: until then positions are those of the scale before.
        draw: [(plot) => this.#drawTasks(plot), (plot) => this.#placeLine(plot)],
        setCursor: [({ cursor }) => (cursor.idx == null ? this.#mark() : this.#hintAt(cursor.idx))],
      },
    });
    this.#plot.over.append(this.#shownLine);
    this.#plot.over.addEventListener("click", () => this.#choose());
    this.#mark();
  }

  #showLegend(state: RunState): void {
    const entries = KINDS.map((kind, i) => {
      const swatch = el("i", { className: "swatch" });
      swatch.style.color = elementAt(this.#theme.kinds, i, "colours");
      return el("span", {}, swatch, kind);
    });
    const points = el("span", {}, el("i", { className: "point" }), successText(state));
    this.#legend.replaceChildren(...entries, points);
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
    for (const { index, number } of curvesOfRun(this.#state!).begins) {
      const x = Math.round(valToPos(index + 0.5, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top - 10 * scale);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(String(number), x + 3 * scale, bbox.top - 3 * scale);
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

/** Each kind twice: for episodes without success, and for those with. */
function dataOf(state: RunState): uPlot.AlignedData {
  const { numbers, returns } = curvesOfRun(state);
  return [[...numbers], ...returns.flatMap((values) => [[...values], [...values]])];
}

/** A kind's line and its hollow points, and the full points of success. */
function seriesOf(
  color: string,
  hollow: string,
  line: boolean,
  succeeded: (index: number) => boolean,
): uPlot.Series[] {
  const points = (success: boolean): uPlot.Series.Points => ({
    show: true,
    size: POINT,
    stroke: color,
    fill: success ? color : hollow,
    filter: (plot, series) =>
      Array.from(plot.data[series] ?? []).flatMap((value, i) =>
        value != null && succeeded(i) === success ? [i] : [],
      ),
  });
  const pointsOnly = { paths: () => null };
  return [
    { stroke: color, width: 1.5, points: points(false), ...(!line && pointsOnly) },
    { stroke: color, width: 1.5, points: points(true), ...pointsOnly },
  ];
}
