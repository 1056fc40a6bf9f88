import { expect, it } from "vitest";
import { createLearner, networkShape } from "../../../agent/methods/method.js";
import { findMethod } from "../../../agent/methods/registry.js";
import { weightCount } from "../../../agent/model/network.js";
import { Normalizer } from "../../../agent/model/normalizer.js";
import { RandomFeatures } from "../../../agent/model/random-features.js";
import { ReplayBuffer } from "../../../agent/model/replay-buffer.js";
import { RidgeRegression } from "../../../agent/model/ridge.js";
import { UsageError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData, pointTask, relativeError, tinySettings } from "../fixtures.js";
import { forward, normalizedRow } from "../training/plain-reference.js";

const ftl = findMethod("ftl");
const DYNAMICS = { sizes: [4, 24, 2], activation: "tanh" } as const;
const SHAPE = networkShape(ftl, DYNAMICS, 0);
const SETTINGS = tinySettings(["method=ftl", "mlp.ftlRidge=0.1"]);
const make = () => createLearner(ftl, SETTINGS, DYNAMICS, Rng.fromSeed(3));
const rng = Rng.fromSeed(1);

it("has one hidden layer and about as many numbers as the configured network", () => {
  const configured = { sizes: [16, 100, 100, 10], activation: "relu" } as const;
  const { sizes } = networkShape(ftl, configured, 0);
  expect(sizes).toHaveLength(3);
  const share = weightCount({ ...configured, sizes }) / weightCount(configured);
  expect(Math.abs(share - 1)).toBeLessThan(0.01);
  expect(networkShape(ftl, { ...configured, sizes: [16, 900, 900, 10] }, 0).sizes).toEqual([16, 1000, 10]);
});

it("solves the normal equations with the penalty", () => {
  const regression = new RidgeRegression(2, 1);
  regression.add(Float64Array.of(1, 1, 2, 1), Float64Array.of(3, 5));
  regression.add(Float64Array.of(3, 1), Float64Array.of(4));
  // G = [[14, 6], [6, 3]], B = [25, 12]; with λ = 1 the determinant is 15 · 4 - 36 = 24.
  const [slope, intercept] = regression.solve(1);
  expect(slope).toBeCloseTo((4 * 25 - 6 * 12) / 24, 10);
  expect(intercept).toBeCloseTo((15 * 12 - 6 * 25) / 24, 10);
});

it("predicts the same in the units of any normaliser", () => {
  const features = new RandomFeatures(SHAPE, Rng.fromSeed(2));
  const readout = Float64Array.from({ length: features.count * 2 }, () => rng.normal());
  const [first, second] = [pointData(linearSystem(0), 50, 5), pointData(linearSystem(1), 80, 6)];
  for (const { buffer, normalizer } of [first, second]) {
    const network = features.network(readout, first.normalizer, normalizer);
    for (const row of [0, 7, 20]) {
      const expected = forward(SHAPE.sizes, features.network(readout, first.normalizer, first.normalizer), [
        ...normalizedRow(buffer, first.normalizer, row).x,
      ]).map((value, k) => value * first.normalizer.targetStd[k]! + first.normalizer.targetMean[k]!);
      const found = forward(SHAPE.sizes, network, normalizedRow(buffer, normalizer, row).x).map(
        (value, k) => value * normalizer.targetStd[k]! + normalizer.targetMean[k]!,
      );
      expect(relativeError(found, expected)).toBeLessThan(1e-4);
    }
  }
});

/** Transitions of two systems, one after the other, in one buffer with the normaliser of the first. */
function bothInOne() {
  const parts = [pointData(linearSystem(0), 120, 5), pointData(linearSystem(1), 120, 6)];
  const buffer = new ReplayBuffer(pointTask.spec, 240);
  parts.forEach(({ buffer: part }, j) => {
    buffer.inputs.set(part.inputs.subarray(0, 120 * 4), j * 120 * 4);
    buffer.targets.set(part.targets.subarray(0, 120 * 2), j * 120 * 2);
  });
  buffer.restore(buffer.inputs.slice(), buffer.targets.slice(), 240);
  return { parts, buffer, normalizer: parts[0]!.normalizer };
}

it("is after several tasks and sessions what all transitions at once would give", async () => {
  const { parts, buffer, normalizer } = bothInOne();
  const [inTurn, atOnce] = [make(), make()];
  for (const [j, { buffer: part }] of parts.entries()) {
    await inTurn.beginTask(j);
    const growing = new ReplayBuffer(pointTask.spec, 120);
    for (const added of [50, 90]) {
      growing.restore(part.inputs, part.targets, added);
      await inTurn.train(growing, normalizer, 1, rng);
    }
    await inTurn.endTask(part, normalizer, rng);
  }
  await atOnce.beginTask(0);
  await atOnce.train(buffer, normalizer, 1, rng);
  const [found, expected] = [await inTurn.weights(0), await atOnce.weights(0)];
  expect(relativeError([...found], [...expected])).toBeLessThan(1e-3);
  expect([...(await inTurn.weights(1))]).toEqual([...found]);
});

it("counts every transition once, and what was overwritten before it was seen not at all", async () => {
  const { buffer, normalizer } = pointData(linearSystem(0), 200, 5);
  const learner = make();
  await learner.beginTask(0);
  await learner.train(buffer, normalizer, 1, rng);
  const once = bits((await learner.weights(0)).slice());
  await learner.train(buffer, normalizer, 1, rng);
  expect(bits(await learner.weights(0)).equals(once)).toBe(true);
  const count = async () => (await learner.state()).arrays.gram!.data.at(-1);
  expect(await count()).toBe(200);
  // 300 more came, of which the ring holds the last 200.
  buffer.restore(buffer.inputs.slice(), buffer.targets.slice(), 500);
  await learner.train(buffer, normalizer, 1, rng);
  expect(await count()).toBe(400);
});

it("keeps what it learned of a system when the same comes again as another task, in other units", async () => {
  const { buffer, normalizer } = pointData(linearSystem(0), 200, 5);
  const learner = make();
  await learner.beginTask(0);
  const { taskLoss } = await learner.train(buffer, normalizer, 1, rng);
  const moments = new Normalizer(4, 2, true);
  const again = pointData(linearSystem(0), 200, 9);
  for (let row = 0; row < 200; row++) {
    moments.add(
      again.buffer.inputs.subarray(4 * row, 4 * row + 4),
      again.buffer.targets.subarray(2 * row, 2 * row + 2),
    );
  }
  await learner.beginTask(1);
  await learner.train(again.buffer, moments.arrays(), 1, rng);
  const loss = async (task: number) => {
    const weights = await learner.weights(task);
    const errors = Array.from({ length: 200 }, (_, row) => {
      const { x, y } = normalizedRow(buffer, task === 0 ? normalizer : moments.arrays(), row);
      return forward(SHAPE.sizes, weights, x).reduce((sum, value, k) => sum + (value - y[k]!) ** 2 / 2, 0);
    });
    return errors.reduce((a, b) => a + b) / 200;
  };
  expect(taskLoss).toBeLessThan(0.01);
  expect(await loss(0)).toBeLessThan(1.5 * taskLoss + 1e-4);
});

it.each([
  ["dynamics.outputVariance=true", /outputVariance/],
  ["dynamics.outlierLimit=5", /outlierLimit/],
])("refuses %s", (assignment, message) => {
  const check = () => ftl.checkSettings?.(tinySettings(["method=ftl", assignment]));
  expect(check).toThrow(UsageError);
  expect(check).toThrow(message);
});
