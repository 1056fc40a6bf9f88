import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsByType, readMetrics } from "../../../agent/run/read-log.js";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { evaluateRunUnannounced } from "../../../scripts/evaluate/evaluate-unannounced.js";
import { exportRun } from "../../../scripts/runs/export-run.js";
import { train } from "../../../scripts/runs/train.js";
import type { TaskSuite } from "../../../sim/task.js";
import { findSuite } from "../../../tasks/registry.js";
import { fileHashes, temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const [, , short, , , , , , , long] = findSuite("cartpole").tasks;
const suite: TaskSuite = { name: "poles", description: "two of the poles", tasks: [short!, long!] };
const run = join(folder, "run");
const shared = { suite, threads: 1 };
const settings = {
  "loop.initialRandomSteps": 200,
  "loop.stepsPerTask": 210,
  "loop.trainEvery": 100,
  "loop.trainIterations": 20,
  "loop.evaluationEpisodes": 1,
  "dynamics.hidden": [12, 12],
  "dynamics.members": 2,
  "planner.samples": 16,
  "planner.elites": 4,
  "planner.iterations": 1,
  "planner.horizon": 4,
  "planner.polishSteps": 1,
};

beforeAll(async () => {
  await train({ ...shared, method: "pnn", seed: 1, out: run, settings });
});

describe("a run that learns an ensemble", () => {
  it("has the returns of its log when it is evaluated again, and changes nothing", async () => {
    const before = fileHashes(run);
    const { evaluation } = metricsByType(readMetrics(run));
    const { tasks } = await evaluateRun(run, shared);
    const logged = evaluation.filter(({ afterTask }) => afterTask === 1);
    const returns = tasks.flatMap(({ episodes }) => episodes.map((episode) => episode.return));
    expect(returns).toEqual(logged.map((each) => each.return));
    expect(logged).toHaveLength(2);
    expect(fileHashes(run)).toEqual(before);
  });

  it("has measured how far its model is off", () => {
    const { modelError } = metricsByType(readMetrics(run));
    expect(modelError.length).toBeGreaterThan(0);
    for (const { errors } of modelError)
      for (const { model } of errors) expect(model.some((value) => Number(value) > 0)).toBe(true);
  });

  it("is evaluated without announced tasks", async () => {
    const { tasks } = await evaluateRunUnannounced(run, shared);
    expect(tasks.map(({ task }) => task)).toEqual([short!.name, long!.name]);
    for (const { episodes } of tasks) expect(episodes[0]!.recognition.steps).toBe(200);
  });

  it("is exported as it plans", async () => {
    const { tasks, tolerance } = await exportRun(run, { suite, onnx: join(folder, "model.onnx") });
    expect(tasks).toHaveLength(2);
    for (const { largestDifference } of tasks) expect(largestDifference).toBeLessThanOrEqual(tolerance);
  });
});

it("a method of one's own is learned as an ensemble too, while the arm acts", async () => {
  const file = join(folder, "own.mjs");
  // One that predicts what its members are told: their first random number.
  writeFileSync(
    file,
    `export default { name: "own", summary: "predicts a constant change that it draws when it is made",
      create({ dynamics: { sizes }, rng }) {
        const count = sizes.slice(1).reduce((sum, out, i) => sum + (sizes[i] + 1) * out, 0);
        let value = rng.uniform();
        const nothing = async () => {};
        return { beginTask: nothing, endTask: nothing, release: nothing,
          train: async () => ({ taskLoss: value, regularizer: 0 }),
          weights: async () => new Float32Array(count).fill(0.001 * value),
          state: () => ({ arrays: {}, numbers: { value } }),
          restore: async ({ numbers }) => { value = numbers.value; } };
      } };`,
  );
  const losses: number[] = [];
  for (const trainLag of [0, 1]) {
    const out = join(folder, `own-${trainLag}`);
    await train({
      ...shared,
      method: file,
      seed: 1,
      out,
      settings: { ...settings, "loop.trainLag": trainLag },
    });
    const { training } = metricsByType(readMetrics(out));
    losses.push(training[0]!.taskLoss as number);
  }
  expect(losses[0]).toBeGreaterThan(0);
  expect(losses[1]).toBe(losses[0]);
});
