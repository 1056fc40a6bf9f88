import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { EpisodePlayer, PlayedEpisode } from "../../../agent/evaluation/episode-player.js";
import { EpisodeThreads, type PlayedTask } from "../../../agent/evaluation/episode-threads.js";
import { configuredShape } from "../../../agent/methods/method.js";
import { inputSize, targetSize, weightCount } from "../../../agent/model/network.js";
import { Normalizer } from "../../../agent/model/normalizer.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { CallThread } from "../../../agent/threads/call-thread.js";
import { icemPlanner } from "../../../planners/icem.js";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { episodeThreads } from "../../../scripts/runs/episode-threads.js";
import { type TrainOptions, train } from "../../../scripts/runs/train.js";
import { firstOf } from "../../../sim/core/element.js";
import { InputError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { reacherSuite } from "../../../tasks/reacher/reacher.js";
import { CATALOG } from "../../agent/fixtures.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { pointSuite, pointTask } from "../../tasks/point-task.js";

const folder = temporaryFolder();
afterEach(() => void vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

const settings = {
  tasks: 2,
  "loop.initialRandomSteps": 50,
  "loop.stepsPerTask": 60,
  "loop.trainEvery": 30,
  "loop.trainIterations": 5,
  "loop.evaluationEpisodes": 3,
  "planner.samples": 16,
  "planner.elites": 4,
  "planner.iterations": 1,
  "planner.horizon": 3,
  "dynamics.hidden": [8, 8],
};
const small: TrainOptions = { suite: "reacher", settings, record: "plans" };
const whole = join(folder, "whole");
beforeAll(async () => {
  await train({ ...small, threads: 1, out: whole });
});

const spied = () => vi.spyOn(EpisodeThreads.prototype, "play");

describe("evaluation episodes on several threads", () => {
  it.each([2, 4])("leave the bytes of a run on one, with %i threads", async (threads) => {
    const play = spied();
    const out = join(folder, `threads-${threads}`);
    await train({ ...small, threads, out });
    expect(play).toHaveBeenCalledTimes(3);
    expect(fileHashes(out)).toEqual(fileHashes(whole));
  });

  it.each([
    [0, 0],
    [1, 1],
    [1, 5],
  ])(
    "stopped after task %i at evaluation episode %i, a run continues to the same bytes",
    async (afterTask, at) => {
      const out = join(folder, `stopped-${afterTask}-${at}`);
      const stop = new AbortController();
      let met = 0;
      const onProgress: TrainOptions["onProgress"] = (event) => {
        if (event.type === "evaluation" && event.afterTask === afterTask && met++ === at) stop.abort();
      };
      const stopped = await train({ ...small, threads: 2, out, signal: stop.signal, onProgress });
      expect(stopped.outcome).toBe(at === 5 ? "done" : "stopped");
      const { outcome } = await train({ resume: out, threads: 2 });
      expect(outcome).toBe("done");
      expect(fileHashes(out)).toEqual(fileHashes(whole));
    },
  );

  it("give an evaluation of a saved state what one gives, also with another planner and more of them", async () => {
    const evaluate = async (threads: number) => {
      const recordings = join(folder, `recordings-${threads}`);
      const how = { threads, episodes: 5, planner: "mppi", seed: 7, recordings };
      const { tasks } = await evaluateRun(whole, how);
      const plain = tasks.map(({ episodes, ...task }) => ({
        ...task,
        episodes: episodes.map(({ recording: _, ...episode }) => episode),
      }));
      return { plain, hashes: fileHashes(recordings) };
    };
    const play = spied();
    const one = await evaluate(1);
    expect(play).not.toHaveBeenCalled();
    expect(Object.keys(one.hashes)).toHaveLength(2 * 5);
    expect(await evaluate(3)).toEqual(one);
    expect(play).toHaveBeenCalledTimes(2);
  });

  it("hold whole episodes only of an evaluation that was stopped", async () => {
    const stop = new AbortController();
    const onEpisode = () => stop.abort();
    const found = await evaluateRun(whole, { threads: 2, episodes: 4, signal: stop.signal, onEpisode });
    const all = await evaluateRun(whole, { threads: 1, episodes: 4 });
    expect(found.complete).toBe(false);
    expect(found.tasks).toHaveLength(1);
    const [{ episodes }] = [firstOf(found.tasks, "tasks")];
    expect(episodes.length).toBeGreaterThan(0);
    expect(episodes).toEqual(all.tasks[0]!.episodes.slice(0, episodes.length));
  });

  it("are played in turn with a suite or a planner of one's own, and on one thread", async () => {
    const own = pointSuite(pointTask({ spec: { episodeSteps: 5 } }));
    expect(episodeThreads(reacherSuite, icemPlanner, 2)).toBeInstanceOf(EpisodeThreads);
    expect(episodeThreads(reacherSuite, icemPlanner, 1)).toBeUndefined();
    expect(episodeThreads(reacherSuite, { ...icemPlanner, name: "own" }, 2)).toBeUndefined();
    expect(episodeThreads(own, icemPlanner, 2)).toBeUndefined();
    const play = spied();
    const { tasks: _, ...others } = settings;
    await train({ ...small, suite: own, settings: others, threads: 2, out: join(folder, "own") });
    expect(play).not.toHaveBeenCalled();
  });
});

it("an error on another thread comes out as what it is, after the episodes before it", async () => {
  const choice = { suite: reacherSuite, method: "single", profile: "quick", seed: 1 };
  const set = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const resolved = resolveSettings(choice, set, CATALOG);
  const shape = configuredShape(resolved, firstOf(reacherSuite.tasks, "tasks"));
  const normalizer = new Normalizer(inputSize(shape), targetSize(shape), true).arrays();
  const versions = { hypercrl: "0", physics: "0" };
  const task: PlayedTask = {
    ...{ taskIndex: 0, afterTask: 0, settings: resolved, starts: undefined },
    dynamics: { shape, weights: new Float32Array(weightCount(shape)), normalizer },
    rng: Rng.fromSeed(1).state(),
    recordings: {
      folder: join(whole, "metrics.jsonl"),
      origin: { suite: "reacher", settingsHash: "0".repeat(64), versions },
      plans: false,
    },
  };
  const calls = vi.spyOn(CallThread.prototype, "call");
  const otherHasFailed = async () => {
    const isPlay = ([call]: readonly unknown[]) => (call as { type: string }).type === "play";
    for (;;) {
      const at = calls.mock.calls.findIndex(isPlay);
      if (at >= 0) return (calls.mock.results[at]!.value as Promise<unknown>).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const zero: PlayedEpisode = {
    outcome: { return: 0, success: false, measures: {} },
    ...{ file: "0.mcap", trajectory: { states: [], actions: [] } },
  };
  // The calling thread's episode ends after the other thread's has failed.
  const own: Pick<EpisodePlayer, "play"> = {
    async play() {
      await otherHasFailed();
      return zero;
    },
  };
  const threads = new EpisodeThreads("scripts/runs/episode-worker.js", 2);
  try {
    const episodes = threads.play(own, task, { episodes: 2, stopRequested: () => false });
    expect((await episodes.next()).value).toEqual(zero);
    const error: unknown = await episodes.next().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toContain("metrics.jsonl");
  } finally {
    await threads.close();
  }
});
