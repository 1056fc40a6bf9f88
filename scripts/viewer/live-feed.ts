import type { RunUpdate } from "./payload.js";
import { RunWatcher } from "./run-watcher.js";

/** A run to watch. */
export interface WatchedRun {
  /** Index of its episodes' folder among those shown. */
  readonly source: number;
  readonly folder: string;
}

/** How often a run is looked at, ms. */
const POLL_MS = 1000;
/** A sign of life comes after so many looks, so that a connection that is gone is noticed. */
const LOOKS_PER_SIGN = 15;

/** Tells listeners what is new in runs, as server-sent events; looks at them only while somebody listens. */
export class LiveFeed {
  readonly #runs: readonly WatchedRun[];
  readonly #listeners = new Set<(text: string) => void>();
  #watchers: readonly RunWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  constructor(runs: readonly WatchedRun[]) {
    this.#runs = runs;
  }

  /**
   * Sends everything so far, then what comes.
   * @returns ends that
   */
  listen(send: (text: string) => void): () => void {
    if (this.#listeners.size === 0) this.#begin();
    this.#listeners.add(send);
    for (const watcher of this.#watchers) send(eventText(watcher.whole()));
    return () => {
      this.#listeners.delete(send);
      if (this.#listeners.size === 0) clearInterval(this.#timer);
    };
  }

  /** Looks at every run once. */
  poll(): void {
    for (const watcher of this.#watchers) {
      const update = watcher.poll();
      if (update !== undefined) this.#send(eventText(update));
    }
    if (++this.#looks % LOOKS_PER_SIGN === 0) this.#send(": still here\n\n");
  }

  /** Starts from nothing: what happened while nobody listened is not known. */
  #begin(): void {
    this.#watchers = this.#runs.map(({ source, folder }) => new RunWatcher(source, folder));
    this.poll();
    this.#timer = setInterval(() => this.poll(), POLL_MS);
  }

  #send(text: string): void {
    for (const send of this.#listeners) send(text);
  }
}

function eventText(update: RunUpdate): string {
  return `data: ${JSON.stringify(update)}\n\n`;
}
