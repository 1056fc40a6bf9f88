import type { Playback } from "../playback.js";

/** What is followed with: how an episode is opened, and its progress. */
export interface FollowerServices {
  readonly playback: Playback;
  /** True once the episode is shown. */
  readonly open: (file: string) => Promise<boolean>;
}

/**
 * Plays the newest episode of a run, one after another. What is playing is played to its end first, and what was
 * paused in the middle stays, so that the newest waits until the one shown has come to its end.
 */
export class Follower {
  readonly #services: FollowerServices;
  #on = false;
  /** The one that is being opened. */
  #opening: string | undefined;
  #newest: string | undefined;
  /** The newest one, until it is opened. */
  #waiting: string | undefined;

  constructor(services: FollowerServices) {
    this.#services = services;
    services.playback.onChange(() => void this.#advance());
  }

  get on(): boolean {
    return this.#on;
  }

  /** Begins with the newest episode at once. */
  follow(): void {
    this.#on = true;
    // A loop has no end to wait for.
    this.#services.playback.setLoop(false);
    if (this.#opening !== this.#newest) this.#waiting = this.#newest;
    void this.#openWaiting();
  }

  letGo(): void {
    this.#on = false;
  }

  /** Notes the newest episode of the run. */
  note(file: string): void {
    if (file === this.#newest) return;
    this.#newest = file;
    this.#waiting = file;
    void this.#advance();
  }

  async #advance(): Promise<void> {
    const { playing, at, length } = this.#services.playback;
    // Where nothing was shown so far, anything is welcome.
    if ((this.#on || length === 0) && !playing && at >= length) await this.#openWaiting();
  }

  async #openWaiting(): Promise<void> {
    const file = this.#waiting;
    if (file === undefined || this.#opening !== undefined) return;
    this.#waiting = undefined;
    this.#opening = file;
    try {
      if ((await this.#services.open(file)) && this.#on) this.#services.playback.restart();
    } finally {
      this.#opening = undefined;
    }
  }
}
