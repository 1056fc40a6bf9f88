import type { EpisodeData } from "../data.js";
import { el } from "../dom.js";
import { currentTheme, type Theme } from "../theme.js";
import type { TransportActions } from "../transport.js";
import { type Frame, joinFrames, type View } from "./framing.js";
import type { Quality } from "./quality.js";
import { Stage } from "./stage.js";

/** One or two episodes' pictures, with cameras that move together where that makes sense. */
export class Pictures {
  readonly element = el("div", { className: "stages" });
  readonly stages: Stage[] = [];
  readonly #changed: () => void;

  /** @param changed told when something must be drawn again */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What buttons do here. */
  get actions(): Omit<TransportActions, "help"> {
    return {
      look: (view) => this.look(view),
      follow: (on) => {
        this.follow = on;
      },
      path: (on) => {
        this.pathVisible = on;
      },
      plans: (on) => {
        this.plansVisible = on;
      },
    };
  }

  get episodes(): EpisodeData[] {
    return this.stages.flatMap(({ episode }) => episode ?? []);
  }

  /** Whether some robot goes far from where it began. */
  get travels(): boolean {
    return this.stages.some(({ frame }) => frame?.travels);
  }

  /**
   * Shows an episode in the first picture or beside it, from its start.
   * @param source name of the folder it comes from
   * @returns the view that this picture had
   */
  put(slot: number, episode: EpisodeData, source: string): View | undefined {
    const at = Math.min(slot, this.stages.length);
    this.stages[at] ??= this.#newStage();
    const { view } = this.stages[at];
    this.stages[at].load(episode, source);
    return view;
  }

  /** Keeps the first `count` pictures. */
  keep(count: number): void {
    for (const stage of this.stages.splice(count)) stage.dispose();
  }

  #newStage(): Stage {
    const moved = (stage: Stage) => {
      for (const other of this.stages)
        if (other !== stage && this.#joint() !== undefined) other.lookLike(stage);
    };
    const stage = new Stage(currentTheme(), moved, this.#changed);
    this.element.append(stage.element);
    return stage;
  }

  /** One frame for both pictures, where they show the same suite and stay in place. */
  #joint(): Frame | undefined {
    const [a, b] = this.stages.map(({ frame }) => frame);
    const [suite, other] = this.episodes.map(({ header }) => header.suite);
    return a !== undefined && b !== undefined && suite === other ? joinFrames(a, b) : undefined;
  }

  show(at: number): void {
    for (const stage of this.stages) stage.show(at);
    this.#changed();
  }

  look(view: View): void {
    for (const stage of this.stages) stage.look(view, this.#joint());
    this.#changed();
  }

  set follow(on: boolean) {
    for (const stage of this.stages) stage.follow = on;
  }

  set pathVisible(on: boolean) {
    for (const stage of this.stages) stage.pathVisible = on;
    this.#changed();
  }

  set plansVisible(on: boolean) {
    for (const stage of this.stages) stage.plansVisible = on;
    this.#changed();
  }

  set theme(theme: Theme) {
    for (const stage of this.stages) stage.theme = theme;
    this.#changed();
  }

  draw(quality: Quality): void {
    for (const stage of this.stages) stage.draw(quality);
  }
}
