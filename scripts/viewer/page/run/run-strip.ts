import { el, setText } from "../dom.js";
import { Toggle } from "../transport.js";
import { type RunState, runText, STATUS_NAMES } from "./run-state.js";

/** One line that says where a run is, with the switch to follow it. */
export class RunStrip {
  readonly element: HTMLElement;
  readonly follow: Toggle;
  readonly #status = el("strong", { className: "status" });
  readonly #text = el("span", { className: "place" });

  /** @param name of the run, when there are two */
  constructor(name: string | undefined, follow: (on: boolean) => void) {
    this.follow = new Toggle("Follow run", "Open and play each new episode", follow);
    this.element = el(
      "section",
      { className: "run-strip", hidden: true, attrs: { "aria-label": name ?? "Run" } },
      this.#status,
      ...(name === undefined ? [] : [el("span", {}, name)]),
      this.#text,
      this.follow.element,
    );
  }

  show(state: RunState): void {
    // Of a run that was over from the start there is nothing to say.
    if (state.status !== "done") this.element.hidden = false;
    this.#showStatus(state.status, STATUS_NAMES[state.status]);
    this.follow.element.hidden = state.status !== "running";
    setText(this.#text, runText(state));
    this.#text.title = runText(state);
  }

  showLost(): void {
    this.#showStatus("lost", "No connection");
  }

  #showStatus(status: string, name: string): void {
    this.element.dataset.status = status;
    setText(this.#status, name);
  }
}
