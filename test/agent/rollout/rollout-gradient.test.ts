import { afterEach, describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { StateSpec } from "../../../agent/model/model-state.js";
import { type Activation, weightCount } from "../../../agent/model/network.js";
import type { NormalizerArrays } from "../../../agent/model/normalizer.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import { Rng } from "../../../sim/core/rng.js";
import type { Task } from "../../../sim/task.js";
import { pushSuite } from "../../../tasks/push/push.js";
import { differences } from "../../planners/problems.js";
import { angleTask, bits, normals, pointTask, relativeError, withMoving } from "../fixtures.js";

const HORIZON = 5;

const opened: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of opened.splice(0)) await resource.release();
});

/** A random network, normaliser and observation for a task. */
function problem(task: Task, activation: Activation, hidden: readonly number[], seed: number, history = 0) {
  const rng = Rng.fromSeed(seed);
  const shape = dynamicsShape(task.spec, hidden, activation, false, history);
  const I = shape.sizes[0]!;
  const X = task.spec.observation.length;
  const normalizer: NormalizerArrays = {
    inputMean: normals(rng, I, 0.3),
    inputScale: new Float32Array(I).fill(0.8),
    targetMean: normals(rng, X, 0.05),
    targetStd: new Float32Array(X).fill(0.2),
  };
  return {
    rng,
    task,
    shape,
    normalizer,
    weights: normals(rng, weightCount(shape), 0.4),
    history,
    x: normals(rng, new StateSpec(task.spec, history).size, 0.5),
  };
}

type Problem = ReturnType<typeof problem>;

async function load({ task, shape, weights, normalizer, history }: Problem): Promise<RolloutModel> {
  const model = await RolloutModel.create(task, shape, HORIZON, { history });
  opened.push(model);
  await model.load(weights, normalizer);
  return model;
}

describe.each([
  { name: "point, elu", make: () => problem(pointTask, "elu", [7, 5], 1) },
  { name: "angle, tanh", make: () => problem(angleTask, "tanh", [8], 2) },
  { name: "push, tanh", make: () => problem(pushSuite.tasks[0]!, "tanh", [12, 12], 3) },
  {
    name: "changes of two steps, elu",
    make: () => problem(withMoving(angleTask, "position", "velocity"), "elu", [8], 4, 2),
  },
])("$name", ({ make }) => {
  it("has the derivatives of its costs, and the costs of the graph without them, for any N", async () => {
    const p = make();
    const U = p.task.spec.action.length;
    const model = await load(p);
    for (const samples of [3, 1, 20]) {
      const actions = normals(p.rng, HORIZON * samples * U, 0.5);
      const { costs, gradient } = await model.gradient(p.x, actions, samples);
      const wanted = await differences((a, n) => model.costs(p.x, a, n), U)(actions, samples);
      expect(costs).toHaveLength(samples);
      expect(relativeError(costs, wanted.costs)).toBeLessThan(1e-5);
      expect(relativeError(gradient, wanted.gradient)).toBeLessThan(2e-3);
    }
  });

  it("takes new weights, and repeats bit by bit in another session", async () => {
    const [p, q] = [make(), make()];
    const samples = 4;
    const actions = normals(p.rng, HORIZON * samples * p.task.spec.action.length, 0.5);
    const slope = async (model: RolloutModel) =>
      (await model.gradient(p.x, actions, samples)).gradient.slice();
    const [model, other] = [await load(p), await load(p)];
    const first = await slope(model);
    await model.load(
      q.weights.map((w) => -w),
      q.normalizer,
    );
    expect(relativeError(await slope(model), first)).toBeGreaterThan(0.005);
    await model.load(p.weights, p.normalizer);
    expect(bits(await slope(model)).equals(bits(first))).toBe(true);
    expect(bits(await slope(other)).equals(bits(first))).toBe(true);
  });
});
