import { afterEach, describe, expect, it } from "vitest";
import type { Learner } from "../../../agent/learner.js";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { hypernetworkParameters } from "../../../agent/model/hypernetwork.js";
import { weightCount } from "../../../agent/model/network.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { Rng } from "../../../sim/core/rng.js";
import {
  bits,
  CATALOG,
  fakeSuite,
  learnerFor,
  linearSystem,
  pointData,
  pointTask,
  relativeError,
} from "../fixtures.js";

const DATA = [0, 1].map((j) => pointData(linearSystem(j), 200, 20 + j));

const made: Learner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function make(...changes: string[]): Learner {
  const choice = { suite: fakeSuite(2), method: "chunked", profile: "quick", seed: 3 };
  const assignments = [
    ...["dynamics.hidden=[20,20]", "training.batchSize=16", "hypernetwork.embedding=3"],
    ...["chunked.hidden=[8,10]", "chunked.chunk=40", "chunked.chunkEmbedding=4"],
    ...changes,
  ];
  const settings = resolveSettings(choice, assignments, CATALOG);
  const { hidden, activation, outputVariance } = settings.dynamics;
  const dynamics = dynamicsShape(pointTask.spec, hidden, activation, outputVariance);
  const learner = learnerFor(settings, dynamics, Rng.fromSeed(31));
  made.push(learner);
  return learner;
}

const learn = (learner: Learner, task: number, iterations: number, seed = task) =>
  learner.train(DATA[task]!.buffer, DATA[task]!.normalizer, iterations, Rng.fromSeed(seed));

describe("chunked hypernetwork", () => {
  it("is smaller than what it generates, at the published sizes too", async () => {
    const learner = make();
    await learner.beginTask(0);
    const weights = await learner.weights(0);
    const { arrays } = await learner.state();
    const theta = Object.entries(arrays).filter(([name]) =>
      /^hypernetwork\..*(weight|bias|chunks)$/.test(name),
    );
    const count = theta.reduce((n, [, { data }]) => n + data.length, 0);
    expect(weights).toHaveLength(5 * 20 + 21 * 20 + 21 * 2);
    // 562 weights in 15 chunks: layers of 7 → 8 → 10 → 40 and 15 chunk embeddings of 4.
    expect(count).toBe(8 * 8 + 9 * 10 + 11 * 40 + 15 * 4);
    const push = { sizes: [12, 200, 200, 10], activation: "relu" } as const;
    const shape = {
      embedding: 10,
      hidden: [20, 20],
      activation: "relu",
      init: "xavier",
      target: push,
    } as const;
    const specs = hypernetworkParameters({ ...shape, chunks: { size: 2000, embedding: 20 } });
    const published = specs.reduce((n, { shape: [rows, columns] }) => n + rows * columns, 0);
    // One hidden layer is 31 × 20, the other and the head 21 × …; 23 chunks of 20.
    expect(published).toBe(31 * 20 + 21 * 20 + 21 * 2000 + 23 * 20);
    expect(published).toBeLessThan(weightCount(push));
  });

  it("gives every chunk an embedding of its own, standard normal", async () => {
    const learner = make("chunked.chunk=5", "chunked.chunkEmbedding=8");
    await learner.beginTask(0);
    const { shape, data } = (await learner.state()).arrays["hypernetwork.chunks"]!;
    expect(shape).toEqual([113, 8]);
    const mean = data.reduce((s, x) => s + x, 0) / data.length;
    const power = data.reduce((s, x) => s + x * x, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(Math.abs(power - 1)).toBeLessThan(0.2);
    const weights = await learner.weights(0);
    expect(relativeError(weights.subarray(0, 5), weights.subarray(5, 10))).toBeGreaterThan(0.1);
  });

  it("learns a linear system, then another, and is held to the first", async () => {
    const loss = async (beta: number) => {
      const learner = make(`hypernetwork.beta=${beta}`);
      await learner.beginTask(0);
      const first = await learn(learner, 0, 1);
      await learn(learner, 0, 1500, 5);
      const before = await learner.weights(0);
      await learner.beginTask(1);
      await learn(learner, 1, 500, 6);
      const last = await learn(learner, 1, 20, 7);
      return {
        first: first.taskLoss,
        last: last.taskLoss,
        drift: relativeError(await learner.weights(0), before),
      };
    };
    const [free, held] = [await loss(0), await loss(0.5)];
    expect(free.last).toBeLessThan(free.first / 50);
    expect(held.last).toBeLessThan(held.first / 10);
    expect(held.drift).toBeLessThan(free.drift / 3);
  });

  it("continues bit by bit in another learner, with output variance, into the next task too", async () => {
    const [original, copy] = [make("dynamics.outputVariance=true"), make("dynamics.outputVariance=true")];
    await original.beginTask(0);
    await learn(original, 0, 7);
    await copy.restore(structuredClone(await original.state()));
    for (const learner of [original, copy]) {
      await learn(learner, 0, 9, 123);
      await learner.beginTask(1);
      await learn(learner, 1, 5);
    }
    const [a, b] = [await original.state(), await copy.state()];
    expect(b.numbers).toEqual(a.numbers);
    expect(Object.keys(b.arrays)).toEqual(Object.keys(a.arrays));
    for (const [name, { data }] of Object.entries(a.arrays)) {
      expect(bits(b.arrays[name]!.data).equals(bits(data)), name).toBe(true);
    }
    expect(Object.keys(a.arrays)).toContain("hypernetwork.chunks.v");
    expect(a.arrays["targets.0"]!.data).toHaveLength(5 * 20 + 21 * 20 + 21 * 4 + 4);
  });
});
