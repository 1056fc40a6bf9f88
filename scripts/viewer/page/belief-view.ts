import uPlot from "uplot";
import { elementAt } from "../../../sim/core/element.js";
import { colorAt } from "../../../sim/core/palette.js";
import { type BeliefsData, beliefIn, beliefText, percent, stackedAreas } from "./beliefs.js";
import { fitChart, seekByPointing } from "./chart.js";
import { el, setText } from "./dom.js";

/** Of the strip, CSS pixels. */
const HEIGHT = 36;
/** A slider's margin and half its knob: where its way begins, CSS pixels. */
const KNOB = 10;

/** What was thought of one episode's task: areas over the steps, below the scrubber, and a bar for each task at the moment shown. */
export class BeliefView {
  readonly element: HTMLElement;
  readonly #beliefs: BeliefsData;
  readonly #strip = el("div", { className: "areas", attrs: { role: "img" } });
  readonly #line = el("div", { className: "moment" });
  readonly #list = el("ul", { attrs: { "aria-label": "Probability of each task" } });
  readonly #bars: readonly { readonly share: HTMLElement; readonly text: HTMLElement }[];
  readonly #plot: uPlot;
  readonly #observer: ResizeObserver;
  #step = 0;

  /**
   * @param right name of the task that it is
   * @param length steps of the scrubber
   * @param label beside the strip
   * @param seek goes to a step that was pointed at
   */
  constructor(
    beliefs: BeliefsData,
    right: string,
    length: number,
    label: string,
    seek: (step: number) => void,
  ) {
    this.#beliefs = beliefs;
    const isRight = (k: number) => beliefs.tasks[k] === right;
    const rows = beliefs.tasks.map((name, k) => barOf(name, colorAt(k), isRight(k)));
    this.#bars = rows;
    this.element = el(
      "section",
      { className: "belief", attrs: { "aria-label": `Which task: ${label}` } },
      el("div", { className: "line" }, this.#strip, el("span", { className: "step" }, label)),
      this.#list,
    );
    // The true one first, where it is seen without scrolling also among many.
    const places = beliefs.tasks.map((_, k) => k).sort((a, b) => Number(isRight(b)) - Number(isRight(a)));
    this.#list.append(...places.map((k) => elementAt(rows, k, "tasks").element));
    this.#plot = areas(this.#strip, beliefs, length, (plot) => this.#placeLine(plot));
    this.#plot.over.append(this.#line);
    seekByPointing(this.#plot, seek);
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(this.#strip);
  }

  /** Shows the belief in a state. */
  show(state: number): void {
    this.#step = state;
    const belief = beliefIn(this.#beliefs, state);
    for (const [k, { share, text }] of this.#bars.entries()) {
      share.style.width = `${(100 * (belief?.[k] ?? 0)).toFixed(1)}%`;
      setText(text, belief === undefined ? "–" : percent(belief[k]!));
    }
    const said = belief === undefined ? "nothing" : beliefText(this.#beliefs.tasks, belief);
    this.#strip.setAttribute("aria-label", `Probability of each task over the steps; now ${said}`);
    this.#placeLine(this.#plot);
  }

  #fit(): void {
    fitChart(this.#plot, this.#strip);
    // What can be scrolled is reached with the keyboard, too.
    this.#list.tabIndex = this.#list.scrollHeight > this.#list.clientHeight ? 0 : -1;
  }

  #placeLine(plot: uPlot): void {
    this.#line.style.transform = `translateX(${plot.valToPos(this.#step, "x").toFixed(1)}px)`;
  }

  dispose(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
    this.element.remove();
  }
}

/** A task with its probability as a bar. */
function barOf(name: string, color: string, isRight: boolean) {
  const share = el("i");
  share.style.background = color;
  const text = el("b");
  const swatch = el("i", { className: "swatch" });
  swatch.style.color = color;
  const element = el(
    "li",
    { className: isRight ? "right" : "" },
    el("span", { className: "task" }, swatch, el("span", { className: "name" }, name)),
    ...(isRight ? [el("em", {}, "true")] : []),
    text,
    el("span", { className: "share", attrs: { "aria-hidden": "true" } }, share),
  );
  element.title = isRight ? `${name}, the task that it is` : name;
  return { element, share, text };
}

/** Areas that lie upon each other, as wide as the scrubber's way. The top one is drawn first, so that each covers what is above it. */
function areas(
  parent: HTMLElement,
  beliefs: BeliefsData,
  length: number,
  drawn: (plot: uPlot) => void,
): uPlot {
  const [states, ...edges] = stackedAreas(beliefs);
  const looks = beliefs.tasks.map((_, k) => ({
    fill: colorAt(k),
    width: 0,
    points: { show: false },
    ...(uPlot.paths.stepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
  }));
  const options: uPlot.Options = {
    width: Math.max(parent.clientWidth, 100),
    height: HEIGHT,
    legend: { show: false },
    padding: [0, KNOB, 0, KNOB],
    cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
    scales: { x: { time: false, range: () => [0, Math.max(length, 1)] }, y: { range: () => [0, 1] } },
    axes: [{ show: false }, { show: false }],
    series: [{}, ...looks.toReversed()],
    // Not before: until then positions are those of the scale before.
    hooks: { draw: [drawn] },
  };
  return new uPlot(options, [states, ...edges.toReversed()], parent);
}
