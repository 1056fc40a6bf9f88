import { BeliefView } from "./belief-view.js";
import type { EpisodeData } from "./data.js";
import { el } from "./dom.js";

/** What was thought of the tasks of the episodes shown; nothing of those whose task was announced. */
export class BeliefPanel {
  readonly element = el("div", { className: "beliefs" });
  readonly #seek: (step: number) => void;
  #views: BeliefView[] = [];

  /** @param seek goes to a step that was pointed at */
  constructor(seek: (step: number) => void) {
    this.#seek = seek;
  }

  /** @param length steps of the longest episode */
  load(episodes: readonly EpisodeData[], length: number): void {
    for (const view of this.#views) view.dispose();
    this.#views = episodes.flatMap(({ beliefs, header }, slot) => {
      if (beliefs === undefined) return [];
      const label = episodes.length === 1 ? "belief" : slot === 0 ? "left" : "right";
      return [new BeliefView(beliefs, header, length, label, this.#seek)];
    });
    this.element.replaceChildren(...this.#views.map(({ element }) => element));
  }

  /** Shows what is believed in a state. */
  show(state: number): void {
    for (const view of this.#views) view.show(state);
  }
}
