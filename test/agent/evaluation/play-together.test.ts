import { describe, expect, it } from "vitest";
import { Stopped } from "../../../agent/episode-run.js";
import type { PlayedEpisode } from "../../../agent/evaluation/episode-player.js";
import { EpisodeLimit, type PlayEpisode, playTogether } from "../../../agent/evaluation/play-together.js";
import { RunError } from "../../../sim/core/errors.js";

const played = (episode: number): PlayedEpisode => ({
  outcome: { return: episode, success: false, measures: {} },
  file: `${episode}.mcap`,
  trajectory: { states: [], actions: [] },
});

/** Players whose episodes end when the test says so, or as stopped when the limit is below them. */
class Hall {
  readonly limit = new EpisodeLimit();
  /** By episode: who plays it. */
  readonly begun = new Map<number, number>();
  readonly #end = new Map<number, (error?: Error) => void>();
  playing = 0;

  player(index: number): PlayEpisode {
    return async (episode) => {
      this.begun.set(episode, index);
      this.playing++;
      const error = await new Promise<Error | undefined>((resolve) => {
        const look = setInterval(() => this.limit.allows(episode) || end(new Stopped()), 1);
        const end = (why?: Error) => {
          clearInterval(look);
          resolve(why);
        };
        this.#end.set(episode, end);
      });
      this.playing--;
      if (error !== undefined) throw error;
      return played(episode);
    };
  }

  async end(episode: number, error?: Error): Promise<void> {
    while (!this.#end.has(episode)) await turn();
    this.#end.get(episode)!(error);
    await turn();
  }
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 1));
const never = () => false;

/** Collects what is given out; `ended` is settled with the generator's end. */
function collect(episodes: AsyncGenerator<PlayedEpisode>) {
  const returns: number[] = [];
  const ended = (async () => {
    for await (const { outcome } of episodes) returns.push(outcome.return);
  })();
  ended.catch(() => {});
  return { returns, ended };
}

describe("episodes that are played together", () => {
  it("are begun by the first player only when it joins", async () => {
    const hall = new Hall();
    let join = () => {};
    const joins = new Promise<void>((resolve) => {
      join = resolve;
    });
    const players = [hall.player(0), hall.player(1)];
    const { returns, ended } = collect(playTogether(players, 3, hall.limit, never, joins));
    await turn();
    expect([...hall.begun]).toEqual([[0, 1]]);
    await hall.end(0);
    expect([...hall.begun]).toEqual([
      [0, 1],
      [1, 1],
    ]);
    join();
    await hall.end(1);
    await hall.end(2);
    await ended;
    expect(hall.begun.get(2)).toBe(0);
    expect(returns).toEqual([0, 1, 2]);
  });

  it("end without a first player who never joins, also where one fails", async () => {
    for (const failure of [undefined, new RunError({ what: "fails" })]) {
      const hall = new Hall();
      const joins = new Promise<void>(() => {});
      const { ended } = collect(playTogether([hall.player(0), hall.player(1)], 2, hall.limit, never, joins));
      await hall.end(0, failure);
      if (failure === undefined) await hall.end(1);
      await (failure === undefined
        ? expect(ended).resolves.toBeUndefined()
        : expect(ended).rejects.toBe(failure));
    }
  });

  it("are given out in their order, and whoever is free takes the next", async () => {
    const hall = new Hall();
    const found = collect(playTogether([hall.player(0), hall.player(1)], 4, hall.limit, never));
    await hall.end(1);
    await hall.end(2);
    expect(found.returns).toEqual([]);
    expect([...hall.begun]).toEqual([
      [0, 0],
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    await hall.end(0);
    expect(found.returns).toEqual([0, 1, 2]);
    await hall.end(3);
    await found.ended;
    expect(found.returns).toEqual([0, 1, 2, 3]);
  });

  it("are given out up to the first that fails, whichever fails first; later ones are stopped", async () => {
    const hall = new Hall();
    const players = [0, 1, 2, 3].map((i) => hall.player(i));
    const found = collect(playTogether(players, 9, hall.limit, never));
    await hall.end(3, new RunError({ what: "three" }));
    await hall.end(0);
    await hall.end(1, new RunError({ what: "one" }));
    await expect(found.ended).rejects.toThrow("one");
    expect(found.returns).toEqual([0]);
    expect(hall.playing).toBe(0);
    // The player that had finished its episode when the third had failed could take none any more.
    expect([...hall.begun.keys()].sort()).toEqual([0, 1, 2, 3]);
  });

  it("stop within a moment when the user asks for it, also where the calling thread only waits", async () => {
    const hall = new Hall();
    let stopped = false;
    const found = collect(playTogether([hall.player(0), hall.player(1)], 4, hall.limit, () => stopped));
    await hall.end(0);
    stopped = true;
    await expect(found.ended).rejects.toThrow(Stopped);
    expect(found.returns).toEqual([0]);
    expect(hall.playing).toBe(0);
  });

  it("have ended when nobody wants more of them", async () => {
    const hall = new Hall();
    const episodes = playTogether([hall.player(0), hall.player(1)], 9, hall.limit, never);
    const first = episodes.next();
    await hall.end(0);
    expect((await first).value).toEqual(played(0));
    await episodes.return(undefined);
    expect(hall.playing).toBe(0);
    expect(hall.begun.size).toBeLessThan(4);
  });
});

it("a limit is seen through its buffer, and only falls", () => {
  const limit = new EpisodeLimit();
  const seen = new EpisodeLimit(limit.buffer);
  expect(seen.allows(1_000_000)).toBe(true);
  limit.lower(3);
  limit.lower(5);
  expect([3, 4].map((k) => seen.allows(k))).toEqual([true, false]);
  limit.lower(-1);
  expect(seen.allows(0)).toBe(false);
});
