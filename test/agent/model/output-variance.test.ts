import { afterEach, describe, expect, it } from "vitest";
import { ONE_THREAD } from "../../../agent/compute.js";
import { gradients } from "../../../agent/graph/gradients.js";
import { Graph } from "../../../agent/graph/graph.js";
import * as ops from "../../../agent/graph/operations.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { PlainLearner } from "../../../agent/methods/plain-learner.js";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { meanShape, networkFromFlat, weightCount } from "../../../agent/model/network.js";
import { clampLogVariance, gaussianLoss } from "../../../agent/model/output-variance.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { bits, linearSystem, normals, pointData, pointTask, relativeError } from "../fixtures.js";
import {
  adam,
  boundsPenalty,
  clip,
  differentiate,
  negativeLogLikelihood,
  norm,
  predictionLoss,
} from "../training/reference.js";

const [B, X] = [5, 3];

/** The graph's loss and its gradients for outputs `[B, 2X]` and bounds `[1, 2X]`. */
async function lossAndGradients(output: Float32Array, y: Float32Array, bounds: Float32Array) {
  const g = new Graph();
  const o = g.input("output", [B, 2 * X]);
  const b = g.input("bounds", [1, 2 * X]);
  const loss = gaussianLoss(o, g.input("y", [B, X]), b);
  const [dOutput, dBounds] = take(2, gradients(loss, [o, b]));
  for (const [name, t] of Object.entries({ loss, dOutput, dBounds })) g.output(name, t);
  const session = await Session.create(g);
  const out = {
    loss: new Float32Array(1),
    dOutput: new Float32Array(B * 2 * X),
    dBounds: new Float32Array(2 * X),
  };
  await session.run(
    { output: tensor(output, [B, 2 * X]), y: tensor(y, [B, X]), bounds: tensor(bounds, [1, 2 * X]) },
    {
      loss: tensor(out.loss, []),
      dOutput: tensor(out.dOutput, [B, 2 * X]),
      dBounds: tensor(out.dBounds, [1, 2 * X]),
    },
  );
  await session.release();
  return out;
}

describe("the loss of two heads", () => {
  it.each([
    { name: "log-variances well inside the bounds", shift: 0, scale: 1 },
    { name: "near and above the upper bound", shift: 1.5, scale: 2 },
    { name: "near and below the lower bound", shift: -11, scale: 2 },
  ])("has the reference's value and gradients: $name", async ({ shift, scale }) => {
    const rng = Rng.fromSeed(4);
    const output = normals(rng, B * 2 * X).map((v, i) => (i % (2 * X) < X ? v : shift + scale * v));
    // Errors of the size that the variance says, else e^{-v} leaves no digits to compare.
    const y = Float32Array.from({ length: B * X }, (_, i) => {
      const row = Math.floor(i / X) * 2 * X;
      const v = Math.max(-10, Math.min(0.5, output[row + X + (i % X)]!));
      return output[row + (i % X)]! + Math.exp(v / 2) * rng.normal();
    });
    const bounds = normals(rng, 2 * X, 0.3);
    const wanted = (o: ArrayLike<number>, b: ArrayLike<number>) => {
      let sum = boundsPenalty(b);
      for (let r = 0; r < B; r++) {
        const row = Array.from(o).slice(r * 2 * X, (r + 1) * 2 * X);
        sum += negativeLogLikelihood(row, [...y.subarray(r * X, (r + 1) * X)], b);
      }
      return sum;
    };
    const o64 = Float64Array.from(output);
    const b64 = Float64Array.from(bounds);
    const { loss, dOutput, dBounds } = await lossAndGradients(output, y, bounds);
    expect(Math.abs(loss[0]! - wanted(o64, b64)) / (1 + Math.abs(wanted(o64, b64)))).toBeLessThan(1e-4);
    expect(
      relativeError(
        dOutput,
        differentiate((o) => wanted(o, b64), o64, 1e-6),
      ),
    ).toBeLessThan(1e-3);
    expect(
      relativeError(
        dBounds,
        differentiate((b) => wanted(o64, b), b64, 1e-6),
      ),
    ).toBeLessThan(1e-3);
  });

  it("clamps softly: between the bounds whatever is predicted, unchanged far from both", async () => {
    const g = new Graph();
    const raw = [-200, -30, -5, 0.5, 40, 200];
    const v = clampLogVariance(g.input("v", [6]), g.constant(0.5), g.constant(-10));
    g.output("clamped", v);
    const session = await Session.create(g);
    const clamped = new Float32Array(6);
    await session.run({ v: tensor(Float32Array.from(raw), [6]) }, { clamped: tensor(clamped, [6]) });
    await session.release();
    expect(clamped[0]).toBeCloseTo(-10, 4);
    expect(clamped[1]).toBeCloseTo(-10, 4);
    expect(clamped[2]).toBeCloseTo(-5, 1);
    expect(clamped[3]).toBeCloseTo(0.5 - Math.log(2), 3);
    expect(clamped[4]).toBeCloseTo(0.5, 3);
    expect(clamped[5]).toBeCloseTo(0.5, 3);
  });
});

