import { describe, expect, it } from "vitest";
import { ModelErrorMeter, type Predictor, type Trajectory } from "../../../agent/evaluation/model-error.js";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { StateSpec } from "../../../agent/model/model-state.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import type { ObservationChannel, TaskSpec } from "../../../sim/task.js";
import { pointTask, withMoving } from "../fixtures.js";

function specOf(...observation: readonly ObservationChannel[]): TaskSpec {
  const action = [{ name: "push", unit: "N", low: -1, high: 1 }];
  return { observation, action, episodeSteps: 1000, controlPeriod: 0.1 };
}

/** A model `x' = f(x, u)` of one state after another. */
function modelOf(S: number, next: (x: readonly number[], u: number) => readonly number[]): Predictor {
  return {
    rollOut: async (states, actions) => {
      const N = states.length / S;
      const H = actions.length / N;
      const out = new Float32Array(H * S * N);
      for (let n = 0; n < N; n++) {
        let x: readonly number[] = Array.from({ length: S }, (_, i) => states[i * N + n]!);
        for (let h = 0; h < H; h++) {
          x = next(x, actions[h * N + n]!);
          for (const [i, value] of x.entries()) out[(h * S + i) * N + n] = value;
        }
      }
      return out;
    },
  };
}

/** An episode of T steps; its action in step t is t mod 3. */
function episode(T: number, observe: (t: number) => readonly number[]): Trajectory {
  return {
    states: Array.from({ length: T + 1 }, (_, t) => Float32Array.from(observe(t))),
    actions: Array.from({ length: T }, (_, t) => Float32Array.of(t % 3)),
  };
}

async function measure(spec: TaskSpec, model: Predictor, ...episodes: readonly Trajectory[]) {
  const meter = new ModelErrorMeter(spec);
  for (const one of episodes) await meter.add(model, one);
  return meter.result();
}

const x = { name: "x", unit: "m" };

describe("the error of a model", () => {
  it("grows with the horizon as the model drifts, beside that of predicting no change", async () => {
    // The cart moves by 0.5 in every step; the model is told the actions and adds 0.125 too much.
    const cart = episode(40, (t) => [0.5 * t]);
    const error = await measure(
      specOf(x),
      modelOf(1, ([at]) => [at! + 0.625]),
      cart,
    );
    expect(error.horizons).toEqual([1, 5, 10, 20]);
    // 21 moments have 20 steps after them.
    expect(error.starts).toEqual([21, 21, 21, 21]);
    expect(error.leftOut).toEqual([0, 0, 0, 0]);
    expect(error.errors).toEqual([
      { unit: "m", model: [0.125, 0.625, 1.25, 2.5], unchanged: [0.5, 2.5, 5, 10] },
    ]);
  });

  it("is nothing when the model is right, which it can only be with the actions that were made", async () => {
    const places = [0];
    for (let t = 0; t < 60; t++) places.push(places[t]! + (t % 3) * 0.25);
    const pushed = episode(60, (t) => [places[t]!]);
    const right = await measure(
      specOf(x),
      modelOf(1, ([p], u) => [p! + 0.25 * u]),
      pushed,
    );
    expect(right.errors[0]!.model).toEqual([0, 0, 0, 0]);
    const wrong = await measure(
      specOf(x),
      modelOf(1, ([p]) => [p!]),
      pushed,
    );
    expect(wrong.errors[0]!.model).toEqual(wrong.errors[0]!.unchanged);
    expect(wrong.errors[0]!.model[3]).toBeGreaterThan(4);
  });

  it("is the root mean square over the channels of a unit, over all episodes", async () => {
    const spec = specOf(x, { name: "speed", unit: "m/s" }, { name: "y", unit: "m" });
    const still = episode(1, () => [0, 0, 0]);
    const model = modelOf(3, () => [3, 7, 4]);
    const near = modelOf(3, () => [0, 1, 0]);
    const meter = new ModelErrorMeter(spec);
    await meter.add(model, still);
    await meter.add(near, still);
    const { errors, starts } = meter.result();
    expect(starts).toEqual([2, 0, 0, 0]);
    expect(errors.map(({ unit, model: [one] }) => [unit, one])).toEqual([
      ["m", Math.sqrt((9 + 16) / 4)],
      ["m/s", Math.sqrt((49 + 1) / 2)],
    ]);
  });

  it("of an angle is the short way round", async () => {
    const spec = specOf({ name: "turn", unit: "rad", angle: true });
    const { errors } = await measure(
      spec,
      modelOf(1, () => [3]),
      episode(1, (t) => [t === 0 ? 0.5 : -3]),
    );
    expect(errors[0]!.unit).toBe("rad");
    expect(errors[0]!.model[0]).toBeCloseTo(2 * Math.PI - 6, 6);
    expect(errors[0]!.unchanged[0]).toBeCloseTo(2 * Math.PI - 3.5, 6);
  });

  it("of a quaternion is the angle of the rotation between, in rad, whichever of its two signs it has", async () => {
    const turn = ["X", "Y", "Z", "W"].map((axis) => ({ name: axis, unit: "1", quaternion: true }));
    const about = (angle: number) => [0, Math.sin(angle / 2), 0, Math.cos(angle / 2)];
    const came = episode(1, (t) => about(t * 0.75));
    const model = modelOf(4, () => about(0.5).map((q) => -q));
    const { errors } = await measure(specOf(...turn), model, came);
    expect(errors.map(({ unit }) => unit)).toEqual(["rad"]);
    expect(errors[0]!.model[0]).toBeCloseTo(0.25, 6);
    expect(errors[0]!.unchanged[0]).toBeCloseTo(0.75, 6);
  });

  it("of a short episode has the horizons that fit, each from every moment that the longest of them fits", async () => {
    const { starts, errors } = await measure(
      specOf(x),
      modelOf(1, ([p]) => [p!]),
      episode(7, (t) => [t]),
    );
    expect(starts).toEqual([3, 3, 0, 0]);
    expect(errors[0]!.model).toEqual([1, 5, Number.NaN, Number.NaN]);
  });

  it("of a long episode comes from 32 moments, evenly spaced", async () => {
    const asked: number[] = [];
    const model = modelOf(1, ([p]) => {
      if (p! >= 0) asked.push(p!);
      return [-1];
    });
    const { starts } = await measure(
      specOf(x),
      model,
      episode(339, (t) => [t]),
    );
    expect(starts).toEqual([32, 32, 32, 32]);
    expect(asked).toEqual(Array.from({ length: 32 }, (_, k) => 10 * k));
  });

  it("leaves out what is not finite and says how much, and takes what is huge as it is", async () => {
    const model = modelOf(1, ([p]) => [p! < 3 ? p! : Number.POSITIVE_INFINITY]);
    const { starts, leftOut, errors } = await measure(
      specOf(x),
      model,
      episode(5, (t) => [t]),
      episode(5, () => [9]),
    );
    expect([starts, leftOut]).toEqual([
      [2, 2, 0, 0],
      [1, 1, 0, 0],
    ]);
    expect(errors[0]!.model.slice(0, 2)).toEqual([1, 5]);
    const all = await measure(
      specOf(x),
      modelOf(1, () => [Number.NaN]),
      episode(30, (t) => [t]),
    );
    expect([all.leftOut, all.errors[0]!.model]).toEqual([all.starts, new Array(4).fill(Number.NaN)]);
    const glitch = await measure(
      specOf(x),
      modelOf(1, () => [1e38]),
      episode(20, () => [-1e38]),
    );
    expect(glitch.errors[0]!.model[0]).toBeCloseTo(2e38, -32);
  });
});

