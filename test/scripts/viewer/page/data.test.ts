import { afterEach, describe, expect, it, vi } from "vitest";
import { floats } from "../../../../scripts/viewer/floats.js";
import { embeddedSource, NO_EPISODES, servedSource } from "../../../../scripts/viewer/page/data.js";
import { unpackFloats } from "../../../../scripts/viewer/page/floats.js";
import type { EpisodePayload } from "../../../../scripts/viewer/payload.js";
import { take } from "../../../take.js";
import { episodeOf } from "./episode-data.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A packed episode of two steps, with a plan made for the second. */
function packed(source: number, file: string, reward: readonly number[]): EpisodePayload {
  const { returns: _, plans: __, beliefs: ___, taskPlans: ____, ...episode } = episodeOf([], [[], [], []]);
  return {
    ...episode,
    ...{ source, file, poses: "", observation: floats([0.5, -1, 2]), action: floats([3, -4]) },
    ...{ reward: floats(reward), measures: floats([0.25]) },
    plans: {
      ...{ steps: [2], horizon: 1, landmarks: ["tip"], sequences: 1 },
      ...{ paths: floats([1, 2, 3, 4, 5, 6]), expected: floats([7, 8, 9]) },
    },
    beliefs: { tasks: ["light", "heavy"], probabilities: floats([0.5, 0.5, 0.25, 0.75]) },
    taskPlans: { steps: 1, lines: 1, points: 2, tasks: [1], paths: floats([1, 2, 3, 4, 5, 6]) },
  };
}

it("numbers are little-endian float32 in Base64", () => {
  // 1 is 3f800000 and -2.5 is c0200000.
  expect([...unpackFloats(btoa("\x00\x00\x80\x3f\x00\x00\x20\xc0"))]).toEqual([1, -2.5]);
  expect(unpackFloats("")).toHaveLength(0);
});

describe("episodes that are part of the page", () => {
  const source = embeddedSource({
    index: NO_EPISODES,
    episodes: [packed(0, "a.mcap", [1, 2]), packed(1, "a.mcap", [-0.5, 4])],
  });

  it("are found by source and file, and unpacked", async () => {
    const episode = await source.episode({ source: 1, file: "a.mcap" });
    expect([episode.source, episode.file, episode.steps]).toEqual([1, "a.mcap", 2]);
    expect([...episode.observation]).toEqual([0.5, -1, 2]);
    expect([...episode.action]).toEqual([3, -4]);
    expect([...episode.measures]).toEqual([0.25]);
    expect(episode.poses).toHaveLength(0);
    // Rewards, and their sums from the state before the first.
    expect([...episode.reward]).toEqual([-0.5, 4]);
    expect([...episode.returns]).toEqual([0, -0.5, 3.5]);
    // The plan of step 2 was made in state 1.
    expect([...episode.plans!.planIn]).toEqual([[1, 0]]);
    expect([...episode.plans!.paths]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...episode.plans!.expected]).toEqual([7, 8, 9]);
    expect(episode.beliefs!.tasks).toEqual(["light", "heavy"]);
    expect([...episode.beliefs!.probabilities]).toEqual([0.5, 0.5, 0.25, 0.75]);
    expect([...episode.taskPlans!.paths]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await source.episode({ source: 0, file: "a.mcap" })).returns]).toEqual([0, 1, 3]);
  });

  it("are listed as given, and one that is missing is told", async () => {
    expect(await source.index()).toBe(NO_EPISODES);
    await expect(source.episode({ source: 2, file: "a.mcap" })).rejects.toThrow(
      "2/a.mcap is not part of this page; choose another above",
    );
  });
});

describe("episodes of the server", () => {
  const answer = (body: unknown) => vi.fn(async (_path: string) => Response.json(body));

  it("are asked for by name, whatever characters it has", async () => {
    const fetch = answer(packed(3, "x", [1, 1]));
    vi.stubGlobal("fetch", fetch);
    const episode = await servedSource().episode({ source: 3, file: "a b/<c>.mcap" });
    expect(fetch).toHaveBeenCalledExactlyOnceWith("episodes/3/a%20b%2F%3Cc%3E.mcap");
    expect([...episode.returns]).toEqual([0, 1, 2]);
  });

  it("are listed by the server", async () => {
    const fetch = answer(NO_EPISODES);
    vi.stubGlobal("fetch", fetch);
    expect(await servedSource().index()).toEqual(NO_EPISODES);
    expect(fetch).toHaveBeenCalledExactlyOnceWith("index.json");
  });

  it("a refusal is told in the server's words, and silence as a server that is gone", async () => {
    vi.stubGlobal("fetch", async () => new Response("Forbidden: not this\n", { status: 403 }));
    await expect(servedSource().index()).rejects.toThrow(/^Forbidden: not this$/);
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("fetch failed");
    });
    await expect(servedSource().index()).rejects.toThrow(/has `hypercrl view` been stopped\?/);
  });

  it("tell of new ones until nobody listens", () => {
    const made: FakeEvents[] = [];
    class FakeEvents extends EventTarget {
      closed = false;
      constructor(readonly path: string) {
        super();
        made.push(this);
      }
      close(): void {
        this.closed = true;
      }
    }
    vi.stubGlobal("EventSource", FakeEvents);
    const accept = vi.fn();
    const lost = vi.fn();
    const stop = servedSource().watch(accept, lost);
    const [events] = take(1, made);
    events.dispatchEvent(new MessageEvent("message", { data: '{"source":0,"fresh":true}' }));
    expect(accept).toHaveBeenCalledExactlyOnceWith({ source: 0, fresh: true });
    expect(lost).not.toHaveBeenCalled();
    events.dispatchEvent(new Event("error"));
    expect(lost).toHaveBeenCalledTimes(1);
    expect(events.closed).toBe(false);
    stop();
    expect(events.closed).toBe(true);
  });
});