describe("plain networks with two heads", () => {
  const made: PlainLearner[] = [];
  afterEach(async () => {
    for (const learner of made.splice(0)) await learner.release();
  });
  const make = (hidden: readonly number[], batchSize: number, sharing: "single" | "finetune") => {
    const dynamics = dynamicsShape(pointTask.spec, hidden, "tanh", true);
    const common = {
      batchSize,
      clipNorm: 5,
      rng: Rng.fromSeed(8),
      compute: ONE_THREAD,
      stepSizes: { learningRate: 1e-2 },
    };
    const learner = new PlainLearner({ dynamics, ...common, sharing });
    made.push(learner);
    return { learner, dynamics };
  };

  it("take the reference's step, bounds included", async () => {
    const { learner } = make([5], 8, "single");
    const { buffer, normalizer } = pointData(linearSystem(0), 30, 50);
    await learner.beginTask(0);
    await learner.train(buffer, normalizer, 3, Rng.fromSeed(1));
    const names = ["layer.0.weight", "layer.0.bias", "layer.1.weight", "layer.1.bias", "bounds"];
    const read = (suffix: string) => {
      const { arrays } = learner.state();
      return Float64Array.from(names.flatMap((name) => [...arrays[`network.${name}${suffix}`]!.data]));
    };
    const before = { value: read(""), m: read(".m"), v: read(".v") };
    await learner.train(buffer, normalizer, 1, Rng.fromSeed(77));
    const draws = Rng.fromSeed(77);
    const rows = Array.from({ length: 8 }, () => draws.integer(buffer.size));
    const shape = { embedding: 0, hidden: 0, dynamics: [4, 5, 4], outputVariance: true } as const;
    const gradient = differentiate((w) => predictionLoss(shape, w, buffer, normalizer, rows), before.value);
    const wanted = adam(before, clip(gradient, 5), 1e-2, 4);
    expect(norm(gradient.subarray(-4))).toBeGreaterThan(1e-3);
    expect(relativeError(read(".m"), wanted.m)).toBeLessThan(1e-4);
    expect(relativeError(read(".v"), wanted.v)).toBeLessThan(1e-4);
    const moved = (x: Float64Array) => x.map((w, i) => w - before.value[i]!);
    expect(relativeError(moved(read("")), moved(wanted.value))).toBeLessThan(1e-3);
  });

  it("find the noise of each target", async () => {
    const { learner, dynamics } = make([8], 64, "single");
    const rng = Rng.fromSeed(3);
    const spread = [0.5, 0.02];
    const data = pointData((state) => state.map((x, i) => x + spread[i]! * rng.normal()), 2000, 6, false);
    await learner.beginTask(0);
    for (let k = 0; k < 3; k++) await learner.train(data.buffer, data.normalizer, 1000, Rng.fromSeed(k));
    const g = new Graph();
    const { layers, bounds } = networkFromFlat(
      g.constant(await learner.weights(0), [1, weightCount(dynamics)]),
      dynamics,
    );
    const output = ops.gemm(ops.tanh(layers[0]!.bias), layers[1]!.weight, layers[1]!.bias);
    const [, raw] = take(2, ops.split(output, [2, 2]));
    const [upper, lower] = take(2, ops.split(bounds!, [2, 2]));
    const v = clampLogVariance(raw, ops.add(upper, 0.5), ops.sub(lower, 10));
    g.output("std", ops.exp(ops.mul(v, 0.5)));
    const session = await Session.create(g);
    const std = new Float32Array(2);
    await session.run({}, { std: tensor(std, [1, 2]) });
    await session.release();
    spread.forEach((wanted, k) => {
      expect(std[k]! / wanted).toBeGreaterThan(0.8);
      expect(std[k]! / wanted).toBeLessThan(1.25);
    });
  });

  it("keep the bounds with the output layer of each task when they share a body", async () => {
    const { learner, dynamics } = make([5], 8, "finetune");
    const { buffer, normalizer } = pointData(linearSystem(0), 30, 50);
    await learner.beginTask(0);
    await learner.train(buffer, normalizer, 20, Rng.fromSeed(1));
    const own = (w: Float32Array) => w.slice(-(6 * 4 + 4));
    const before = own(await learner.weights(0));
    expect(before.slice(-4).every((x) => x !== 0)).toBe(true);
    await learner.beginTask(1);
    expect([...(await learner.weights(1)).slice(-4)]).toEqual([0, 0, 0, 0]);
    await learner.train(buffer, normalizer, 20, Rng.fromSeed(2));
    const after = await learner.weights(0);
    expect(after).toHaveLength(weightCount(dynamics));
    expect(bits(own(after)).equals(bits(before))).toBe(true);
  });
});

describe("planning", () => {
  it("costs what the mean alone costs, bit by bit, whatever variance and bounds are", async () => {
    const shape = dynamicsShape(pointTask.spec, [6], "relu", true);
    const rng = Rng.fromSeed(12);
    const weights = normals(rng, weightCount(shape), 0.4);
    const { normalizer } = pointData(linearSystem(0), 30, 1);
    const first = 5 * 6;
    const kept = [...weights.subarray(0, first)];
    for (let i = 0; i < 6; i++) kept.push(...weights.subarray(first + 4 * i, first + 4 * i + 2));
    kept.push(...weights.subarray(first + 24, first + 26));
    const both = [
      [shape, weights],
      [meanShape(shape), Float32Array.from(kept)],
    ] as const;
    const actions = normals(rng, 4 * 20 * 2);
    const costs = [];
    for (const [which, values] of both) {
      expect(values).toHaveLength(weightCount(which));
      const model = await RolloutModel.create(pointTask, which, 4);
      await model.load(values, normalizer);
      costs.push(bits((await model.costs(Float32Array.of(0.3, -0.2), actions, 20)).slice()));
      await model.release();
    }
    expect(costs[0]!.equals(costs[1]!)).toBe(true);
  });
});
