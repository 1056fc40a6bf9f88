import type { Parts } from "../catalog.js";
import type { Compute } from "../compute.js";
import type { EpisodeThreads } from "../evaluation/episode-threads.js";
import type { RunStore } from "../run/store.js";
import type { HeldEvents } from "./held-events.js";

/** What the loop needs from outside: where to write, the time, and when to stop. */
export interface LoopServices {
  /** The run's folder; `store.log.listen` tells what happens. */
  readonly store: RunStore;
  /** Whether recordings of planned episodes hold the plans; nothing else depends on it. */
  readonly recordPlans?: boolean;
  /** A clock in ms; only ever used to report how long things took. */
  readonly now: () => number;
  readonly compute: Compute;
  /** Threads that play evaluation episodes at the same time, which stay the caller's; without, they are played in turn. */
  readonly episodeThreads?: EpisodeThreads | undefined;
  /** What learns and what plans. */
  readonly parts: Parts;
  /** True once the user asked to stop; the run then ends at its last checkpoint. */
  readonly stopRequested: () => boolean;
}

/** What learning needs of them, and where its events go. */
export interface LearningServices extends Pick<LoopServices, "store" | "now" | "stopRequested"> {
  readonly events: HeldEvents;
}
