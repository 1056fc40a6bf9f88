import { afterEach, describe, expect, it } from "vitest";
import { ONE_THREAD } from "../../../agent/compute.js";
import type { LearnerState } from "../../../agent/learner.js";
import { PlainLearner } from "../../../agent/methods/plain-learner.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData, relativeError } from "../fixtures.js";

const SIZES = [4, 10, 2];
const BODY = 5 * 10;
const HEAD = 11 * 2;
const DATA = [0, 1].map((j) => pointData(linearSystem(j), 200, 20 + j));
const SHARINGS = ["single", "finetune"] as const;

const made: PlainLearner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function make(sharing: "single" | "finetune"): PlainLearner {
  const learner = new PlainLearner({
    dynamics: { sizes: SIZES, activation: "relu" },
    batchSize: 16,
    clipNorm: 5,
    rng: Rng.fromSeed(8),
    compute: ONE_THREAD,
    stepSizes: { learningRate: 1e-2 },
    sharing,
  });
  made.push(learner);
  return learner;
}

function learn(learner: PlainLearner, task: number, iterations: number, seed = task) {
  const { buffer, normalizer } = DATA[task]!;
  return learner.train(buffer, normalizer, iterations, Rng.fromSeed(seed));
}

const sameBits = (a: Float32Array, b: Float32Array) => bits(a).equals(bits(b));

function expectSameBits(a: LearnerState, b: LearnerState): void {
  expect(a.numbers).toEqual(b.numbers);
  expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
  for (const name of Object.keys(a.arrays)) {
    expect(sameBits(a.arrays[name]!.data, b.arrays[name]!.data), name).toBe(true);
  }
}

describe.each(SHARINGS)("%s", (sharing) => {
  it("learns a linear system: the loss falls below a hundredth", async () => {
    const learner = make(sharing);
    await learner.beginTask(0);
    const first = await learn(learner, 0, 1);
    await learn(learner, 0, 1000, 5);
    const last = await learn(learner, 0, 20, 6);
    expect(first.taskLoss).toBeGreaterThan(0.3);
    expect(last.taskLoss).toBeLessThan(first.taskLoss / 100);
  });

  it("continues bit by bit in another learner, into the next task too", async () => {
    const [original, copy] = [make(sharing), make(sharing)];
    await original.beginTask(0);
    await learn(original, 0, 8);
    const state = structuredClone(original.state());
    await copy.restore(state);
    for (const learner of [original, copy]) {
      await learn(learner, 0, 6, 99);
      await learner.beginTask(1);
      await learn(learner, 1, 6);
    }
    expectSameBits(copy.state(), original.state());
    for (const j of [0, 1]) expect(sameBits(await copy.weights(j), await original.weights(j))).toBe(true);
    expect(relativeError(await copy.weights(0), await copy.weights(1))).toBeGreaterThan(0.01);
  });

  it("stops on data that are not finite and leaves the learner as it was", async () => {
    const learner = make(sharing);
    await learner.beginTask(0);
    const before = structuredClone(learner.state());
    const { buffer, normalizer } = pointData(linearSystem(0), 50, 3);
    buffer.inputs.fill(Number.NaN);
    const training = learner.train(buffer, normalizer, 4, Rng.fromSeed(1));
    await expect(training).rejects.toThrow(RunError);
    await expect(training).rejects.toThrow(/task loss is not finite at minibatch 0 of 4 on task 1/);
    expectSameBits(learner.state(), before);
  });
});

describe("what a new task does to earlier ones", () => {
  async function twoTasks(sharing: "single" | "finetune") {
    const learner = make(sharing);
    await learner.beginTask(0);
    await learn(learner, 0, 50);
    const before = await learner.weights(0);
    await learner.beginTask(1);
    const fresh = await learner.weights(1);
    await learn(learner, 1, 50);
    return {
      before,
      fresh,
      after: await learner.weights(0),
      own: await learner.weights(1),
      state: learner.state(),
    };
  }

  it("single leaves their weights bit for bit and starts from scratch", async () => {
    const { before, fresh, after, own, state } = await twoTasks("single");
    expect(before).toHaveLength(BODY + HEAD);
    expect(sameBits(after, before)).toBe(true);
    expect(relativeError(fresh.subarray(0, BODY), before.subarray(0, BODY))).toBeGreaterThan(0.5);
    expect(relativeError(own, fresh)).toBeGreaterThan(0.01);
    expect(state.arrays["tasks.0"]!.data).toHaveLength(BODY + HEAD);
  });

  it("finetune goes on with their body and keeps their heads", async () => {
    const { before, fresh, after, own, state } = await twoTasks("finetune");
    const [body, head] = [(w: Float32Array) => w.subarray(0, BODY), (w: Float32Array) => w.subarray(BODY)];
    expect(sameBits(body(fresh), body(before))).toBe(true);
    expect(relativeError(head(fresh), head(before))).toBeGreaterThan(0.5);
    expect(sameBits(head(after), head(before))).toBe(true);
    expect(relativeError(body(after), body(before))).toBeGreaterThan(0.01);
    expect(sameBits(body(after), body(own))).toBe(true);
    expect(relativeError(head(own), head(fresh))).toBeGreaterThan(0.01);
    expect(state.arrays["tasks.0"]!.data).toHaveLength(HEAD);
  });

  it.each(SHARINGS)("%s starts each task with a fresh optimiser", async (sharing) => {
    const learner = make(sharing);
    await learner.beginTask(0);
    await learn(learner, 0, 5);
    const moments = () => Object.entries(learner.state().arrays).filter(([name]) => /\.[mv]$/.test(name));
    expect(moments().every(([, { data }]) => data.some((x) => x !== 0))).toBe(true);
    await learner.beginTask(1);
    expect(moments().every(([, { data }]) => data.every((x) => x === 0))).toBe(true);
    expect(learner.state().numbers).toEqual({ task: 1, steps: 0 });
  });
});
