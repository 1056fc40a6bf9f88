import { describe, expect, it } from "vitest";
import { Graph } from "../../../agent/graph/graph.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { weightCount } from "../../../agent/model/network.js";
import { ReplayBuffer } from "../../../agent/model/replay-buffer.js";
import { applyChange, encodeChange, quaternionStarts } from "../../../agent/model/state-change.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import { UsageError } from "../../../sim/core/errors.js";
import { canonical } from "../../../sim/core/math/rotation.js";
import { axisAngle, multiply, normalize, type Quat } from "../../../sim/core/math/vector.js";
import type { Ops } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import type { ObservationChannel, Task, Transition } from "../../../sim/task.js";
import { take } from "../../take.js";

const plain = (name: string): ObservationChannel => ({ name, unit: "m" });
const quaternion = (name: string): ObservationChannel[] =>
  ["X", "Y", "Z", "W"].map((axis) => ({ name: name + axis, unit: "1", quaternion: true }));

/** Two quaternions, one at the end, between plain channels. */
const task: Task = {
  name: "turn",
  spec: {
    observation: [plain("a"), ...quaternion("p"), plain("b"), plain("c"), ...quaternion("q")],
    action: [{ name: "u", unit: "1", low: -1, high: 1 }],
    episodeSteps: 10,
    controlPeriod: 0.1,
  },
  createScene: () => {
    throw new Error("A fake task has no scene.");
  },
  reward<T>(ops: Ops<T>, { nextObservation }: Transition<T>): T {
    return ops.sum(ops.mul(nextObservation, ops.constant([1, 0, 0, 0, 0, 0, 0, 3, 5, 7, 11])));
  },
  succeeded: () => false,
};
const STARTS = [1, 7];
const X = 11;

const rng = Rng.fromSeed(4);
const number = () => 2 * rng.uniform() - 1;
const rotation = (): Quat => canonical(normalize([number(), number(), number(), number()]));
const state = () => Float32Array.of(number(), ...rotation(), number(), number(), ...rotation());

const change = (before: Float32Array, after: Float32Array): Float32Array => {
  const out = new Float32Array(X);
  encodeChange({ quaternions: STARTS, absolute: [] }, before, after, out);
  return out;
};

/** Columns `[X, N]` of rows. */
const columns = (rows: readonly Float32Array[]) =>
  Float32Array.from(
    { length: X * rows.length },
    (_, i) => rows[i % rows.length]![Math.floor(i / rows.length)]!,
  );

describe("a change of state", () => {
  it("is zero for no change, and the difference for plain channels", () => {
    const [before, after] = [state(), state()];
    expect(change(before, before).every((v) => Math.abs(v) < 1e-6)).toBe(true);
    for (const i of [0, 5, 6]) expect(change(before, after)[i]).toBe(Math.fround(after[i]! - before[i]!));
  });

  it("is the rotation made, whatever the orientation it starts from", () => {
    const turn = axisAngle([0.6, 0, 0.8], 0.4);
    for (let k = 0; k < 20; k++) {
      const before = state();
      const after = before.slice();
      after.set(canonical(multiply(turn, [before[7]!, before[8]!, before[9]!, before[10]!])), 7);
      const [x, y, z, w] = take(4, change(before, after).slice(7));
      [x - turn[0], y - turn[1], z - turn[2], w + 1 - turn[3]].forEach((error) => {
        expect(Math.abs(error)).toBeLessThan(1e-6);
      });
    }
  });

  it("applied in a graph gives the state it was made from, up to the quaternion's sign", async () => {
    const before = Array.from({ length: 50 }, state);
    const after = Array.from({ length: 50 }, state);
    const g = new Graph();
    const shape = [X, "N"] as const;
    g.output(
      "next",
      applyChange({ quaternions: STARTS, absolute: [] }, g.input("x", shape), g.input("change", shape)),
    );
    const session = await Session.create(g);
    const next = new Float32Array(X * 50);
    const changes = columns(before.map((x, k) => change(x, after[k]!)));
    await session.run(
      { x: tensor(columns(before), [X, 50]), change: tensor(changes, [X, 50]) },
      { next: tensor(next, [X, 50]) },
    );
    await session.release();
    after.forEach((wanted, k) => {
      const got = wanted.map((_, i) => next[i * 50 + k]!);
      for (const start of STARTS) {
        const q = got.slice(start, start + 4);
        expect(Math.hypot(...q)).toBeCloseTo(1, 5);
        if (q.reduce((s, v, i) => s + v * wanted[start + i]!, 0) < 0)
          got.set(
            q.map((v) => -v),
            start,
          );
      }
      got.forEach((v, i) => {
        expect(Math.abs(v - wanted[i]!)).toBeLessThan(1e-5);
      });
    });
  });
});

it("a rollout composes equal rotations to a larger one of unit length", async () => {
  const horizon = 4;
  const shape = dynamicsShape(task.spec, [3], "tanh");
  const model = await RolloutModel.create(task, shape, horizon);
  // Without weights the network predicts the targets' mean: the same rotation at every step, scaled by mistake.
  const turn = axisAngle([0, 1, 0], 0.3);
  const predicted = Float32Array.of(
    0.5,
    0,
    0,
    0,
    0,
    0,
    0,
    ...turn.map((v, i) => 1.1 * v - (i === 3 ? 1 : 0)),
  );
  const start = state();
  const inputs = shape.sizes[0]!;
  await model.load(new Float32Array(weightCount(shape)), {
    inputMean: new Float32Array(inputs),
    inputScale: new Float32Array(inputs).fill(1),
    targetMean: predicted,
    targetStd: new Float32Array(X).fill(1),
  });
  const [cost] = take(1, await model.costs(start, new Float32Array(horizon * 2), 2));
  await model.release();
  let wanted = 0;
  for (let h = 1; h <= horizon; h++) {
    const q = multiply(axisAngle([0, 1, 0], 0.3 * h), [start[7]!, start[8]!, start[9]!, start[10]!]);
    wanted -= start[0]! + 0.5 * h + 3 * q[0] + 5 * q[1] + 7 * q[2] + 11 * q[3];
  }
  expect(Math.abs(cost - wanted)).toBeLessThan(1e-4);
});

it("a replay buffer keeps changes as targets", () => {
  const buffer = new ReplayBuffer(task.spec, 2);
  const [before, after] = [state(), state()];
  const { input, target } = buffer.add(before, Float32Array.of(0.5), after);
  expect([...input]).toEqual([...before, 0.5]);
  expect([...target]).toEqual([...change(before, after)]);
});

describe("channels of a quaternion", () => {
  const spec = (observation: readonly ObservationChannel[]) => ({ ...task.spec, observation });

  it("are found, also next to each other", () => {
    expect(quaternionStarts(task.spec)).toEqual(STARTS);
    expect(quaternionStarts(spec([...quaternion("p"), ...quaternion("q")]))).toEqual([0, 4]);
    expect(quaternionStarts(spec([plain("a")]))).toEqual([]);
  });

  it("must come in fours", () => {
    const three = quaternion("p").slice(1);
    for (const channels of [three, [...three, plain("a")], [...quaternion("p"), ...three]]) {
      expect(() => quaternionStarts(spec(channels))).toThrow(UsageError);
    }
  });
});
