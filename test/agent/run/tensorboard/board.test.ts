import { readFileSync, rmSync } from "node:fs";

import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { MetricsRecord } from "../../../../agent/run/records.js";
import { Board } from "../../../../agent/run/tensorboard/board.js";
import type { TimingRecord } from "../../../../agent/run/timing-records.js";
import { temporaryFolder } from "../../../files.js";
import { tinySettings } from "../../fixtures.js";
import {
  baselineRecord,
  episodeRecord,
  evaluationRecord,
  keptRecord,
  modelErrorRecord,
  trainingRecord,
  trainingTime,
  usageRecord,
} from "../make-records.js";
import { curves, readEvents } from "./read-events.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const settings = tinySettings([
  ...["loop.initialRandomSteps=100", "loop.stepsPerTask=200", "loop.evaluationEpisodes=2"],
]);
const episode = (taskIndex: number, task: string, steps: number, phase: "random" | "train", sum: number) =>
  episodeRecord({ phase, task, taskIndex, steps, return: sum, success: sum > 5 });
const baseline = (taskIndex: number, task: string, sum: number) =>
  baselineRecord({ task, taskIndex, return: sum, measures: { errorMm: sum } });
const evaluation = (afterTask: number, taskIndex: number, task: string, sum: number, errorMm = sum) =>
  evaluationRecord({ afterTask, task, taskIndex, return: sum, success: sum > 5, measures: { errorMm } });
const kept = (bytes: number, transitions: number) => ({ bytes, transitions, kinds: [], parameters: 0 });

const METRICS: readonly MetricsRecord[] = [
  ...[baseline(0, "a", 1), baseline(0, "a", 3), baseline(1, "b", -0), baseline(1, "b", -0)],
  episode(0, "a", 100, "random", 2),
  trainingRecord(),
  episode(0, "a", 300, "train", 7),
  keptRecord({ shared: kept(2 ** 20, 0), tasks: [kept(2 ** 19, 30)] }),
  ...[evaluation(0, 0, "a", 8), evaluation(0, 0, "a", 4, Number.NaN)],
  episode(1, "b", 50, "random", Number.NaN),
  trainingRecord({ taskIndex: 1, taskLoss: 0.25, regularizer: 0.125 }),
  ...[evaluation(1, 0, "a", 5), evaluation(1, 0, "a", 5)],
  modelErrorRecord({ afterTask: 1, horizons: [10], starts: [9], leftOut: [0], errors: [] }),
];
const TIMING: readonly TimingRecord[] = [
  usageRecord(),
  trainingTime(),
  trainingTime({ taskIndex: 1, ms: 1000, waitedMs: 1000 }),
];

const paths = (run: string) =>
  ["tensorboard", "tensorboard/timing"].map((sub) => join(run, sub, "events.out.tfevents.0.hypercrl"));
const bytesOf = (run: string) => paths(run).map((path) => readFileSync(path).toString("hex"));

function follow(
  run: string,
  metrics: readonly MetricsRecord[],
  timing: readonly TimingRecord[],
  from = 0,
): void {
  const past = { metrics: metrics.slice(0, from), timing };
  const board = from === 0 ? new Board(run, settings) : new Board(run, settings, past);
  for (const record of metrics.slice(from)) board.append("metrics", record);
  if (from === 0) for (const record of timing) board.append("timing", record);
  board.close();
}

it("draws cut episodes, and those that went over to planning, apart", () => {
  const run = join(folder, "apart");
  const records = [
    episodeRecord({ phase: "random", randomSteps: 30, steps: 120, return: 1 }),
    episodeRecord({ phase: "train", steps: 240, return: 2, success: true }),
    episodeRecord({ phase: "train", steps: 250, return: 3, cut: true }),
  ];
  follow(run, records, []);
  expect(curves(readEvents(paths(run)[0]!))).toEqual({
    ...{ "mixed/return/a": [[120, 1]], "mixed/success/a": [[120, 0]] },
    ...{ "learn/return/a": [[240, 2]], "learn/success/a": [[240, 1]] },
    ...{ "cut/return/a": [[250, 3]], "cut/success/a": [[250, 0]] },
  });
});

