import { afterEach, describe, expect, it } from "vitest";
import type { Learner, LearnerState } from "../../../agent/learner.js";
import { methods } from "../../../agent/methods/registry.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, learnerFor, linearSystem, pointData, tinySettings } from "../fixtures.js";

const DYNAMICS = { sizes: [4, 24, 2], activation: "tanh" } as const;
const DATA = [0, 1, 2].map((j) => pointData(linearSystem(j), 200, 20 + j));
/** Of the second visit to task 0. */
const AGAIN = pointData(linearSystem(0), 120, 77).buffer;
const METHODS = methods.filter(({ revisits }) => revisits).map(({ name }) => name);

const made: Learner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function make(method: string, assignments: readonly string[] = []): Learner {
  const settings = tinySettings([
    ...[`method=${method}`, "mlp.coresetSize=50", "hypernetwork.coresetSize=50"],
    ...assignments,
  ]);
  const learner = learnerFor(settings, DYNAMICS, Rng.fromSeed(8));
  made.push(learner);
  return learner;
}

const learn = (learner: Learner, task: number, buffer = DATA[task]!.buffer, seed = task) =>
  learner.train(buffer, DATA[task]!.normalizer, 6, Rng.fromSeed(seed));
const end = (learner: Learner, task: number, buffer = DATA[task]!.buffer) =>
  learner.endTask(buffer, DATA[task]!.normalizer, Rng.fromSeed(40 + task));

/** A learner that has learned three tasks. */
async function learned(method: string, assignments: readonly string[] = []): Promise<Learner> {
  const learner = make(method, assignments);
  for (const j of [0, 1, 2]) {
    await learner.beginTask(j);
    await learn(learner, j);
    await end(learner, j);
  }
  return learner;
}

const weightsOf = async (learner: Learner) => {
  const all: Float32Array[] = [];
  for (const j of [0, 1, 2]) all.push((await learner.weights(j)).slice());
  return all;
};

const same = (a: Float32Array, b: Float32Array) => bits(a).equals(bits(b));

function expectSameBits(a: LearnerState, b: LearnerState): void {
  expect(a.numbers).toEqual(b.numbers);
  expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
  for (const [name, { data }] of Object.entries(a.arrays))
    expect(same(b.arrays[name]!.data, data), name).toBe(true);
}

describe.each(METHODS.flatMap((method) => [1, 2].map((members) => ({ method, members }))))(
  "a task that $method with $members members learns again",
  ({ method, members }) => {
    const set = [`dynamics.members=${members}`];

    it("goes on from what is known of it, and learns", async () => {
      const learner = await learned(method, set);
      const before = await weightsOf(learner);
      await learner.beginTask(0);
      const begun = await weightsOf(learner);
      for (const j of [0, 1, 2]) expect(same(begun[j]!, before[j]!), `task ${j}`).toBe(true);
      await learn(learner, 0, AGAIN, 5);
      expect(same(await learner.weights(0), before[0]!)).toBe(false);
    });

    it("continues bit by bit in another learner, saved in the middle, and after it", async () => {
      const [original, copy] = [await learned(method, set), make(method, set)];
      await original.beginTask(0);
      await learn(original, 0, AGAIN, 5);
      await copy.restore(structuredClone(await original.state()));
      for (const learner of [original, copy]) {
        await learn(learner, 0, AGAIN, 6);
        await end(learner, 0, AGAIN);
      }
      expectSameBits(await copy.state(), await original.state());
      const third = make(method, set);
      await third.restore(structuredClone(await original.state()));
      for (const learner of [original, third]) {
        await learner.beginTask(2);
        await learn(learner, 2);
        await end(learner, 2);
      }
      expectSameBits(await third.state(), await original.state());
      const [a, b] = [await weightsOf(original), await weightsOf(third)];
      for (const j of [0, 1, 2]) expect(same(a[j]!, b[j]!)).toBe(true);
    });
  },
);

describe("learning a task again", () => {
  it("single leaves the networks of the others", async () => {
    const learner = await learned("single");
    const before = await weightsOf(learner);
    await learner.beginTask(0);
    await learn(learner, 0, AGAIN, 5);
    const after = await weightsOf(learner);
    expect([1, 2].map((j) => same(after[j]!, before[j]!))).toEqual([true, true]);
  });

  it("hypercrl holds the others to targets made at its beginning, and itself to none", async () => {
    const learner = await learned("hypercrl");
    const before = await weightsOf(learner);
    await learner.beginTask(1);
    const { arrays, numbers } = await learner.state();
    const targets = Object.keys(arrays).filter((name) => name.startsWith("targets."));
    expect([targets, numbers.targets]).toEqual([["targets.0", "targets.2"], 2]);
    for (const j of [0, 2]) expect(same(arrays[`targets.${j}`]!.data, before[j]!)).toBe(true);
    await learn(learner, 1, DATA[1]!.buffer, 5);
    await end(learner, 1);
    await learner.beginTask(0);
    const renewed = (await learner.state()).arrays["targets.1"]!.data;
    expect(same(renewed, before[1]!)).toBe(false);
    expect(same(renewed, await learner.weights(1))).toBe(true);
  });

  it("ewc leaves its own term out and renews it at its end", async () => {
    const learner = await learned("ewc");
    const before = (await learner.state()).arrays;
    await learner.beginTask(0);
    await learn(learner, 0, AGAIN, 5);
    await end(learner, 0, AGAIN);
    const after = (await learner.state()).arrays;
    const names = Object.keys(after).filter((name) => /^(fisher|anchors)\./.test(name));
    expect(names).toHaveLength(6);
    const changed = names.filter((name) => !same(after[name]!.data, before[name]!.data));
    expect(changed.toSorted()).toEqual(["anchors.0", "fisher.0"]);
  });

  it("ewc with one task has nothing to hold it", async () => {
    const learner = make("ewc");
    await learner.beginTask(0);
    await learn(learner, 0);
    await end(learner, 0);
    await learner.beginTask(0);
    expect((await learn(learner, 0, AGAIN, 5)).regularizer).toBe(0);
  });

  it.each([
    ["multitask", 200 + 120],
    ["multitask-hypernet", 200 + 120],
    ["coreset", 50],
    ["replay-hypernet", 50],
  ])("%s then stores %i transitions of it", async (method, count) => {
    const learner = await learned(method);
    const before = (await learner.state()).arrays;
    await learner.beginTask(0);
    const { regularizer } = await learn(learner, 0, AGAIN, 5);
    expect(regularizer).toBeGreaterThan(0);
    await end(learner, 0, AGAIN);
    const { arrays } = await learner.state();
    expect(arrays["stored.0.inputs"]!.shape).toEqual([count, 4]);
    for (const j of [1, 2])
      expect(same(arrays[`stored.${j}.inputs`]!.data, before[`stored.${j}.inputs`]!.data)).toBe(true);
  });

  it("the graph and the kernel make the same steps of a rehearsing hypernetwork", async () => {
    const reports: number[] = [];
    for (const engine of ["fused", "graph"]) {
      const learner = await learned("multitask-hypernet", [`training.engine=${engine}`]);
      await learner.beginTask(1);
      const { taskLoss, regularizer } = await learn(learner, 1, DATA[1]!.buffer, 5);
      reports.push(taskLoss, regularizer);
    }
    expect(reports[2]).toBeCloseTo(reports[0]!, 4);
    expect(reports[3]).toBeCloseTo(reports[1]!, 4);
  });
});
