import type { EpisodeRef, ViewerIndex } from "../payload.js";
import { keyBindings } from "./bindings.js";
import { type DataSource, type EpisodeData, NO_EPISODES, sameRef } from "./data.js";
import { el } from "./dom.js";
import { DrawLoop } from "./draw-loop.js";
import { type Frame, joinFrames, type View } from "./framing.js";
import { helpDialog } from "./help.js";
import { bindingOf, type KeyBinding } from "./keys.js";
import { Live } from "./live.js";
import { Message } from "./message.js";
import { Picker } from "./picker.js";
import { Playback } from "./playback.js";
import { Plot } from "./plot.js";
import { curvesOf, QUANTITIES } from "./plot-data.js";
import { Stage } from "./stage.js";
import { currentTheme, onThemeChange } from "./theme.js";
import { TitleBar } from "./title-bar.js";
import { Transport } from "./transport.js";

/** The whole page: one or two episodes, their plots, the bar below, the picker. */
export class Viewer {
  readonly playback = new Playback();
  readonly #source: DataSource;
  readonly #picker = new Picker((slot, ref) => void this.#choose(slot, ref));
  readonly #plots: readonly Plot[];
  readonly #transport: Transport;
  readonly #help: HTMLDialogElement;
  readonly #bindings: readonly KeyBinding[];
  readonly #stages: Stage[] = [];
  readonly #pictures = el("div", { className: "stages" });
  readonly #empty = el("p", { className: "empty", hidden: true }, "No episode yet");
  readonly #title = new TitleBar({
    pick: (slot) => void this.#pick(slot),
    closeSecond: () => this.#closeSecond(),
  });
  readonly #message = new Message();
  readonly #loop = new DrawLoop(
    (ms) => this.playback.tick(ms),
    (quality) => {
      for (const stage of this.#stages) stage.draw(quality);
    },
  );
  readonly #live = new Live({
    playback: this.playback,
    open: (ref, byHand) => {
      const slot = ref.source === 0 ? 0 : 1;
      return byHand ? this.#choose(slot, ref) : this.open(slot, ref, true);
    },
    shown: (source) => this.#episodes().find((episode) => episode.source === source)?.file,
  });
  /** What was asked for last in each picture: an answer that comes late is not shown. */
  readonly #wanted: EpisodeRef[] = [];
  #index: ViewerIndex = NO_EPISODES;

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
      followRun: () => this.#live.toggleFollow(),
      neighbour: (by) => void this.#neighbour(by),
      help: () => this.#help.showModal(),
    });
    this.#help = helpDialog(this.#bindings);
    root.append(
      this.#title.element,
      el("div", { className: "notes" }, this.#message.element, this.#live.strips),
      el(
        "main",
        {},
        el("div", { className: "pictures" }, this.#empty, this.#pictures),
        el("aside", { className: "plots" }, this.#live.plots, ...this.#plots.map((p) => p.element)),
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
    await this.#refresh();
    for (const [slot, ref] of this.#index.open.entries()) await this.open(slot as 0 | 1, ref);
    this.#title.show(this.#episodes());
    this.#empty.hidden = this.#stages.length > 0;
    this.#live.start(this.#index, this.#source);
  }

  get stages(): readonly Stage[] {
    return this.#stages;
  }

  /**
   * Shows an episode in the first picture or beside it.
   * @param keepView leaves the camera as the user has put it
   * @returns true once it is shown
   */
  async open(slot: 0 | 1, ref: EpisodeRef, keepView = false): Promise<boolean> {
    this.#wanted[slot] = ref;
    const episode = await this.#message.attempt(() => this.#source.episode(ref));
    if (episode === undefined || this.#wanted[slot] !== ref) return false;
    const at = Math.min(slot, this.#stages.length);
    this.#stages[at] ??= this.#newStage();
    const { view } = this.#stages[at];
    this.#stages[at].load(episode, this.#index.sources[episode.source]);
    this.#loaded(keepView ? view : "overview");
    return true;
  }

  /** The user's own choice is not replaced by what a run does next. */
  #choose(slot: 0 | 1, ref: EpisodeRef): Promise<boolean> {
    this.#live.letGo();
    return this.open(slot, ref);
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

  /** @param view undefined to leave the camera where it is, unless what it followed is now elsewhere */
  #loaded(view: View | undefined): void {
    const episodes = this.#episodes();
    QUANTITIES.forEach((quantity, i) => {
      this.#plots[i].load(episodes.map((episode) => curvesOf(episode, quantity)));
    });
    this.#transport.follow.on = this.#stages.some(({ frame }) => frame?.travels);
    this.#follow(this.#transport.follow.on);
    this.#path(this.#transport.path.on);
    if (view !== undefined || this.#transport.follow.on) this.#look(view ?? "overview");
    this.#pictures.classList.toggle("two", episodes.length > 1);
    this.playback.load(Math.max(...episodes.map((e) => e.steps)), episodes[0].spec.controlPeriod);
    this.#empty.hidden = true;
    this.#title.show(episodes);
    this.#live.opened();
  }

  #episodes(): EpisodeData[] {
    return this.#stages.flatMap(({ episode }) => episode ?? []);
  }

  #closeSecond(): void {
    this.#stages.pop()?.dispose();
    this.#wanted.length = 1;
    this.#loaded("overview");
  }

  async #pick(slot: 0 | 1): Promise<void> {
    if (!(await this.#refresh())) return;
    const open = this.#episodes().map(({ source, file }) => ({ source, file }));
    this.#picker.show(this.#index, open, slot);
  }

  /** The next episode of the list, or the one before. */
  async #neighbour(by: 1 | -1): Promise<void> {
    if (!(await this.#refresh())) return;
    const [shown] = this.#episodes();
    const playable = this.#index.episodes.filter(({ problem }) => problem === undefined);
    const at = playable.findIndex((row) => shown !== undefined && sameRef(row, shown));
    const next = playable[at + by];
    if (next !== undefined) await this.#choose(0, next);
  }

  /** Reads the list again: a run that goes on has new episodes. False, and said why, where there is none. */
  async #refresh(): Promise<boolean> {
    const index = await this.#message.attempt(() => this.#source.index());
    this.#index = index ?? this.#index;
    return index !== undefined;
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
    this.#live.theme = currentTheme();
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
