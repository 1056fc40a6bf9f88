import type uPlot from "uplot";
import { firstOf } from "../../../sim/core/element.js";
import { largest } from "../../../sim/core/extremes.js";
import { colorAt } from "../../../sim/core/palette.js";
import { drawChart, fitChart, seekByPointing } from "./chart.js";
import { el, setText, unseen } from "./dom.js";
import { type Curve, type Quantity, shownAtFirst } from "./plot-data.js";
import { shortNumber } from "./text.js";
import type { Theme } from "./theme.js";

interface DrawnCurve extends Curve {
  readonly color: string;
  /** 0 or 1, of the two shown. */
  readonly episode: number;
}

interface Legend {
  readonly value: HTMLElement;
  readonly values: Curve["values"];
}

/** Curves of one quantity over the steps, of one or two episodes, with a line at the moment shown. */
export class Plot {
  readonly element: HTMLElement;
  readonly quantity: Quantity;
  readonly #seek: (step: number) => void;
  readonly #canvas = el("div", { className: "curves", attrs: { role: "img" } });
  readonly #line = el("div", { className: "moment" });
  readonly #legend = el("div", { className: "legend" });
  readonly #choices = el("div", { className: "choices", attrs: { role: "group" } });
  #episodes: readonly (readonly Curve[])[] = [];
  #shown = new Set<string>();
  #values: Legend[] = [];
  #curves: readonly DrawnCurve[] = [];
  #plot: uPlot | undefined;
  #theme: Theme;
  #step = 0;

  /** @param seek goes to a step that was pointed at */
  constructor(quantity: Quantity, theme: Theme, seek: (step: number) => void) {
    this.quantity = quantity;
    this.#theme = theme;
    this.#seek = seek;
    const title = quantity.charAt(0).toUpperCase() + quantity.slice(1);
    const summary = el("summary", {}, "choose", unseen(` what is plotted of ${quantity}`));
    this.#choices.setAttribute("aria-label", `Plotted of ${quantity}`);
    this.element = el(
      "section",
      { className: "plot", attrs: { "data-quantity": quantity, "aria-label": title } },
      el("header", {}, el("h2", {}, title), el("details", {}, summary, this.#choices)),
      this.#legend,
      this.#canvas,
    );
    new ResizeObserver(() => this.#resize()).observe(this.#canvas);
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    this.#build();
  }

  /** Shows the curves of one or two episodes; keeps what was chosen as far as there is such a curve. */
  load(episodes: readonly (readonly Curve[])[]): void {
    this.#episodes = episodes;
    const first = firstOf(episodes, "episodes");
    const names = first.map(({ name }) => name);
    this.#shown = new Set([...this.#shown].filter((name) => names.includes(name)));
    if (this.#shown.size === 0) this.#shown = new Set(shownAtFirst(first, this.quantity));
    this.element.hidden = names.length === 0;
    this.#choices.replaceChildren(
      ...first.map(({ name, unit }) => {
        const box = el("input", { type: "checkbox", checked: this.#shown.has(name) });
        box.addEventListener("change", () => {
          if (box.checked) this.#shown.add(name);
          else this.#shown.delete(name);
          this.#build();
        });
        return el("label", {}, box, unit === "1" ? name : `${name}, ${unit}`);
      }),
    );
    this.#build();
  }

  /** Puts the line and the values in the legend at a step. */
  show(step: number): void {
    this.#step = step;
    for (const { value, values } of this.#values) {
      setText(value, shortNumber(values[Math.min(step, values.length - 1)] ?? undefined));
    }
    if (this.#plot === undefined) return;
    if (this.#curves.some(({ expected }) => expected !== undefined)) this.#plot.redraw(false, false);
    else this.#placeLine(this.#plot);
  }

  #placeLine(plot: uPlot): void {
    this.#line.style.transform = `translateX(${plot.valToPos(this.#step, "x").toFixed(1)}px)`;
  }

  #build(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    const [first] = this.#episodes;
    if (first === undefined) return;
    const drawn = first.filter(({ name }) => this.#shown.has(name));
    const curves = drawn.flatMap((curve, i) =>
      this.#episodes.flatMap((all, episode) => {
        const found = all.find(({ name }) => name === curve.name);
        return found === undefined ? [] : [{ ...found, color: colorAt(i), episode }];
      }),
    );
    const steps = largest(this.#episodes.map((e) => Math.max(0, largest(e.map((c) => c.values.length)))));
    const xs = Array.from({ length: steps }, (_, i) => i);
    this.#curves = curves;
    const lines = curves.flatMap(({ color, episode, values, expected }) => [
      { values, stroke: color, width: 1.5, ...(episode === 1 && { dash: [5, 4] }) },
      ...(expected === undefined ? [] : [{ values: expected.next, stroke: color, width: 1, dash: [1, 3] }]),
    ]);
    const padded = lines.map(({ values }) => xs.map((i) => values[i] ?? null));
    this.#buildLegend(curves);
    this.#plot = drawChart(this.#canvas, this.#theme, [xs, ...padded], {
      above: 6,
      cursor: { points: { show: false } },
      range: (min, max) => [min, Math.max(max, min + 1)],
      xAxis: {},
      series: [{}, ...lines.map(({ values: _, ...looks }) => ({ ...looks, points: { show: false } }))],
      // Not before: until then positions are those of the scale before.
      hooks: { draw: [(plot) => this.#drawAhead(plot), (plot) => this.#placeLine(plot)] },
    });
    const names = drawn.map(({ name }) => name).join(", ");
    this.#canvas.setAttribute("aria-label", `${names === "" ? "nothing" : names} over the steps`);
    this.#plot.over.append(this.#line);
    seekByPointing(this.#plot, this.#seek);
    this.show(this.#step);
  }

  /** From the moment shown on, where the plan made then leads. */
  #drawAhead(plot: uPlot): void {
    const { ctx } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    ctx.clip();
    ctx.setLineDash([]);
    for (const { color, values, expected } of this.#curves) {
      const ahead = expected?.ahead(this.#step) ?? [];
      const line = [values[this.#step] ?? null, ...ahead];
      ctx.beginPath();
      line.forEach((value, h) => {
        if (value === null) return;
        ctx.lineTo(plot.valToPos(this.#step + h, "x", true), plot.valToPos(value, "y", true));
      });
      ctx.strokeStyle = color;
      ctx.globalAlpha = 0.55;
      ctx.lineWidth = 4 * devicePixelRatio;
      ctx.stroke();
    }
    ctx.restore();
  }

  /** One entry per name, with the values of one or two episodes. */
  #buildLegend(curves: readonly DrawnCurve[]): void {
    this.#values = [];
    const entries = new Map<string, HTMLElement>();
    for (const { name, unit, color, episode, values, expected } of curves) {
      const entry = entries.get(name) ?? el("span", {}, unit === "1" ? name : `${name}, ${unit}`);
      entries.set(name, entry);
      const swatch = el("i", { className: episode === 1 ? "swatch dashed" : "swatch" });
      swatch.style.color = color;
      const value = el("b");
      this.#values.push({ value, values });
      entry.append(" ", swatch, value);
      if (expected !== undefined) {
        const next = el("b", { className: "expected" });
        this.#values.push({ value: next, values: expected.next });
        entry.append(" expected ", next);
      }
    }
    this.#legend.replaceChildren(...entries.values());
  }

  #resize(): void {
    if (fitChart(this.#plot, this.#canvas)) this.show(this.#step);
  }
}
