import type { EpisodeData } from "./data.js";
import { el, setText } from "./dom.js";

export interface TitleActions {
  /** Chooses an episode for the first picture or the second. */
  readonly pick: (slot: 0 | 1) => void;
  readonly closeSecond: () => void;
}

/** The bar above: names of the episodes shown, which are buttons that choose others. */
export class TitleBar {
  readonly element: HTMLElement;
  readonly #names: readonly [HTMLButtonElement, HTMLButtonElement];
  readonly #alone = el("button", {
    type: "button",
    className: "alone",
    textContent: "✕",
    title: "Show one alone",
    attrs: { "aria-label": "Show one alone" },
  });

  constructor({ pick, closeSecond }: TitleActions) {
    const nameButton = (slot: 0 | 1) => {
      const button = el("button", { type: "button", className: "name" });
      button.addEventListener("click", () => pick(slot));
      return button;
    };
    this.#names = [nameButton(0), nameButton(1)];
    this.#alone.addEventListener("click", closeSecond);
    this.element = el("header", { className: "bar" }, el("h1", {}, "HyperCRL"), ...this.#names, this.#alone);
  }

  /** @param episodes one, two, or none yet */
  show(episodes: readonly EpisodeData[]): void {
    const [first, second] = episodes;
    setText(this.#names[0], first === undefined ? "Episodes…" : nameOf(first));
    setText(this.#names[1], second === undefined ? "Compare…" : nameOf(second));
    this.#names[1].hidden = first === undefined;
    this.#alone.hidden = second === undefined;
    document.title = first === undefined ? "HyperCRL episodes" : `${nameOf(first)} – HyperCRL`;
  }
}

function nameOf({ header, file }: EpisodeData): string {
  return `${header.task} · ${file.replace(/\.mcap$/, "")}`;
}
