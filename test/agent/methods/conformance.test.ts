import { afterEach, describe, expect, it } from "vitest";
import type { Learner, LearnerState } from "../../../agent/learner.js";
import { networkShape } from "../../../agent/methods/method.js";
import { findMethod } from "../../../agent/methods/registry.js";
import { joinMembers } from "../../../agent/model/ensemble.js";
import type { Settings } from "../../../agent/settings/schema.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import {
  bits,
  learnerFor,
  linearSystem,
  METHOD_NAMES,
  pointData,
  relativeError,
  tinySettings,
} from "../fixtures.js";
import { forward, normalizedRow, trainedOf } from "../training/plain-reference.js";

/** Methods on plain networks. */
const PLAIN = [
  ...["finetune", "single", "multitask", "coreset", "generative-replay", "ewc", "si", "pnn"],
] as const;

type Method = Settings["method"];

const DYNAMICS = { sizes: [4, 24, 2], activation: "tanh" } as const;
const DATA = [0, 1, 2].map((j) => pointData(linearSystem(j), 200, 20 + j));
const UNSEEN = [0, 1, 2].map((j) => pointData(linearSystem(j), 100, 120 + j));

const made: Learner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function make(method: Method, assignments: readonly string[] = []): Learner {
  const settings = tinySettings([
    ...[`method=${method}`, "mlp.learningRate=0.01", "mlp.coresetSize=50"],
    ...assignments,
  ]);
  const learner = learnerFor(settings, DYNAMICS, Rng.fromSeed(8));
  made.push(learner);
  return learner;
}

function learn(learner: Learner, task: number, iterations: number, seed = task) {
  const { buffer, normalizer } = DATA[task]!;
  return learner.train(buffer, normalizer, iterations, Rng.fromSeed(seed));
}

const end = (learner: Learner, task: number) =>
  learner.endTask(DATA[task]!.buffer, DATA[task]!.normalizer, Rng.fromSeed(40 + task));

function expectSameBits(a: LearnerState, b: LearnerState): void {
  expect(a.numbers).toEqual(b.numbers);
  expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
  for (const [name, { shape, data }] of Object.entries(a.arrays)) {
    expect(b.arrays[name]!.shape).toEqual(shape);
    expect(bits(b.arrays[name]!.data).equals(bits(data)), name).toBe(true);
  }
}

/** Mean squared error on unseen transitions of a task, in normalised units. */
async function error(learner: Learner, method: Method, task: number, members = 1): Promise<number> {
  const { sizes } = networkShape(findMethod(method), DYNAMICS, task, members);
  const weights = await learner.weights(task);
  const { buffer } = UNSEEN[task]!;
  let sum = 0;
  for (let row = 0; row < buffer.size; row++) {
    const { x, y } = normalizedRow(buffer, DATA[task]!.normalizer, row);
    forward(sizes, weights, x).forEach((value, k) => {
      sum += (value - y[k]!) ** 2 / (2 * buffer.size);
    });
  }
  return sum;
}

/** Where a run may stand when it is saved: in which task, and whether that has ended. */
const MOMENTS = [
  { moment: "before the first task", last: -1, ended: true },
  { moment: "in the first task", last: 0, ended: false },
  { moment: "between tasks", last: 0, ended: true },
  { moment: "in the third task", last: 2, ended: false },
];

/** Settings of one network, and of an ensemble. */
const MEMBERS = [1, 2].map((members) => [`dynamics.members=${members}`]);

/** What else a hypernetwork can generate and start from. */
const OUTPUTS = [
  ...["hypercrl", "chunked"].map((method) => ({ method, set: ["hypernetwork.start=composition"] })),
  ...["hypercrl", "single-hypernet"].map((method) => ({ method, set: ["hypernetwork.output=low-rank"] })),
  ...["multitask-hypernet", "replay-hypernet"].map((method) => ({
    method,
    set: ["hypernetwork.output=hypercomplex", "hypernetwork.encoding=angles"],
  })),
];

describe.each([...METHOD_NAMES.flatMap((method) => MEMBERS.map((set) => ({ method, set }))), ...OUTPUTS])(
  "$method, $set",
  ({ method, set }) => {
    it.each(MOMENTS)("continues bit by bit in another learner: $moment", async ({ last, ended }) => {
      const [original, copy] = [make(method, set), make(method, set)];
      for (let j = 0; j <= last; j++) {
        await original.beginTask(j);
        await learn(original, j, 8);
        if (j < last || ended) await end(original, j);
      }
      await copy.restore(structuredClone(await original.state()));
      expectSameBits(await copy.state(), await original.state());
      for (const learner of [original, copy]) {
        if (!ended) await learn(learner, last, 6, 99).then(() => end(learner, last));
        await learner.beginTask(last + 1);
        await learn(learner, (last + 1) % 3, 6);
      }
      expectSameBits(await copy.state(), await original.state());
      for (let j = 0; j <= last + 1; j++) {
        expect(bits(await copy.weights(j)).equals(bits(await original.weights(j)))).toBe(true);
      }
    });

    it("stops on data that are not finite and leaves the learner as it was", async () => {
      const learner = make(method, set);
      for (const j of [0, 1]) {
        await learner.beginTask(j);
        if (j === 0) await learn(learner, 0, 5).then(() => end(learner, 0));
      }
      const before = structuredClone(await learner.state());
      const { buffer, normalizer } = pointData(linearSystem(0), 50, 3);
      buffer.inputs.fill(Number.NaN);
      const training = learner.train(buffer, normalizer, 4, Rng.fromSeed(1));
      await expect(training).rejects.toThrow(RunError);
      const message =
        method === "ftl"
          ? /cannot learn from a transition of task 2; got the number NaN/
          : /is not finite at minibatch 0 of (4|100) on task 2/;
      await expect(training).rejects.toThrow(message);
      expectSameBits(await learner.state(), before);
    });
  },
);

