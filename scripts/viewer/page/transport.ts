import { el, type Icon, icon, setText } from "./dom.js";
import { type Playback, SPEEDS } from "./playback.js";
import { VIEWS, type View } from "./scene/framing.js";

export interface TransportActions {
  readonly look: (view: View) => void;
  readonly follow: (on: boolean) => void;
  readonly path: (on: boolean) => void;
  readonly plans: (on: boolean) => void;
  readonly help: () => void;
}

function button(face: string | Element, label: string, run: () => void): HTMLButtonElement {
  const button = el("button", { type: "button", title: label }, face);
  // Who speaks to the page says what is written there.
  button.setAttribute("aria-label", typeof face === "string" ? `${face}: ${label}` : label);
  button.addEventListener("click", run);
  return button;
}

/** A button that stays pressed. */
export class Toggle {
  readonly element: HTMLButtonElement;

  constructor(face: string | Element, label: string, run: (on: boolean) => void) {
    this.element = button(face, label, () => {
      this.on = !this.on;
      run(this.on);
    });
    this.on = false;
  }

  get on(): boolean {
    return this.element.getAttribute("aria-pressed") === "true";
  }

  set on(on: boolean) {
    this.element.setAttribute("aria-pressed", String(on));
  }
}

/** The bar below: play, scrub, speed, camera. */
export class Transport {
  readonly element: HTMLElement;
  readonly follow: Toggle;
  readonly path: Toggle;
  /** Hidden by the page where no plans are recorded. */
  readonly plans: Toggle;
  readonly #playback: Playback;
  readonly #play: HTMLButtonElement;
  readonly #scrubber = el("input", { type: "range", min: "0", step: "1", className: "scrubber" });
  readonly #speed: HTMLSelectElement;
  readonly #loop: Toggle;
  #icon: Icon = "play";
  // The slider tells the step where it is asked for; read out while playing, it would never end.
  readonly #step = el("output", { className: "step", attrs: { "aria-live": "off" } });

  /** @param below what stands right below the scrubber */
  constructor(playback: Playback, actions: TransportActions, below: HTMLElement) {
    this.#playback = playback;
    this.#play = button(icon("play"), "Play", () => playback.toggle());
    this.#play.className = "play";
    this.#scrubber.setAttribute("aria-label", "Step");
    this.#scrubber.addEventListener("input", () => playback.seek(Number(this.#scrubber.value)));
    this.#speed = el(
      "select",
      { title: "Speed", attrs: { "aria-label": "Speed" } },
      ...SPEEDS.map((s) => el("option", { value: String(s) }, `${s}×`)),
    );
    this.#speed.addEventListener("change", () => playback.setSpeed(Number(this.#speed.value)));
    this.#loop = new Toggle(icon("loop"), "Loop", (on) => playback.setLoop(on));
    this.follow = new Toggle("Follow", "Camera follows the robot", actions.follow);
    this.path = new Toggle("Path", "Path of the gripper or its like", actions.path);
    this.path.on = true;
    this.plans = new Toggle("Plans", "Planned trajectories", actions.plans);
    this.plans.on = true;
    const named = { title: "Camera", attrs: { "aria-label": "Camera" } };
    const view = el("select", named, ...VIEWS.map((v) => el("option", { value: v }, v)));
    // Choosing the same view again takes it up again.
    view.addEventListener("change", () => actions.look(view.value as View));
    this.element = el(
      "footer",
      { className: "transport" },
      el("div", { className: "line" }, this.#scrubber, this.#step),
      below,
      el(
        "div",
        { className: "line" },
        button(icon("start"), "To the start", () => playback.seek(0)),
        button(icon("back"), "One step back", () => playback.stepBy(-1)),
        this.#play,
        button(icon("on"), "One step on", () => playback.stepBy(1)),
        this.#speed,
        this.#loop.element,
        el("span", { className: "gap" }),
        view,
        this.follow.element,
        this.path.element,
        this.plans.element,
        button(el("span", { attrs: { "aria-hidden": "true" } }, "?"), "Keys", actions.help),
      ),
    );
    playback.onChange(() => this.#update());
  }

  #update(): void {
    const { length, step, playing, speed, loop } = this.#playback;
    if (this.#scrubber.max !== String(length)) this.#scrubber.max = String(length);
    this.#scrubber.value = String(step);
    this.#scrubber.setAttribute("aria-valuetext", `step ${step} of ${length}`);
    setText(this.#step, `${step} / ${length}`);
    this.#showIcon(playing ? "pause" : "play");
    this.#speed.value = String(speed);
    this.#loop.on = loop;
  }

  #showIcon(name: Icon & ("play" | "pause")): void {
    if (this.#icon === name) return;
    this.#icon = name;
    this.#play.replaceChildren(icon(name));
    this.#play.title = name === "play" ? "Play" : "Pause";
    this.#play.setAttribute("aria-label", this.#play.title);
  }
}
