import type { EpisodeRef, RunUpdate, ViewerIndex } from "../../payload.js";
import type { DataSource } from "../data.js";
import { el } from "../dom.js";
import type { Playback } from "../playback.js";
import { currentTheme, type Theme } from "../theme.js";
import { Follower } from "./follower.js";
import { RunPlot } from "./run-plot.js";
import { type RunState, withUpdate } from "./run-state.js";
import { RunStrip } from "./run-strip.js";

export interface LiveServices {
  readonly playback: Playback;
  /** Shows an episode, `byHand` when the user has chosen it; true once it is shown. */
  readonly open: (ref: EpisodeRef, byHand: boolean) => Promise<boolean>;
  /** Name of the episode of a run that is open. */
  readonly shown: (source: number) => string | undefined;
}

/** One run: its line, its plot and who follows it. */
class LiveRun {
  readonly strip: RunStrip;
  readonly plot: RunPlot;
  readonly follower: Follower;
  readonly #follow: boolean;
  readonly #shown: () => string | undefined;
  state: RunState | undefined;

  constructor(
    source: number,
    name: string | undefined,
    follow: boolean,
    { playback, open, shown }: LiveServices,
  ) {
    this.#follow = follow;
    this.#shown = () => shown(source);
    this.follower = new Follower({ playback, open: (file) => open({ source, file }, false) });
    this.strip = new RunStrip(name, (on) => (on ? this.follower.follow() : this.follower.letGo()));
    this.plot = new RunPlot(name, currentTheme(), (file) => void open({ source, file }, true));
  }

  accept(update: RunUpdate): void {
    const first = this.state === undefined;
    this.state = withUpdate(this.state, update);
    this.strip.show(this.state);
    this.show();
    const newest = this.state.episodes.at(-1);
    if (newest !== undefined) this.follower.note(newest.file);
    if (first && this.#follow && update.status === "running") this.follow();
  }

  follow(): void {
    this.follower.follow();
    this.strip.follow.on = true;
  }

  letGo(): void {
    this.follower.letGo();
    this.strip.follow.on = false;
  }

  show(): void {
    if (this.state !== undefined) this.plot.show(this.state, this.#shown());
  }
}

/** Keeps the page current with runs that go on. */
export class Live {
  readonly strips = el("div", { className: "strips" });
  readonly plots = el("div");
  readonly #services: LiveServices;
  #runs = new Map<number, LiveRun>();

  constructor(services: LiveServices) {
    this.#services = services;
  }

  /**
   * Listens to the runs until all are done.
   * @param follow whether to follow those that go on, until told otherwise
   */
  start({ runs, sources }: ViewerIndex, source: DataSource, follow: boolean): void {
    if (runs.length === 0) return;
    for (const index of runs) {
      const name = runs.length > 1 ? sources[index] : undefined;
      const run = new LiveRun(index, name, follow, this.#services);
      this.#runs.set(index, run);
      this.strips.append(run.strip.element);
      this.plots.append(run.plot.element);
    }
    const all = [...this.#runs.values()];
    const end = source.watch(
      (update) => {
        this.#runs.get(update.source)?.accept(update);
        if (all.every(({ state }) => state?.status === "done")) end();
      },
      () => {
        for (const { strip } of all) strip.showLost();
      },
    );
  }

  /** Follows no run any more, because the user has chosen an episode. */
  letGo(): void {
    for (const run of this.#runs.values()) run.letGo();
  }

  /** Whether some run goes on and is followed. */
  get following(): boolean {
    return [...this.#runs.values()].some(
      ({ state, strip }) => state?.status === "running" && strip.follow.on,
    );
  }

  toggleFollow(): void {
    for (const { strip } of this.#runs.values())
      if (!strip.follow.element.hidden) strip.follow.element.click();
  }

  /** Another episode is open. */
  opened(): void {
    for (const run of this.#runs.values()) run.show();
  }

  set theme(theme: Theme) {
    for (const { plot } of this.#runs.values()) plot.theme = theme;
  }
}
