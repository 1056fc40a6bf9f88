import { Stopped } from "../episode-run.js";
import type { PlayedEpisode } from "./episode-player.js";

/** How often it is looked whether the user asked to stop, ms. */
const WATCH_MS = 20;

/** Up to which episode a task is played: all threads see it lowered. */
export class EpisodeLimit {
  readonly buffer: SharedArrayBuffer;
  readonly #last: Int32Array;

  /** @param buffer of the limit that another thread has made; by default one that allows every episode */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#last = new Int32Array(this.buffer);
    if (buffer === undefined) this.#last[0] = 2 ** 31 - 1;
  }

  allows(episode: number): boolean {
    return episode <= Atomics.load(this.#last, 0);
  }

  /** Allows none after `episode` any more; of -1 none at all. Only the thread that made the limit lowers it. */
  lower(episode: number): void {
    if (this.allows(episode)) Atomics.store(this.#last, 0, episode);
  }
}

/** Plays an episode; ends with `Stopped` once the limit does not allow it any more. */
export type PlayEpisode = (episode: number) => Promise<PlayedEpisode>;

/**
 * Plays `count` episodes with several players, each of whom takes the next when it has played one, and gives them out in their
 * order. When one fails, those after it are stopped and those before it given out, as if they had been played in turn. All players
 * have ended when the generator has.
 * @param players the first is the calling thread's
 * @param stopRequested true once the user asked to stop
 * @param joins resolved when the first player may begin; by default at once
 * @throws Stopped when the user asked to stop; what the first episode that failed threw
 */
export async function* playTogether(
  players: readonly PlayEpisode[],
  count: number,
  limit: EpisodeLimit,
  stopRequested: () => boolean,
  joins?: Promise<void>,
): AsyncGenerator<PlayedEpisode> {
  const episodes = Array.from({ length: count }, () => new Settled());
  let next = 0;
  const playOn = async (play: PlayEpisode) => {
    for (let k = next++; k < count && limit.allows(k); k = next++) {
      try {
        episodes[k]?.resolve(await play(k));
      } catch (error) {
        limit.lower(stopRequested() ? -1 : k);
        episodes[k]?.reject(error);
      }
    }
  };
  const watch = setInterval(() => stopRequested() && limit.lower(-1), WATCH_MS);
  const [late, atOnce] = joins === undefined ? [[], players] : [players.slice(0, 1), players.slice(1)];
  const playing = Promise.all(atOnce.map(playOn));
  const joined = Promise.race([joins, playing]).then(() => Promise.all(late.map(playOn)));
  const ended = Promise.all([playing, joined]).then(() => {
    for (const episode of episodes) episode.reject(new Stopped());
  });
  try {
    for (const { promise } of episodes) yield await promise;
  } finally {
    limit.lower(-1);
    await ended;
    clearInterval(watch);
  }
}

/** An episode that is waited for; settled once. */
class Settled {
  readonly promise: Promise<PlayedEpisode>;
  resolve!: (played: PlayedEpisode) => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Nobody waits for those after one that failed.
    this.promise.catch(() => {});
  }
}
