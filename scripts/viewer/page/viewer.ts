import { elementAt, firstOf } from "../../../sim/core/element.js";
import { largest } from "../../../sim/core/extremes.js";
import { fragmentOf, readFragment } from "../fragment.js";
import type { EpisodeRef, ViewerIndex } from "../payload.js";
import { BeliefPanel } from "./belief-panel.js";
import { keyBindings } from "./bindings.js";
import { type DataSource, NO_EPISODES, sameRef } from "./data.js";
import { el } from "./dom.js";
import { helpDialog } from "./help.js";
import { bindingOf, type KeyBinding } from "./keys.js";
import { Message } from "./message.js";
import { Picker } from "./picker.js";
import { Playback } from "./playback.js";
import { Plot } from "./plot.js";
import { curvesOf, QUANTITIES } from "./plot-data.js";
import { Live } from "./run/live.js";
import { DrawLoop } from "./scene/draw-loop.js";
import type { View } from "./scene/framing.js";
import { Pictures } from "./scene/pictures.js";
import type { Stage } from "./scene/stage.js";
import { currentTheme, onThemeChange } from "./theme.js";
import { TitleBar } from "./title-bar.js";
import { Transport } from "./transport.js";

/** The whole page: one or two episodes, their plots, the bar below, the picker. */
export class Viewer {
  readonly playback = new Playback();
  readonly #source: DataSource;
  readonly #picker = new Picker((slot, ref) => void this.open(slot, ref));
  readonly #plots: readonly Plot[];
  readonly #beliefs = new BeliefPanel((step) => this.#pause(step));
  readonly #transport: Transport;
  readonly #help: HTMLDialogElement;
  readonly #bindings: readonly KeyBinding[];
  readonly #pictures = new Pictures(() => this.#loop.invalidate());
  readonly #empty = el("p", { className: "empty", hidden: true }, "No episode yet");
  readonly #title = new TitleBar({
    pick: (slot) => void this.#pick(slot),
    closeSecond: () => this.#closeSecond(),
  });
  readonly #message = new Message();
  readonly #loop = new DrawLoop(
    (ms) => this.playback.tick(ms),
    (quality) => this.#pictures.draw(quality),
    () => this.playback.playing && this.#live.following,
    (run) => requestAnimationFrame(run),
  );
  readonly #live = new Live({
    playback: this.playback,
    open: (ref, byHand) => {
      const slot = ref.source === 0 ? 0 : 1;
      return byHand ? this.open(slot, ref) : this.#open(slot, ref, true);
    },
    shown: (source) => this.#pictures.episodes.find((episode) => episode.source === source)?.file,
  });
  /** What was asked for last in each picture: an answer that comes late is not shown. */
  readonly #wanted: EpisodeRef[] = [];
  #index: ViewerIndex = NO_EPISODES;

  constructor(source: DataSource, root: HTMLElement) {
    this.#source = source;
    this.#plots = QUANTITIES.map((q) => new Plot(q, currentTheme(), (step) => this.#pause(step)));
    const actions = { ...this.#pictures.actions, help: () => this.#help.showModal() };
    this.#transport = new Transport(this.playback, actions, this.#beliefs.element);
    this.#bindings = keyBindings(this.playback, {
      pause: (step) => this.#pause(step),
      look: (view) => this.#pictures.look(view),
      follow: () => this.#transport.follow.element.click(),
      path: () => this.#transport.path.element.click(),
      plans: () => this.#transport.plans.element.click(),
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
        el("div", { className: "pictures" }, this.#empty, this.#pictures.element),
        el(
          "aside",
          { className: "plots", attrs: { "aria-label": "Plots" } },
          this.#live.plots,
          ...this.#plots.map((p) => p.element),
        ),
      ),
      this.#transport.element,
      this.#picker.element,
      this.#help,
    );
    this.playback.onChange(() => this.#showMoment());
    document.addEventListener("keydown", (event) => this.#key(event));
    onThemeChange(() => this.#applyTheme());
    addEventListener("hashchange", () => {
      this.#live.letGo();
      void this.#message.attempt(() => this.#followAddress());
    });
  }

  /** Loads the list and the episodes to show first, and begins to draw. */
  async start(): Promise<void> {
    this.#loop.start();
    const named = location.hash !== "";
    if (await this.#refresh()) await this.#message.attempt(() => this.#followAddress());
    this.#title.show(this.#pictures.episodes);
    this.#empty.hidden = this.stages.length > 0;
    this.#live.start(this.#index, this.#source, !named);
  }

  get stages(): readonly Stage[] {
    return this.#pictures.stages;
  }

  /** Shows an episode that the user has chosen: it is not replaced by what a run does next. True once it is shown. */
  open(slot: 0 | 1, ref: EpisodeRef): Promise<boolean> {
    this.#live.letGo();
    return this.#open(slot, ref, false);
  }

  /** @param followed because a run has got so far: the camera stays as the user has put it, and so does the address */
  async #open(slot: 0 | 1, ref: EpisodeRef, followed: boolean): Promise<boolean> {
    this.#wanted[slot] = ref;
    const episode = await this.#message.attempt(() => this.#source.episode(ref));
    if (episode === undefined || this.#wanted[slot] !== ref) return false;
    const view = this.#pictures.put(slot, episode, elementAt(this.#index.sources, episode.source, "sources"));
    this.#loaded(followed ? view : "overview", followed);
    return true;
  }

  /** Shows the episodes that the address names; where it names none that there is, rather others than nothing. */
  async #followAddress(): Promise<void> {
    try {
      const { refs, play } = readFragment(location.hash);
      await this.#show(refs.length > 0 ? refs : this.#index.open);
      if (play) this.playback.restart();
    } catch (error) {
      if (this.stages.length === 0) await this.#show(this.#index.open);
      throw error;
    }
  }

  async #show(refs: readonly EpisodeRef[]): Promise<void> {
    this.#wanted.splice(0, this.#wanted.length, ...refs);
    const episodes = await Promise.all(refs.map((ref) => this.#source.episode(ref)));
    const late = refs.some((ref, slot) => this.#wanted[slot] !== ref);
    if (late || episodes.length === 0) return;
    this.#pictures.keep(episodes.length);
    for (const [slot, episode] of episodes.entries()) {
      this.#pictures.put(slot, episode, elementAt(this.#index.sources, episode.source, "sources"));
    }
    this.#loaded("overview");
  }

  /** @param view undefined to leave the camera where it is, unless what it followed is now elsewhere */
  #loaded(view: View | undefined, followed = false): void {
    const { episodes, travels } = this.#pictures;
    for (const plot of this.#plots) plot.load(episodes.map((episode) => curvesOf(episode, plot.quantity)));
    const { follow, path, plans } = this.#transport;
    follow.on = travels;
    this.#pictures.follow = travels;
    this.#pictures.pathVisible = path.on;
    this.#pictures.plansVisible = plans.on;
    plans.element.hidden = !episodes.some((episode) => episode.plans !== undefined);
    if (view !== undefined || travels) this.#pictures.look(view ?? "overview");
    this.#pictures.element.classList.toggle("two", episodes.length > 1);
    const length = largest(episodes.map((e) => e.steps));
    this.#beliefs.load(episodes, length);
    this.playback.load(length, firstOf(episodes, "episodes").spec.controlPeriod);
    this.#empty.hidden = true;
    this.#title.show(episodes);
    this.#live.opened();
    // A page that follows a run does so again when it is loaded again.
    history.replaceState(null, "", followed ? location.href.replace(/#.*/, "") : fragmentOf(episodes));
  }

  #closeSecond(): void {
    this.#pictures.keep(1);
    this.#wanted.length = 1;
    this.#loaded("overview");
  }

  async #pick(slot: 0 | 1): Promise<void> {
    if (!(await this.#refresh())) return;
    const open = this.#pictures.episodes.map(({ source, file }) => ({ source, file }));
    this.#picker.show(this.#index, open, slot);
  }

  /** The next episode of the list, or the one before. */
  async #neighbour(by: 1 | -1): Promise<void> {
    if (!(await this.#refresh())) return;
    const [shown] = this.#pictures.episodes;
    const playable = this.#index.episodes.filter(({ problem }) => problem === undefined);
    const at = playable.findIndex((row) => shown !== undefined && sameRef(row, shown));
    const next = playable[at + by];
    if (next !== undefined) await this.open(0, next);
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
    this.#pictures.show(this.playback.at);
    this.#beliefs.show(this.playback.step);
    for (const plot of this.#plots) plot.show(this.playback.step);
  }

  #applyTheme(): void {
    this.#pictures.theme = currentTheme();
    for (const plot of this.#plots) plot.theme = currentTheme();
    this.#live.theme = currentTheme();
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
