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
  readonly #names: readonly HTMLButtonElement[];
  readonly #alone = el("button", {
    type: "button",
    className: "alone",
    textContent: "✕",
    title: "Show one alone",
  });

  constructor({ pick, closeSecond }: TitleActions) {
    this.#names = ([0, 1] as const).map((slot) => {
      const button = el("button", { type: "button", className: "name" });
      button.addEventListener("click", () => pick(slot));
      return button;
    });
    this.#alone.addEventListener("click", closeSecond);
    this.element = el("header", { className: "bar" }, el("h1", {}, "HyperCRL"), ...this.#names, this.#alone);
  }

  /** @param episodes one, two, or none yet */
  show(episodes: readonly EpisodeData[]): void {
    setText(this.#names[0], episodes.length === 0 ? "Episodes…" : nameOf(episodes[0]));
    setText(this.#names[1], episodes.length < 2 ? "Compare…" : nameOf(episodes[1]));
    this.#names[1].hidden = episodes.length === 0;
    this.#alone.hidden = episodes.length < 2;
    document.title = episodes.length === 0 ? "HyperCRL episodes" : `${nameOf(episodes[0])} – HyperCRL`;
  }
}

function nameOf({ header, file }: EpisodeData): string {
  return `${header.task} · ${file.replace(/\.mcap$/, "")}`;
}
