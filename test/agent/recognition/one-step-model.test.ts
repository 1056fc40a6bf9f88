import { describe, expect, it } from "vitest";
import { Agent } from "../../../agent/agent.js";
import { Graph } from "../../../agent/graph/graph.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { encodeInput, featureCount } from "../../../agent/model/features.js";
import type { MlpShape } from "../../../agent/model/network.js";
import { clampLogVariance } from "../../../agent/model/output-variance.js";
import { OneStepModel } from "../../../agent/recognition/one-step-model.js";
import { Rng } from "../../../sim/core/rng.js";
import {
  angleTask,
  linearSystem,
  METHOD_NAMES,
  normals,
  partsFor,
  pointTask,
  predictedChange,
  randomDynamics,
  tinySettings,
} from "../fixtures.js";

const X = 3;
const [x, u] = [Float32Array.of(0.3, -1.2, 0.8), Float32Array.of(0.4)];

function input() {
  const out = new Float32Array(featureCount(angleTask.spec) + 1);
  encodeInput(angleTask.spec, x, u, out);
  return out;
}

/** Largest difference of two lists. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)));

describe("OneStepModel", () => {
  it.each(["relu", "elu", "tanh"] as const)("predicts the change that the network does, %s", (activation) => {
    const shape = dynamicsShape(angleTask.spec, [7, 5], activation);
    const dynamics = randomDynamics(shape, X, Rng.fromSeed(1));
    const { change, std } = new OneStepModel(dynamics).predict(input());
    // The input is rounded to float32.
    expect(apart(change, predictedChange(angleTask, dynamics, [...x], [...u]))).toBeLessThan(1e-7);
    expect([...std]).toEqual([...dynamics.normalizer.targetStd]);
  });

  it("predicts the variance between its learned bounds, in the unit of the targets", async () => {
    const shape = dynamicsShape(angleTask.spec, [7], "elu", true);
    const rng = Rng.fromSeed(2);
    const { weights, normalizer } = randomDynamics(shape, X, rng);
    const { change, std } = new OneStepModel({ shape, weights, normalizer }).predict(input());
    // The same network, both heads taken for means, without a normaliser of targets.
    const flat: MlpShape = { sizes: shape.sizes, activation: "elu" };
    const [zeros, ones] = [new Float32Array(2 * X), new Float32Array(2 * X).fill(1)];
    const raw = new OneStepModel({
      shape: flat,
      weights,
      normalizer: { ...normalizer, targetMean: zeros, targetStd: ones },
    }).predict(input()).change;
    const bounds = weights.subarray(weights.length - 2 * X);
    const g = new Graph();
    const columns = (name: string) => g.input(name, [1, X]);
    g.output("v", clampLogVariance(columns("raw"), columns("upper"), columns("lower")));
    const session = await Session.create(g);
    const v = new Float32Array(X);
    await session.run(
      {
        raw: tensor(Float32Array.from(raw.subarray(X)), [1, X]),
        upper: tensor(
          bounds.subarray(0, X).map((b) => b + 0.5),
          [1, X],
        ),
        lower: tensor(
          bounds.subarray(X).map((b) => b - 10),
          [1, X],
        ),
      },
      { v: tensor(v, [1, X]) },
    );
    await session.release();
    const { targetStd, targetMean } = normalizer;
    const wanted = Array.from(v, (log, i) => Math.exp(log / 2) * targetStd[i]!);
    expect(apart(std, wanted)).toBeLessThan(1e-5);
    const mean = Array.from(targetStd, (s, i) => raw[i]! * s + targetMean[i]!);
    expect(apart(change, mean)).toBeLessThan(1e-12);
  });

  it("gives no number where the weights are none", () => {
    const shape = dynamicsShape(angleTask.spec, [4], "tanh");
    const dynamics = randomDynamics(shape, X, Rng.fromSeed(3));
    dynamics.weights.set(normals(Rng.fromSeed(4), 4), 0);
    dynamics.weights[0] = Number.NaN;
    expect([...new OneStepModel(dynamics).predict(input()).change].every(Number.isNaN)).toBe(true);
  });
});

describe.each(METHOD_NAMES)("the models of %s", (method) => {
  // ftl has squared errors alone.
  it.each(method === "ftl" ? [false] : [false, true])(
    "are those that are planned with, of every task, outputVariance=%s",
    async (variance) => {
      const settings = tinySettings([`method=${method}`, `dynamics.outputVariance=${variance}`]);
      const tasks = [pointTask, { ...pointTask, name: "point-2" }];
      const agent = new Agent(tasks, settings, partsFor(settings), Rng.fromSeed(3));
      const rng = Rng.fromSeed(4);
      for (const j of [0, 1]) {
        await agent.beginVisit(j);
        for (let t = 0; t < 40; t++) {
          const [before, action] = [normals(rng, 2), normals(rng, 2)];
          agent.remember(before, action, linearSystem(j)(before, action));
        }
        await agent.adopt(agent.startTraining());
        await agent.endVisit();
      }
      const [before, action] = [normals(rng, 2), normals(rng, 2)];
      const encoded = new Float32Array(4);
      encodeInput(pointTask.spec, before, action, encoded);
      for (const [j, { dynamics, residualScale }] of (await agent.knownTasks([0, 1])).entries()) {
        expect(residualScale.every((scale) => scale > 0 && Number.isFinite(scale))).toBe(true);
        const policy = await agent.policyFor(j, Rng.fromSeed(5));
        const planned = (await policy.rollOut(before, action)).map((v, i) => v - before[i]!);
        await policy.release();
        expect(apart(new OneStepModel(dynamics).predict(encoded).change, planned)).toBeLessThan(1e-5);
      }
      await agent.release();
    },
  );
});