/** Methods that learn by gradient steps. */
const STEPPING = METHOD_NAMES.filter((method) => method !== "ftl");

describe.each(STEPPING)("%s with step sizes that fall within a session", (method) => {
  const weightsAfter = async (assignments: readonly string[], sessions: readonly number[]) => {
    const learner = make(method, assignments);
    await learner.beginTask(0);
    for (const iterations of sessions) await learn(learner, 0, iterations);
    return bits(await learner.weights(0));
  };
  const falling = ["hypernetwork.endFactor=0.1", "mlp.endFactor=0.1"];

  it("begins every session with the whole step size", async () => {
    expect(await weightsAfter(falling, [1, 1])).toEqual(await weightsAfter([], [1, 1]));
  });

  it("takes the second of two steps with 0.55 of the step size: half the way to a tenth", async () => {
    const parametersAfter = async (assignments: readonly string[], iterations: number) => {
      const learner = make(method, assignments);
      await learner.beginTask(0);
      await learn(learner, 0, iterations);
      return trainedOf(await learner.state()).value;
    };
    const first = await parametersAfter([], 1);
    const moved = (after: Float64Array) => after.map((value, i) => value - first[i]!);
    const whole = moved(await parametersAfter([], 2)).map((change) => 0.55 * change);
    expect(Math.max(...whole)).toBeGreaterThan(1e-4);
    expect(relativeError(moved(await parametersAfter(falling, 2)), whole)).toBeLessThan(1e-3);
  });
});

describe.each(METHOD_NAMES)("an ensemble of %s", (method) => {
  it("learns one system", async () => {
    const learner = make(method, ["dynamics.members=2"]);
    await learner.beginTask(0);
    const before = await error(learner, method, 0, 2);
    const { taskLoss } = await learn(learner, 0, 300);
    expect(taskLoss).toBeGreaterThan(0);
    expect(await error(learner, method, 0, 2)).toBeLessThan(0.7 * before);
  });

  it("has two members that differ", async () => {
    const learner = make(method, ["dynamics.members=2"]);
    await learner.beginTask(0);
    await learn(learner, 0, 2);
    const { arrays } = await learner.state();
    if (findMethod(method).ownMembers) {
      const { shape, data } = arrays.embedding!;
      expect(shape).toEqual([2, 4]);
      expect([...data.subarray(0, 4)]).not.toEqual([...data.subarray(4)]);
      return;
    }
    const names = Object.keys(arrays);
    const ofFirst = names.filter((name) => name.startsWith("members.0."));
    expect(ofFirst.length).toBeGreaterThan(0);
    expect(names).toHaveLength(2 * ofFirst.length);
    const equal = ofFirst.filter((name) => {
      const other = arrays[name.replace("members.0.", "members.1.")]!;
      return bits(other.data).equals(bits(arrays[name]!.data));
    });
    expect(equal.length).toBeLessThan(ofFirst.length);
  });

  it("gives the weights of each member, which together are those planned with", async () => {
    const learner = make(method, ["dynamics.members=2"]);
    await learner.beginTask(0);
    await learn(learner, 0, 2);
    const members = [(await learner.weights(0, 0)).slice(), (await learner.weights(0, 1)).slice()];
    expect(members[0]).not.toEqual(members[1]);
    const joined = joinMembers(networkShape(findMethod(method), DYNAMICS, 0), members);
    expect(bits(await learner.weights(0)).equals(bits(joined))).toBe(true);
  });
});

describe("after two linear systems and a third", () => {
  it.each(PLAIN)("%s", async (method) => {
    const learner = make(method, method === "generative-replay" ? ["generative-replay.iterations=2000"] : []);
    const learned: number[] = [];
    for (const j of [0, 1, 2]) {
      await learner.beginTask(j);
      await learn(learner, j, 1500);
      await end(learner, j);
      learned.push(await error(learner, method, j));
    }
    expect(Math.max(...learned)).toBeLessThan(0.01);
    const earlier = [await error(learner, method, 0), await error(learner, method, 1)];
    // Knowing nothing would give an error of one.
    if (method === "finetune") expect(Math.min(...earlier)).toBeGreaterThan(0.3);
    else expect(Math.max(...earlier)).toBeLessThan(0.02);
  });
});
