import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { EpisodeThreads } from "../../../agent/evaluation/episode-threads.js";
import { LearningEpisodes } from "../../../agent/loop/learning-episodes.js";
import { readMetrics } from "../../../agent/run/read-log.js";
import { type TrainOptions, train } from "../../../scripts/runs/train.js";
import { RunError } from "../../../sim/core/errors.js";
import { fileHashes, temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterEach(() => void vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

const small: TrainOptions = {
  suite: "reacher",
  settings: {
    tasks: 3,
    "loop.initialRandomSteps": 50,
    "loop.stepsPerTask": 60,
    "loop.trainEvery": 30,
    "loop.trainIterations": 5,
    "loop.evaluationEpisodes": 2,
    "loop.learningEpisodeSteps": 20,
    "planner.samples": 16,
    "planner.elites": 4,
    "planner.iterations": 1,
    "planner.horizon": 3,
    "dynamics.hidden": [8, 8],
  },
};
const whole = join(folder, "whole");
let wanted: Record<string, string>;
beforeAll(async () => {
  await train({ ...small, threads: 1, out: whole });
  wanted = fileHashes(whole);
});

/** Learning episodes of a visit that have been learned, and who waits for them. */
class Watch {
  readonly #learned = new Map<number, number>();
  readonly #waiting: (() => void)[] = [];

  constructor() {
    const watch = this;
    const learn = LearningEpisodes.prototype.learn;
    vi.spyOn(LearningEpisodes.prototype, "learn").mockImplementation(async function (
      this: LearningEpisodes,
      progress,
    ) {
      const steps = await learn.call(this, progress);
      const { task } = progress;
      // Whoever waits sees what follows the episode, too.
      setImmediate(() => watch.#note(task));
      return steps;
    });
  }

  #note(visit: number): void {
    this.#learned.set(visit, (this.#learned.get(visit) ?? 0) + 1);
    for (const look of this.#waiting.splice(0)) look();
  }

  async until(visit: number, episodes: number): Promise<void> {
    while ((this.#learned.get(visit) ?? 0) < episodes) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** Lets an evaluation after a visit begin only when so many episodes of the next visit have been learned. */
function delayEvaluations(
  episodes: number,
  meanwhile: (afterTask: number, taskIndex: number) => void = () => {},
): void {
  const watch = new Watch();
  const { play } = EpisodeThreads.prototype;
  vi.spyOn(EpisodeThreads.prototype, "play").mockImplementation(async function* (
    this: EpisodeThreads,
    own,
    task,
    ...rest
  ) {
    const { afterTask, taskIndex } = task;
    if (afterTask < 2) await watch.until(afterTask + 1, episodes);
    meanwhile(afterTask, taskIndex);
    yield* play.call(this, own, task, ...rest);
  });
}

/** What a process that is killed now would leave. */
function copy(from: string, name: string): string {
  const to = join(folder, name);
  cpSync(from, to, { recursive: true });
  for (const file of readdirSync(to)) if (file.endsWith(".lock")) rmSync(join(to, file));
  return to;
}

const recordingsOf = (out: string, prefix: string) =>
  readdirSync(join(out, "episodes")).filter((name) => name.startsWith(prefix)).length;
const documentOf = (out: string) =>
  JSON.parse(readFileSync(join(out, "checkpoint.json"), "utf8")) as { readonly progress: object };

describe("an evaluation beside the learning of the next task", () => {
  // Of six episodes of a visit; the names of checkpoint files take turns with each.
  it.each([0, 1, 2, 5])("leaves the bytes of a run on one thread, %i episodes behind", async (episodes) => {
    const out = join(folder, `behind-${episodes}`);
    delayEvaluations(episodes, (afterTask) => {
      if (afterTask >= 2) return;
      expect(recordingsOf(out, `0${afterTask + 2}-`)).toBeGreaterThanOrEqual(episodes);
      const logged = readMetrics(out).filter((r) => r.type === "episode" && r.taskIndex > afterTask);
      expect(logged).toHaveLength(0);
    });
    const { outcome } = await train({ ...small, threads: 2, out });
    expect(outcome).toBe("done");
    expect(fileHashes(out)).toEqual(wanted);
  });

  it("waits at the end of a visit, and then plays along", async () => {
    const out = join(folder, "slow");
    const { play } = EpisodeThreads.prototype;
    const joined: string[] = [];
    vi.spyOn(EpisodeThreads.prototype, "play").mockImplementation(async function* (
      this: EpisodeThreads,
      own,
      ...rest
    ) {
      const [task, , joins] = rest;
      await joins;
      const noted: typeof own = {
        play: (episode, stopRequested) => {
          joined.push(`${task.afterTask}/${task.taskIndex}`);
          return own.play(episode, stopRequested);
        },
      };
      yield* play.call(this, noted, ...rest);
    });
    await train({ ...small, threads: 2, out });
    expect(fileHashes(out)).toEqual(wanted);
    expect(joined).toContain("1/0");
    expect(joined).toContain("1/1");
  });

  it("killed in the midst of it, a run goes on to the same bytes on one thread and on two", async () => {
    const out = join(folder, "run");
    const copies: string[] = [];
    const keep = (name: string) => copies.push(copy(out, `killed-${name}`));
    // All episodes of the visit but the last are held, an odd number.
    delayEvaluations(5, (afterTask, taskIndex) => {
      if (afterTask < 2) keep(`before-${afterTask}-${taskIndex}`);
    });
    const onProgress: TrainOptions["onProgress"] = (event) => {
      if (event.type === "evaluation" && event.afterTask < 2 && event.episode === 1)
        keep(`evaluation-${event.afterTask}-${event.taskIndex}`);
      // Behind the evaluation, before the state that they lead to is saved.
      if (event.type === "episode" && event.taskIndex > 0 && [0, 2].includes(event.episode))
        keep(`episode-${event.taskIndex}-${event.episode}`);
    };
    await train({ ...small, threads: 2, out, onProgress });
    vi.restoreAllMocks();
    expect(fileHashes(out)).toEqual(wanted);
    expect(documentOf(join(folder, "killed-before-1-1")).progress).toMatchObject({
      stage: "evaluate",
      task: 1,
      evaluated: 1,
    });
    const behind = documentOf(join(folder, "killed-episode-1-2"));
    expect(behind).toMatchObject({ progress: { stage: "learn", task: 1, steps: 0 }, extraTurn: true });
    expect(copies).toHaveLength(3 + 3 + 4);
    for (const [i, killed] of copies.entries()) {
      const warnings: string[] = [];
      const onWarning = (text: string) => warnings.push(text);
      const { outcome } = await train({ resume: killed, threads: 1 + (i % 2), onWarning });
      expect(outcome, killed).toBe("done");
      expect(fileHashes(killed), killed).toEqual(wanted);
      expect(warnings, killed).toEqual([]);
    }
  });

  it("stopped in the midst of it, a run says where it is saved and loses nothing of it", async () => {
    const out = join(folder, "stopped");
    const stop = new AbortController();
    delayEvaluations(2, (afterTask, taskIndex) => {
      if (afterTask === 1 && taskIndex === 1) stop.abort();
    });
    const stopped = await train({ ...small, threads: 2, out, signal: stop.signal });
    expect(stopped).toMatchObject({
      outcome: "stopped",
      progress: { stage: "evaluate", task: 1, evaluated: 1 },
    });
    vi.restoreAllMocks();
    expect((await train({ resume: out, threads: 2 })).outcome).toBe("done");
    expect(fileHashes(out)).toEqual(wanted);
  });

  it("fails with what came first, and can be continued", async () => {
    const failing = (name: string) => new RunError({ what: `${name} fails` });
    const out = join(folder, "failed");
    vi.spyOn(EpisodeThreads.prototype, "play").mockImplementation(async function* (_own, { afterTask }) {
      if (afterTask === 0) throw failing("evaluation");
      yield* [];
    });
    await expect(train({ ...small, threads: 2, out })).rejects.toThrow("evaluation fails");
    vi.restoreAllMocks();
    const { learn } = LearningEpisodes.prototype;
    vi.spyOn(LearningEpisodes.prototype, "learn").mockImplementation(function (
      this: LearningEpisodes,
      progress,
    ) {
      if (progress.task === 1 && progress.episode === 1) throw failing("learning");
      return learn.call(this, progress);
    });
    await expect(train({ resume: out, threads: 2 })).rejects.toThrow("learning fails");
    vi.restoreAllMocks();
    expect((await train({ resume: out, threads: 2 })).outcome).toBe("done");
    expect(fileHashes(out)).toEqual(wanted);
  });
});
