import { fragmentOf, refsIn } from "../fragment.js";
import type { EpisodeRef, ViewerIndex } from "../payload.js";
import { type DataSource, type EpisodeData, sameRef } from "./data.js";
import { el, setText } from "./dom.js";
import { type Frame, joinFrames, VIEWS, type View } from "./framing.js";
import { helpDialog } from "./help.js";
import { bindingOf, type KeyBinding } from "./keys.js";
import { Picker } from "./picker.js";
import { Playback } from "./playback.js";
import { Plot } from "./plot.js";
import { curvesOf, QUANTITIES } from "./plot-data.js";
import { LEVELS, QualityGovernor } from "./quality.js";
import { Stage } from "./stage.js";
import { currentTheme, onThemeChange } from "./theme.js";
import { Transport } from "./transport.js";

/** Time without motion after which the picture is drawn at its best, ms. */
const REST = 250;

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
  readonly #governor = new QualityGovernor();
  #index: ViewerIndex = { sources: [], episodes: [], open: [] };
  #dirty = true;
  #movedAt = 0;
  #sharp = false;

  constructor(source: DataSource, root: HTMLElement) {
    this.#source = source;
    this.#plots = QUANTITIES.map((q) => new Plot(q, currentTheme(), (step) => this.#pause(step)));
    this.#transport = new Transport(this.playback, {
      look: (view) => this.#look(view),
      follow: (on) => this.#follow(on),
      path: (on) => this.#path(on),
      help: () => this.#help.showModal(),
    });
    this.#bindings = this.#keyBindings();
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
    addEventListener("hashchange", () => void this.#attempt(() => this.#followAddress()));
  }

  /** Loads the list and the episodes to show first, and begins to draw. */
  async start(): Promise<void> {
    let before = performance.now();
    const frame = (now: number) => {
      this.playback.tick(now - before);
      before = now;
      this.#draw(now);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    await this.#attempt(async () => {
      this.#index = await this.#source.index();
      await this.#followAddress();
    });
    this.#updateNames();
  }

  get stages(): readonly Stage[] {
    return this.#stages;
  }

  /** Shows an episode in the first picture or beside it. */
  async open(slot: 0 | 1, ref: EpisodeRef): Promise<void> {
    await this.#attempt(async () => {
      this.#put(slot, await this.#source.episode(ref));
      this.#loaded();
    });
  }

  /** Shows the episodes that the address names; where it names none that there is, rather others than nothing. */
  async #followAddress(): Promise<void> {
    try {
      const named = refsIn(location.hash);
      await this.#show(named.length > 0 ? named : this.#index.open);
    } catch (error) {
      if (this.#stages.length === 0) await this.#show(this.#index.open);
      throw error;
    }
  }

  async #show(refs: readonly EpisodeRef[]): Promise<void> {
    const asked = location.hash;
    const episodes = await Promise.all(refs.map((ref) => this.#source.episode(ref)));
    // While these were read the address may have become another.
    if (location.hash !== asked || episodes.length === 0) return;
    for (const stage of this.#stages.splice(episodes.length)) stage.dispose();
    for (const [slot, episode] of episodes.entries()) this.#put(slot, episode);
    this.#loaded();
  }

  #put(slot: number, episode: EpisodeData): void {
    const at = Math.min(slot, this.#stages.length);
    this.#stages[at] ??= this.#newStage();
    this.#stages[at].load(episode, this.#index.sources[episode.source]);
  }

  #newStage(): Stage {
    const moved = (stage: Stage) => {
      for (const other of this.#stages)
        if (other !== stage && this.#joint() !== undefined) other.lookLike(stage);
    };
    const stage = new Stage(currentTheme(), moved, () => this.#invalidate());
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
    history.replaceState(null, "", fragmentOf(episodes));
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
    this.#invalidate();
  }

  #look(view: View): void {
    for (const stage of this.#stages) stage.look(view, this.#joint());
    this.#invalidate();
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
    this.#invalidate();
  }

  #applyTheme(): void {
    for (const stage of this.#stages) stage.theme = currentTheme();
    for (const plot of this.#plots) plot.theme = currentTheme();
    this.#invalidate();
  }

  #invalidate(): void {
    this.#dirty = true;
  }

  /** Draws what has changed; once nothing does, once more at the best quality. */
  #draw(now: number): void {
    if (this.#dirty) {
      this.#dirty = false;
      this.#sharp = this.#governor.moving === LEVELS[0];
      this.#movedAt = now;
      for (const stage of this.#stages) stage.draw(this.#governor.moving);
      this.#governor.frame(now);
      return;
    }
    this.#governor.idle();
    if (now - this.#movedAt > REST && !this.#sharp) {
      this.#sharp = true;
      this.#governor.rest();
      for (const stage of this.#stages) stage.draw(LEVELS[0]);
    }
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

  #keyBindings(): KeyBinding[] {
    const { playback } = this;
    const views = VIEWS.map((view, i) => ({
      keys: [String(i + 1)],
      text: `camera: ${view}`,
      run: () => this.#look(view),
    }));
    return [
      { keys: [" ", "k"], text: "play or pause", run: () => playback.toggle() },
      { keys: ["ArrowRight", "."], text: "one step on", run: () => playback.stepBy(1) },
      { keys: ["ArrowLeft", ","], text: "one step back", run: () => playback.stepBy(-1) },
      { keys: ["PageDown", "L"], text: "ten steps on", run: () => playback.stepBy(10) },
      { keys: ["PageUp", "J"], text: "ten steps back", run: () => playback.stepBy(-10) },
      { keys: ["Home", "0"], text: "to the start", run: () => this.#pause(0) },
      { keys: ["End"], text: "to the end", run: () => this.#pause(playback.length) },
      { keys: ["+", "="], text: "faster", run: () => playback.changeSpeed(1) },
      { keys: ["-"], text: "slower", run: () => playback.changeSpeed(-1) },
      { keys: ["l"], text: "loop", run: () => playback.setLoop(!playback.loop) },
      ...views,
      { keys: ["f"], text: "follow the robot", run: () => this.#transport.follow.element.click() },
      { keys: ["t"], text: "path of the gripper", run: () => this.#transport.path.element.click() },
      { keys: ["e"], text: "choose an episode", run: () => void this.#pick(0) },
      { keys: ["c"], text: "choose an episode to compare with", run: () => void this.#pick(1) },
      { keys: ["n"], text: "next episode", run: () => this.#neighbour(1) },
      { keys: ["p"], text: "previous episode", run: () => this.#neighbour(-1) },
      { keys: ["?", "h"], text: "these keys", run: () => this.#help.showModal() },
    ];
  }
}

function nameOf({ header, file }: EpisodeData): string {
  return `${header.task} · ${file.replace(/\.mcap$/, "")}`;
}
