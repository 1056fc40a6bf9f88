import uPlot from "uplot";
import { colorAt } from "../../../sim/core/palette.js";
import { taskInState } from "../../../sim/recording/task-switch.js";
import {
  type BeliefsData,
  beliefIn,
  beliefText,
  percent,
  stackedAreas,
  type TrueStretch,
  trueStretches,
} from "./beliefs.js";
import { fitChart, seekByPointing } from "./chart.js";
import type { EpisodeData } from "./data.js";
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
  readonly #bars: readonly Bar[];
  readonly #header: EpisodeData["header"];
  /** Name of the task whose bar carries the mark. */
  #right: string | undefined;
  readonly #plot: uPlot;
  readonly #observer: ResizeObserver;
  #step = 0;

  /**
   * @param header which says the task that it is, and where it changes
   * @param length steps of the scrubber
   * @param label beside the strip
   * @param seek goes to a step that was pointed at
   */
  constructor(
    beliefs: BeliefsData,
    header: EpisodeData["header"],
    length: number,
    label: string,
    seek: (step: number) => void,
  ) {
    this.#beliefs = beliefs;
    this.#header = header;
    this.#bars = beliefs.tasks.map((name, k) => new Bar(name, colorAt(k)));
    this.element = el(
      "section",
      { className: "belief", attrs: { "aria-label": `Which task: ${label}` } },
      el("div", { className: "line" }, this.#strip, el("span", { className: "step" }, label)),
      this.#list,
    );
    this.#markRight(0);
    this.#plot = areas(this.#strip, beliefs, length, (plot) => this.#placeLine(plot));
    const changing = (header.switches ?? []).length > 0;
    this.#plot.over.append(
      ...(changing ? [truthBand(trueStretches(header, beliefs.tasks, length))] : []),
      this.#line,
    );
    seekByPointing(this.#plot, seek);
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(this.#strip);
  }

  /** Shows the belief in a state. */
  show(state: number): void {
    this.#step = state;
    this.#markRight(state);
    const belief = beliefIn(this.#beliefs, state);
    for (const [k, { share, text }] of this.#bars.entries()) {
      share.style.width = `${(100 * (belief?.[k] ?? 0)).toFixed(1)}%`;
      setText(text, belief === undefined ? "–" : percent(belief[k]!));
    }
    const said = belief === undefined ? "nothing" : beliefText(this.#beliefs.tasks, belief);
    this.#strip.setAttribute("aria-label", `Probability of each task over the steps; now ${said}`);
    this.#placeLine(this.#plot);
  }

  /** Marks the bar of the task that it is in a state, and puts it first, where it is seen without scrolling also among many. */
  #markRight(state: number): void {
    const right = taskInState(this.#header, state);
    if (right === this.#right) return;
    this.#right = right;
    const isRight = ({ name }: Bar) => name === right;
    for (const bar of this.#bars) bar.mark(isRight(bar));
    const places = this.#bars.toSorted((a, b) => Number(isRight(b)) - Number(isRight(a)));
    this.#list.replaceChildren(...places.map(({ element }) => element));
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
class Bar {
  readonly name: string;
  readonly element: HTMLElement;
  readonly share = el("i");
  readonly text = el("b");
  readonly #mark = el("em", {}, "true");

  constructor(name: string, color: string) {
    this.name = name;
    this.share.style.background = color;
    const swatch = el("i", { className: "swatch" });
    swatch.style.color = color;
    this.element = el(
      "li",
      {},
      el("span", { className: "task" }, swatch, el("span", { className: "name" }, name)),
      this.text,
      el("span", { className: "share", attrs: { "aria-hidden": "true" } }, this.share),
    );
  }

  /** Whether this is the task that it is. */
  mark(isRight: boolean): void {
    this.element.className = isRight ? "right" : "";
    this.element.title = isRight ? `${this.name}, the task that it is` : this.name;
    if (isRight) this.text.before(this.#mark);
    else this.#mark.remove();
  }
}

/** A band over the steps in the colours of the tasks that they are of. */
function truthBand(stretches: readonly TrueStretch[]): HTMLElement {
  return el(
    "div",
    { className: "truth", attrs: { "aria-hidden": "true" } },
    ...stretches.map(({ task, name, share }) => {
      const part = el("span");
      part.style.flexGrow = String(share);
      if (task >= 0) part.style.background = colorAt(task);
      part.title = `the task is ${name}`;
      return part;
    }),
  );
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
