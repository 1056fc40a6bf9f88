import type { EpisodeRef, ViewerIndex } from "../payload.js";
import { keyBindings } from "./bindings.js";
import { type DataSource, type EpisodeData, sameRef } from "./data.js";
import { el, setText } from "./dom.js";
import { DrawLoop } from "./draw-loop.js";
import { type Frame, joinFrames, type View } from "./framing.js";
import { helpDialog } from "./help.js";
import { bindingOf, type KeyBinding } from "./keys.js";
import { Picker } from "./picker.js";
import { Playback } from "./playback.js";
import { Plot } from "./plot.js";
import { curvesOf, QUANTITIES } from "./plot-data.js";
import { Stage } from "./stage.js";
import { currentTheme, onThemeChange } from "./theme.js";
import { Transport } from "./transport.js";

/** The whole page: one or two episodes, their plots, the bar below, the picker. */
export class Viewer {
  readonly playback = new Playback();
  readonly #source: DataSource;
  readonly #picker = new Picker((slot, ref) => void this.open(slot, ref));
  readonly #plots: readonly Plot[];
  readonly #transport: Transport;
  readonly #help: HTMLDialogElement;
  readonly #bindings: readonly KeyBinding[];
  readonly #stages: Stage[] = [];
  readonly #pictures = el("div", { className: "stages" });
  readonly #names = [0, 1].map((slot) => this.#nameButton(slot as 0 | 1));
  readonly #alone = el("button", {
    type: "button",
    className: "alone",
    textContent: "✕",
    title: "Show one alone",
  });
  readonly #message = el("p", { className: "message", hidden: true, attrs: { role: "alert" } });
  readonly #loop = new DrawLoop(
    (ms) => this.playback.tick(ms),
    (quality) => {
      for (const stage of this.#stages) stage.draw(quality);
    },
  );
  #index: ViewerIndex = { sources: [], episodes: [], open: [] };

  constructor(source: DataSource, root: HTMLElement) {
    this.#source = source;
    this.#plots = QUANTITIES.map((q) => new Plot(q, currentTheme(), (step) => this.#pause(step)));
    this.#transport = new Transport(this.playback, {
      look: (view) => this.#look(view),
      follow: (on) => this.#follow(on),
      path: (on) => this.#path(on),
      help: () => this.#help.showModal(),
    });
    this.#bindings = keyBindings(this.playback, {
      pause: (step) => this.#pause(step),
      look: (view) => this.#look(view),
      follow: () => this.#transport.follow.element.click(),
      path: () => this.#transport.path.element.click(),
      pick: (slot) => void this.#pick(slot),
      neighbour: (by) => this.#neighbour(by),
      help: () => this.#help.showModal(),
    });
    this.#help = helpDialog(this.#bindings);
    this.#alone.addEventListener("click", () => this.#closeSecond());
    root.append(
      el("header", { className: "bar" }, el("h1", {}, "HyperCRL"), ...this.#names, this.#alone),
      this.#message,
      el(
        "main",
        {},
        this.#pictures,
        el("aside", { className: "plots" }, ...this.#plots.map((p) => p.element)),
      ),
      this.#transport.element,
      this.#picker.element,
      this.#help,
    );
    this.playback.onChange(() => this.#showMoment());
    document.addEventListener("keydown", (event) => this.#key(event));
    onThemeChange(() => this.#applyTheme());
  }

  /** Loads the list and the episodes to show first, and begins to draw. */
  async start(): Promise<void> {
    this.#loop.start();
    await this.#attempt(async () => {
      this.#index = await this.#source.index();
      for (const [slot, ref] of this.#index.open.entries()) await this.open(slot as 0 | 1, ref);
    });
    this.#updateNames();
  }

  get stages(): readonly Stage[] {
    return this.#stages;
  }

  /** Shows an episode in the first picture or beside it. */
  async open(slot: 0 | 1, ref: EpisodeRef): Promise<void> {
    await this.#attempt(async () => {
      const episode = await this.#source.episode(ref);
      const at = Math.min(slot, this.#stages.length);
      this.#stages[at] ??= this.#newStage();
      this.#stages[at].load(episode, this.#index.sources[episode.source]);
      this.#loaded();
    });
  }

  #newStage(): Stage {
    const moved = (stage: Stage) => {
      for (const other of this.#stages)
        if (other !== stage && this.#joint() !== undefined) other.lookLike(stage);
    };
    const stage = new Stage(currentTheme(), moved, () => this.#loop.invalidate());
    this.#pictures.append(stage.element);
    return stage;
  }

  #loaded(): void {
    const episodes = this.#episodes();
    QUANTITIES.forEach((quantity, i) => {
      this.#plots[i].load(episodes.map((episode) => curvesOf(episode, quantity)));
    });
    this.#transport.follow.on = this.#stages.some(({ frame }) => frame?.travels);
    this.#follow(this.#transport.follow.on);
    this.#path(this.#transport.path.on);
    this.#look("overview");
    this.#pictures.classList.toggle("two", episodes.length > 1);
    this.playback.load(Math.max(...episodes.map((e) => e.steps)), episodes[0].spec.controlPeriod);
    this.#updateNames();
  }

  #episodes(): EpisodeData[] {
    return this.#stages.flatMap(({ episode }) => episode ?? []);
  }

  #closeSecond(): void {
    this.#stages.pop()?.dispose();
    this.#loaded();
  }

  #nameButton(slot: 0 | 1): HTMLButtonElement {
    const button = el("button", { type: "button", className: "name" });
    button.addEventListener("click", () => void this.#pick(slot));
    return button;
  }

  #updateNames(): void {
    const episodes = this.#episodes();
    setText(this.#names[0], episodes.length === 0 ? "Episodes…" : nameOf(episodes[0]));
    setText(this.#names[1], episodes.length < 2 ? "Compare…" : nameOf(episodes[1]));
    this.#names[1].hidden = episodes.length === 0;
    this.#alone.hidden = episodes.length < 2;
    document.title = episodes.length === 0 ? "HyperCRL episodes" : `${nameOf(episodes[0])} – HyperCRL`;
  }

  async #pick(slot: 0 | 1): Promise<void> {
    await this.#attempt(async () => {
      // A run that goes on has new episodes.
      this.#index = await this.#source.index();
      const open = this.#episodes().map(({ source, file }) => ({ source, file }));
      this.#picker.show(this.#index, open, slot);
    });
  }

  /** The next episode of the list, or the one before. */
  #neighbour(by: 1 | -1): void {
    const [shown] = this.#episodes();
    const playable = this.#index.episodes.filter(({ problem }) => problem === undefined);
    const at = playable.findIndex((row) => shown !== undefined && sameRef(row, shown));
    const next = playable[at + by];
    if (next !== undefined) void this.open(0, next);
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#message.hidden = true;
    } catch (error) {
      this.#message.hidden = false;
      setText(this.#message, (error as Error).message);
    }
  }

  #pause(step: number): void {
    if (this.playback.playing) this.playback.toggle();
    this.playback.seek(step);
  }

  #showMoment(): void {
    for (const stage of this.#stages) stage.show(this.playback.at);
    for (const plot of this.#plots) plot.show(this.playback.step);
    this.#loop.invalidate();
  }

  #look(view: View): void {
    for (const stage of this.#stages) stage.look(view, this.#joint());
    this.#loop.invalidate();
  }

  /** One frame for both pictures, where they show the same suite and stay in place. */
  #joint(): Frame | undefined {
    const [a, b] = this.#stages.map(({ frame }) => frame);
    const [suite, other] = this.#episodes().map(({ header }) => header.suite);
    return a !== undefined && b !== undefined && suite === other ? joinFrames(a, b) : undefined;
  }

  #follow(on: boolean): void {
    for (const stage of this.#stages) stage.follow = on;
  }

  #path(on: boolean): void {
    for (const stage of this.#stages) stage.pathVisible = on;
    this.#loop.invalidate();
  }

  #applyTheme(): void {
    for (const stage of this.#stages) stage.theme = currentTheme();
    for (const plot of this.#plots) plot.theme = currentTheme();
    this.#loop.invalidate();
  }

  #key(event: KeyboardEvent): void {
    if (this.#picker.element.open || this.#help.open) return;
    const { tagName, type } = event.target as HTMLInputElement;
    const target = tagName === "INPUT" && type !== "range" ? "INPUT:text" : tagName;
    const binding = bindingOf(this.#bindings, event, target);
    if (binding === undefined) return;
    event.preventDefault();
    binding.run();
  }
}

function nameOf({ header, file }: EpisodeData): string {
  return `${header.task} · ${file.replace(/\.mcap$/, "")}`;
}