describe("the planner's model", () => {
  /** A network without hidden layers is linear: its change is W [x, u] + b. */
  async function linear(history: number, weights: readonly number[]) {
    const task = history === 0 ? pointTask : withMoving(pointTask, "y");
    const shape = dynamicsShape(task.spec, [], "relu", false, history);
    const model = await RolloutModel.create(task, shape, 3, { history });
    const inputs = shape.sizes[0]!;
    const ones = (n: number, value: number) => new Float32Array(n).fill(value);
    await model.load(Float32Array.from(weights), {
      ...{ inputMean: ones(inputs, 0), inputScale: ones(inputs, 1) },
      ...{ targetMean: ones(2, 0), targetStd: ones(2, 1) },
    });
    return { model, task };
  }

  it("predicts each moment with the actions that followed it", async () => {
    // Rows x, y, forceX, forceY, then the bias: x' = x + forceX / 2, y' = y + forceY / 4.
    const { model, task } = await linear(0, [0, 0, 0, 0, 0.5, 0, 0, 0.25, 0, 0]);
    const actions = Array.from({ length: 45 }, (_, t) => Float32Array.of(t % 2, (t % 5) - 2));
    const states = [Float32Array.of(1, 2)];
    for (const [t, u] of actions.entries())
      states.push(Float32Array.of(states[t]![0]! + u[0]! / 2, states[t]![1]! + u[1]! / 4));
    const right = await measure(task.spec, model, { states, actions });
    expect(Math.max(...right.errors[0]!.model)).toBeLessThan(1e-6);
    expect(right.errors[0]!.unchanged[3]).toBeGreaterThan(3);
    await model.release();
  });

  it("carries the changes of the last steps along where the model sees them", async () => {
    // One quantity, y - x / 2. Rows x, y, its last change, forceX, forceY, bias: y goes on as the quantity did.
    const { model, task } = await linear(1, [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    const spec = new StateSpec(task.spec, 1);
    const actions = Array.from({ length: 25 }, () => Float32Array.of(0, 0));
    const states = [spec.first(Float32Array.of(0, 0))];
    for (const t of actions.keys()) states.push(spec.next(states[t]!, Float32Array.of(0, 0.5 * (t + 1))));
    const { errors, starts } = await measure(task.spec, model, { states, actions });
    // From rest the model sees no change and predicts none: wrong by 0.5 h in y. From the other five moments it is right.
    expect(starts[3]).toBe(6);
    const wanted = [1, 5, 10, 20].map((h) => Math.sqrt((0.5 * h) ** 2 / 12));
    for (const [i, want] of wanted.entries()) expect(errors[0]!.model[i]).toBeCloseTo(want, 5);
    await model.release();
  });
});
