import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsByType, readMetrics } from "../../../agent/run/read-log.js";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { evaluateRunUnannounced } from "../../../scripts/evaluate/evaluate-unannounced.js";
import { train } from "../../../scripts/runs/train.js";
import { UsageError } from "../../../sim/core/errors.js";
import { meanOf } from "../../../sim/core/mean.js";
import { readMcap } from "../../../sim/recording/mcap.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { taskInState } from "../../../sim/recording/task-switch.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import type { TaskSuite } from "../../../sim/task.js";
import { physicsVersion } from "../../../sim/world.js";
import { findSuite } from "../../../tasks/registry.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { take } from "../../take.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** The shortest pole of the suite after the first, and the longest. */
const [, , short, , , , , , , long] = findSuite("cartpole").tasks;
const suite: TaskSuite = { name: "poles", description: "two of the poles", tasks: [short!, long!] };
/** The same ones, which do not hand their states over. */
const withoutHandover: TaskSuite = {
  ...suite,
  tasks: suite.tasks.map((task) => ({
    ...task,
    createScene() {
      const { handover: _, ...scene } = task.createScene();
      return scene;
    },
  })),
};
const run = join(folder, "run");
const shared = { suite, threads: 1 };

beforeAll(async () => {
  await train({
    ...shared,
    method: "single",
    seed: 1,
    out: run,
    settings: {
      "loop.initialRandomSteps": 300,
      "loop.stepsPerTask": 400,
      "loop.trainEvery": 100,
      "loop.trainIterations": 300,
      "loop.evaluationEpisodes": 2,
      "dynamics.hidden": [32, 32],
      "planner.samples": 24,
      "planner.elites": 4,
      "planner.iterations": 1,
      "planner.horizon": 8,
    },
  });
});

/** Checks the recorded beliefs of an episode of task j: one a step, and in so many of them the task is the most probable. */
function expectBeliefs(recording: string, j: number, rightSteps: number): void {
  const episode = readEpisode(recording, { poses: true });
  expect(verifyEpisode(episode, suite.tasks[j]!, physicsVersion())).toMatchObject({ ok: true });
  const messages = readMcap(recording, readFileSync(recording)).messages.get("/belief") ?? [];
  const beliefs = messages.map((bytes) => {
    const { step, probabilities } = JSON.parse(new TextDecoder().decode(bytes)) as {
      step: number;
      probabilities: Record<string, number>;
    };
    return {
      step,
      right: probabilities[suite.tasks[j]!.name]!,
      other: probabilities[suite.tasks[1 - j]!.name]!,
    };
  });
  expect(beliefs.map(({ step }) => step)).toEqual(episode.steps.map((_, i) => i + 1));
  for (const { right, other } of beliefs) expect(right + other).toBeCloseTo(1, 9);
  // What the models of both say, until one is planned for alone; the first is that of the more probable one.
  const { taskPlans, plans } = episode.playback!;
  const decided = beliefs.map((b) => Math.max(b.right, b.other) >= 0.95);
  const tips = decided.map((isDecided) => (isDecided ? 0 : 2));
  expect(taskPlans.map((paths) => paths.length)).toEqual(tips);
  for (const [i, [first, second]] of taskPlans.entries()) {
    if (first === undefined) continue;
    const planned = plans[i]!.paths.find(({ chosen }) => chosen)!.points;
    // Rolled out beside others, a sequence may end in another last digit.
    for (const [n, value] of first.points.entries()) expect(value).toBeCloseTo(planned[n]!, 4);
    expect(new Set([first.task, second!.task])).toEqual(new Set(suite.tasks.map(({ name }) => name)));
  }
  expect(beliefs.filter(({ right, other }) => right > other)).toHaveLength(rightSteps);
}

/** Checks how many steps of a recording were planned with their own task as the most probable one. */
function expectAccuracy(recording: string, rightSteps: number): void {
  const { header, playback } = readEpisode(recording, { poses: true });
  const { tasks, probabilities } = playback!.beliefs!;
  const right = playback!.taskPlans.filter((_, step) => {
    const own = probabilities.subarray(step * 2, step * 2 + 2);
    const k = tasks.indexOf(taskInState(header, step));
    return own[k]! > own[1 - k]!;
  });
  expect(right).toHaveLength(rightSteps);
}