it("draws which episodes ended by themselves, of tasks that say what ends one", () => {
  const run = join(folder, "ending");
  const records = [
    episodeRecord({ steps: 40, terminated: true }),
    episodeRecord({ steps: 160, terminated: false }),
    evaluationRecord({ terminated: true }),
    evaluationRecord({ terminated: false, episode: 1 }),
  ];
  follow(run, records, []);
  const drawn = curves(readEvents(paths(run)[0]!));
  expect(drawn["learn/terminated/a"]).toEqual([
    [40, 1],
    [160, 0],
  ]);
  expect(drawn["evaluate/terminated/a"]).toEqual([[expect.any(Number), 0.5]]);
});

it("draws model errors by horizon and unit, where the evaluation lies", () => {
  const run = join(folder, "errors");
  const errors = [
    { unit: "m", model: [0.25, 0.5], unchanged: [1, 2] },
    { unit: "m/s", model: [3, Number.NaN], unchanged: [4, Number.NaN] },
  ];
  const lists = { horizons: [1, 10], starts: [9, 9], leftOut: [0, 9], errors };
  follow(run, [modelErrorRecord({ afterTask: 1, ...lists })], []);
  expect(curves(readEvents(paths(run)[0]!))).toEqual({
    "model_error/1_steps/m/a": [[600, 0.25]],
    "model_error/10_steps/m/a": [[600, 0.5]],
    "model_error/1_steps/m/s/a": [[600, 3]],
  });
});

it("draws returns, successes, losses, evaluations and memory over all tasks' steps", () => {
  const run = join(folder, "whole");
  follow(run, METRICS, TIMING);
  const [metrics, timing] = paths(run).map((path) => curves(readEvents(path)));
  expect(metrics).toEqual({
    "baseline/return/a": [[0, 2]],
    "baseline/success/a": [[0, 0]],
    "baseline/errorMm/a": [[0, 2]],
    "baseline/return/b": [[0, 0]],
    "baseline/success/b": [[0, 0]],
    "baseline/errorMm/b": [[0, 0]],
    "explore/return/a": [[100, 2]],
    "explore/success/a": [[100, 0]],
    "explore/success/b": [[350, 0]],
    "learn/return/a": [[300, 7]],
    "learn/success/a": [[300, 1]],
    "model/task_loss": [
      [100, 0.5],
      [400, 0.25],
    ],
    "model/regularizer": [
      [100, 0],
      [400, 0.125],
    ],
    "kept/MiB": [[300, 1.5]],
    "kept/transitions": [[300, 30]],
    "evaluate/return/a": [
      [300, 6],
      [600, 5],
    ],
    "evaluate/success/a": [
      [300, 0.5],
      [600, 0],
    ],
    "evaluate/errorMm/a": [[600, 5]],
  });
  expect(timing).toEqual({
    "timing/training_s": [
      [100, 0.5],
      [400, 1],
    ],
    "timing/waited_s": [
      [100, 0.25],
      [400, 1],
    ],
  });
});

it("made again from any part of the logs and continued, has the same bytes", () => {
  const [run, resumed] = [join(folder, "same"), join(folder, "resumed")];
  follow(run, METRICS, TIMING);
  for (let from = 1; from <= METRICS.length; from++) {
    follow(resumed, METRICS, TIMING, from);
    expect(bytesOf(resumed)[0], `from record ${from}`).toBe(bytesOf(run)[0]);
  }
  expect(bytesOf(resumed)).toEqual(bytesOf(run));
});

it("keeps the time of a session that was made again once, and of one that was cut off not at all", () => {
  const run = join(folder, "twice");
  const again = trainingTime({ ms: 700, waitedMs: 700 });
  follow(run, METRICS.slice(0, 7), [...TIMING, again], 7);
  const timing = curves(readEvents(paths(run)[1]!));
  expect(Object.keys(timing)).toEqual(["timing/training_s", "timing/waited_s"]);
  expect(timing["timing/training_s"]).toEqual([[100, Math.fround(0.7)]]);
});
