import { describe, expect, it } from "vitest";
import { dynamicsGraph } from "../../agent/dynamics-export.js";
import { Session, tensor } from "../../agent/graph/session.js";
import type { TaskDynamics } from "../../agent/model/dynamics.js";
import { dynamicsShape } from "../../agent/model/dynamics.js";
import { type MlpShape, weightCount } from "../../agent/model/network.js";
import type { Quat } from "../../sim/core/math/vector.js";
import { Rng } from "../../sim/core/rng.js";
import type { ObservationChannel, Task } from "../../sim/task.js";
import { take } from "../take.js";
import { absoluteTask, angleTask, normals, pointTask, predictedChange, randomDynamics } from "./fixtures.js";

const quaternionTask: Task = {
  ...pointTask,
  name: "quaternion",
  spec: {
    ...pointTask.spec,
    observation: [
      { name: "height", unit: "m", absolute: true },
      ...["x", "y", "z", "w"].map((name): ObservationChannel => ({ name, unit: "1", quaternion: true })),
      { name: "turn", unit: "rad", angle: true },
    ],
  },
};

const N = 7;
/** The product a b of quaternions (x, y, z, w). */
const times = ([ax, ay, az, aw]: Quat, [bx, by, bz, bw]: Quat): Quat => [
  aw * bx + ax * bw + ay * bz - az * by,
  aw * by - ax * bz + ay * bw + az * bx,
  aw * bz + ax * by - ay * bx + az * bw,
  aw * bw - ax * bx - ay * by - az * bz,
];

/** The next state by the definition of the model, in float64. */
function reference(task: Task, dynamics: TaskDynamics, x: number[], u: number[]) {
  const { spec } = task;
  const change = predictedChange(task, dynamics, x, u);
  const next = x.map((v, i) => (spec.observation[i]!.absolute ? 0 : v) + change[i]!);
  const q = spec.observation.findIndex((c) => c.quaternion);
  if (q < 0) return next;
  const [dx, dy, dz, dw] = take(4, change.slice(q, q + 4));
  const turned = times([dx, dy, dz, dw + 1], take(4, x.slice(q, q + 4)));
  return next.toSpliced(q, 4, ...turned.map((v) => v / Math.hypot(...turned)));
}

async function predict(session: Session, task: number, x: Float32Array, u: Float32Array) {
  const [X, U] = [x.length / N, u.length / N];
  const next = new Float32Array(N * X);
  const feeds = {
    x: tensor(x, [N, X]),
    u: tensor(u, [N, U]),
    task: tensor(BigInt64Array.of(BigInt(task)), []),
  };
  await session.run(feeds, { xNext: tensor(next, [N, X]) });
  return next;
}

/** Random states with unit quaternions, and actions. */
function inputs({ spec }: Task, rng: Rng) {
  const [X, U] = [spec.observation.length, spec.action.length];
  const [x, u] = [normals(rng, N * X), normals(rng, N * U)];
  const q = spec.observation.findIndex((c) => c.quaternion);
  for (let n = 0; q >= 0 && n < N; n++) {
    const four = x.subarray(n * X + q, n * X + q + 4);
    four.set(four.map((v, _, all) => v / Math.hypot(...all)));
  }
  return { x, u };
}

const KINDS: [Task, MlpShape["activation"], boolean][] = [
  [pointTask, "relu", false],
  [angleTask, "elu", false],
  [absoluteTask, "tanh", true],
  [quaternionTask, "relu", true],
];

describe.each(KINDS)(
  "the exported dynamics of task $name with %s, variance %s",
  (task, activation, variance) => {
    const X = task.spec.observation.length;
    const shape = dynamicsShape(task.spec, [9, 8], activation, variance);

    it("predicts each of three tasks as the model is defined, and refuses any other number", async () => {
      const rng = Rng.fromSeed(5);
      const dynamics = [0, 1, 2].map(() => randomDynamics(shape, X, rng));
      const session = await Session.create(await dynamicsGraph([task, task, task], dynamics));
      for (const [j, d] of dynamics.entries()) {
        const { x, u } = inputs(task, rng);
        const got = await predict(session, j, x, u);
        for (let n = 0; n < N; n++) {
          const row = (data: Float32Array) => [
            ...data.subarray((n * data.length) / N, ((n + 1) * data.length) / N),
          ];
          reference(task, d, row(x), row(u)).forEach((value, i) => {
            expect(Math.abs(got[n * X + i]! - value), `task ${j}, ${i}`).toBeLessThan(2e-5);
          });
        }
      }
      const { x, u } = inputs(task, rng);
      for (const none of [3, -1, -3, -4])
        await expect(predict(session, none, x, u)).rejects.toThrow(/out of data bounds/);
      await session.release();
    });
  },
);

it("has the offsets of tasks with inputs as large as a time", async () => {
  const shape = dynamicsShape(pointTask.spec, [9], "tanh");
  const rng = Rng.fromSeed(8);
  const dynamics = [0, 1].map(() => randomDynamics(shape, 2, rng));
  const [, late] = take(2, dynamics);
  late.normalizer.inputMean[0] = 1.7e9;
  late.normalizer.inputScale[0] = 1 / 128;
  const session = await Session.create(await dynamicsGraph([pointTask, pointTask], dynamics));
  const { x, u } = inputs(pointTask, rng);
  for (let n = 0; n < N; n++) x[2 * n] = 1.7e9 + 128 * n;
  const got = await predict(session, 1, x, u);
  for (let n = 0; n < N; n++) {
    const wanted = reference(
      pointTask,
      late,
      [...x.subarray(2 * n, 2 * n + 2)],
      [...u.subarray(2 * n, 2 * n + 2)],
    );
    expect(Math.abs(got[2 * n + 1]! - wanted[1]!)).toBeLessThan(2e-5);
  }
  await session.release();
});

it("keeps once what all tasks share", async () => {
  const shape = dynamicsShape(pointTask.spec, [50, 40], "relu");
  const rng = Rng.fromSeed(6);
  const a = randomDynamics(shape, 2, rng);
  const b = randomDynamics(shape, 2, rng);
  const body = weightCount(shape) - 41 * 2;
  // One body and one normaliser with an output layer per task.
  const sharing = { ...b, weights: b.weights.slice(), normalizer: a.normalizer };
  sharing.weights.set(a.weights.subarray(0, body));
  const numbers = async (dynamics: TaskDynamics[]) => {
    const { constants } = await dynamicsGraph([pointTask, pointTask], dynamics);
    return constants.reduce((n, { data }) => n + data.length, 0);
  };
  expect((await numbers([a, b])) - (await numbers([a, sharing]))).toBe(body);
});

it("one task alone refuses another number too", async () => {
  const shape = dynamicsShape(pointTask.spec, [6], "relu");
  const rng = Rng.fromSeed(7);
  const session = await Session.create(await dynamicsGraph([pointTask], [randomDynamics(shape, 2, rng)]));
  const { x, u } = inputs(pointTask, rng);
  expect((await predict(session, 0, x, u)).every(Number.isFinite)).toBe(true);
  for (const none of [1, -1])
    await expect(predict(session, none, x, u)).rejects.toThrow(/out of data bounds/);
  await session.release();
});

it("refuses tasks with other channels", async () => {
  const shape = dynamicsShape(angleTask.spec, [6], "relu");
  const dynamics = [0, 1].map((seed) => randomDynamics(shape, 3, Rng.fromSeed(seed)));
  await expect(dynamicsGraph([angleTask, absoluteTask], dynamics)).rejects.toThrow(
    /same channels.*got absolute unlike angle/,
  );
});