describe("an evaluation without announced tasks", () => {
  it("finds which of two poles it is in most steps, and changes nothing in the run", async () => {
    const before = fileHashes(run);
    const { tasks, complete, afterTask } = await evaluateRunUnannounced(run, shared);
    expect({ complete, afterTask }).toEqual({ complete: true, afterTask: 2 });
    expect(tasks.map(({ task }) => task)).toEqual([short!.name, long!.name]);
    for (const { task, episodes } of tasks) {
      expect(episodes).toHaveLength(2);
      const share = meanOf(episodes.map(({ recognition: { rightSteps, steps } }) => rightSteps / steps));
      expect(share, task).toBeGreaterThan(0.7);
      for (const { recognition } of episodes)
        expect(recognition).toMatchObject({ steps: 200, afterSwitch: false });
    }
    expect(fileHashes(run)).toEqual(before);
  });

  it("repeats itself, and names the told return of the run's log where the episodes are those of the run", async () => {
    const [one, other] = [
      await evaluateRunUnannounced(run, shared),
      await evaluateRunUnannounced(run, shared),
    ];
    expect(one).toEqual(other);
    const { evaluation } = metricsByType(readMetrics(run));
    for (const [j, { toldReturn }] of one.tasks.entries()) {
      const own = evaluation.filter((r) => r.afterTask === 1 && r.taskIndex === j);
      expect(toldReturn).toBe(meanOf(own.map((r) => r.return)));
    }
    const seeded = await evaluateRunUnannounced(run, { ...shared, episodes: 1 });
    expect(seeded.tasks.map(({ toldReturn }) => toldReturn)).toEqual([undefined, undefined]);
  });

  it("starts from where an evaluation that tells the task starts", async () => {
    const [blind, told] = [join(folder, "blind"), join(folder, "told")];
    const how = { ...shared, episodes: 2, recordings: blind, switchEvery: 1 };
    const { tasks } = await evaluateRunUnannounced(run, how);
    await evaluateRun(run, { ...shared, episodes: 2, recordings: told });
    const starts = (recordings: string) =>
      readdirSync(recordings)
        .sort()
        .map((name) => {
          const { header, start } = readEpisode(join(recordings, name));
          return [name, header.task, header.seed, ...start.observation];
        });
    expect(starts(blind)).toHaveLength(4);
    expect(starts(blind)).toEqual(starts(told));
    for (const [j, { episodes }] of tasks.entries()) {
      for (const { recording, recognition } of episodes) expectBeliefs(recording!, j, recognition.rightSteps);
    }
  });

  it("carries over what is believed where the task changes", async () => {
    const order: [string, boolean][] = [];
    const { switchEvery, tasks } = await evaluateRunUnannounced(run, {
      ...shared,
      episodes: 4,
      switchEvery: 2,
      onEpisode: (task, { recognition }) => order.push([task, recognition.afterSwitch]),
    });
    expect(switchEvery).toBe(2);
    expect(tasks.map(({ episodes }) => episodes.length)).toEqual([4, 4]);
    const changes = order.map(([task], i) => i > 0 && order[i - 1]![0] !== task);
    expect(order.map(([, afterSwitch]) => afterSwitch)).toEqual(changes);
    expect(changes).toEqual([false, false, true, false, true, false, true, false]);
    // Some episode that follows one of its own task begins with the task known.
    const [known] = take(
      1,
      tasks.flatMap(({ episodes }) =>
        episodes.filter(({ recognition }) => recognition.stepsUntilRight === 0),
      ),
    );
    expect(known.recognition.rightSteps).toBe(200);
  });

  it("changes the task within episodes, where recordings say so, and tells every task to the same episodes", async () => {
    const switchSteps = { low: 30, high: 70 };
    const [one, two] = [join(folder, "changing"), join(folder, "changing-two-threads")];
    const how = { ...shared, episodes: 2, switchSteps };
    const evaluation = await evaluateRunUnannounced(run, { ...how, recordings: one });
    expect(evaluation.switchSteps).toEqual(switchSteps);
    for (const [j, { task, episodes, toldReturn }] of evaluation.tasks.entries()) {
      expect(toldReturn).toBe(meanOf(episodes.map((episode) => episode.toldReturn!)));
      for (const { recording, recognition } of episodes) {
        const episode = readEpisode(recording!);
        expect(episode.header.task).toBe(task);
        const { switches = [] } = recognition;
        expect(switches.length).toBeGreaterThanOrEqual(2);
        expect(episode.header.switches).toEqual(
          switches.map(({ after: steps, to }) => {
            return { steps, task: to, taskIndex: suite.tasks.findIndex(({ name }) => name === to) };
          }),
        );
        // Of two tasks each change is to the other one, and takes from 30 to 70 steps.
        expect(switches.map(({ to }) => to)).toEqual(
          switches.map((_, i) => suite.tasks[(i + j + 1) % 2]!.name),
        );
        const lasted = switches.map(({ after }, i) => after - (switches[i - 1]?.after ?? 0));
        for (const steps of lasted) expect(steps >= 30 && steps <= 70).toBe(true);
        expect(verifyEpisode(episode, suite.tasks[j]!, physicsVersion(), suite.tasks)).toMatchObject({
          ok: true,
        });
        expectAccuracy(recording!, recognition.rightSteps);
      }
    }
    const again = await evaluateRunUnannounced(run, { ...how, threads: 2, recordings: two });
    const plain = (text: object) => JSON.stringify(text).replaceAll(two, one);
    expect(plain(again)).toBe(plain(evaluation));
    expect(Object.values(fileHashes(two))).toEqual(Object.values(fileHashes(one)));
    const elsewhen = await evaluateRunUnannounced(run, { ...how, episodes: 1, orderSeed: 9 });
    const [first] = take(1, elsewhen.tasks[0]!.episodes);
    expect(first.recognition.switches![0]!.after).not.toBe(
      evaluation.tasks[0]!.episodes[0]!.recognition.switches![0]!.after,
    );
  });

  it.each([
    [
      { switchSteps: { low: 20, high: 200 } },
      /change after the end of an episode; got switch steps 20-200; expected at most 199/,
    ],
    [
      { switchSteps: { low: 50, high: 20 } },
      /range of steps that a task lasts is upside down; got switch steps 50-20/,
    ],
    [{ switchSteps: { low: 50, high: 50 }, switchEvery: 1 }, /between episodes or within them/],
    [
      { switchSteps: { low: 50, high: 50 }, afterTask: 1 },
      /too few tasks to tell apart; got 1 task that was learned/,
    ],
    [
      { switchSteps: { low: 50, high: 50 }, suite: withoutHandover },
      /tasks of suite poles cannot change within an episode; got scenes that do not take over .*; expected a run on one of push, .*cartpole/,
    ],
  ])("refuses %j before anything is made", async (options, message) => {
    const recordings = join(folder, "never-changed");
    const refused = evaluateRunUnannounced(run, { ...shared, recordings, ...options });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
    expect(readdirSync(folder)).not.toContain("never-changed");
  });

  it("refuses what cannot be evaluated before anything is made", async () => {
    const recordings = join(folder, "never");
    const one = evaluateRunUnannounced(run, { ...shared, afterTask: 1, recordings });
    await expect(one).rejects.toThrow(UsageError);
    await expect(one).rejects.toThrow(/too few tasks to tell apart; got 1 task that was learned, 0.4m/);
    expect(readdirSync(folder)).not.toContain("never");
    for (const switchEvery of [0, 1.5]) {
      await expect(evaluateRunUnannounced(run, { ...shared, switchEvery })).rejects.toThrow(
        /cannot change after so many episodes; got/,
      );
    }
  });

  it("stops when it is asked to, with what it has", async () => {
    const stop = new AbortController();
    const { complete, tasks } = await evaluateRunUnannounced(run, {
      ...shared,
      signal: stop.signal,
      onEpisode: () => stop.abort(),
    });
    expect(complete).toBe(false);
    expect(tasks.map(({ episodes }) => episodes.length)).toEqual([1, 0]);
  });
});
