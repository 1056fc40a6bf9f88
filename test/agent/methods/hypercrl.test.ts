import { afterEach, describe, expect, it } from "vitest";
import { ONE_THREAD } from "../../../agent/compute.js";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner, type HyperCrlOptions } from "../../../agent/methods/hypercrl.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { bits, linearSystem, pointData, relativeError } from "../fixtures.js";

const SIZES = [4, 12, 2];
const P = 5 * 12 + 13 * 2;
const [E, HIDDEN] = [3, 6];
const DATA = [0, 1, 2].map((j) => pointData(linearSystem(j), 200, 20 + j));

describe.each(["fused", "graph"] as const)("%s engine", (engine) => {
  const made: HyperCrlLearner[] = [];
  afterEach(async () => {
    for (const learner of made.splice(0)) await learner.release();
  });

  function make(options: Partial<HyperCrlOptions> = {}): HyperCrlLearner {
    const learner = new HyperCrlLearner({
      dynamics: { sizes: SIZES, activation: "relu" },
      batchSize: 16,
      clipNorm: 5,
      rng: Rng.fromSeed(31),
      compute: ONE_THREAD,
      hypernetwork: { embedding: E, hidden: [HIDDEN], activation: "elu", init: "hyperfan" },
      stepSizes: { learningRate: 1e-2 },
      embeddingStepSizes: { learningRate: 1e-2 },
      beta: 0.05,
      regularizedTasks: "all",
      engine,
      ...options,
    });
    made.push(learner);
    return learner;
  }

  async function learn(learner: HyperCrlLearner, task: number, iterations: number, seed = task) {
    const { buffer, normalizer } = DATA[task]!;
    return learner.train(buffer, normalizer, iterations, Rng.fromSeed(seed));
  }

  /** A state in the third task, after `iterations` of each. */
  async function thirdTask(learner: HyperCrlLearner, iterations: number): Promise<LearnerState> {
    for (const j of [0, 1, 2]) {
      await learner.beginTask(j);
      await learn(learner, j, iterations);
    }
    return structuredClone(learner.state());
  }

  const expectSameBits = (a: LearnerState, b: LearnerState) => {
    expect(a.numbers).toEqual(b.numbers);
    expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
    for (const name of Object.keys(a.arrays)) {
      expect(bits(a.arrays[name]!.data).equals(bits(b.arrays[name]!.data)), name).toBe(true);
    }
  };

  describe("learning", () => {
    it("explains a linear system: the loss falls below a hundredth", async () => {
      const learner = make();
      await learner.beginTask(0);
      const first = await learn(learner, 0, 1);
      await learn(learner, 0, 1500, 5);
      const last = await learn(learner, 0, 20, 6);
      expect(first.taskLoss).toBeGreaterThan(0.3);
      expect(last.taskLoss).toBeLessThan(first.taskLoss / 100);
      expect(last.regularizer).toBe(0);
    });

    it("forgets less with the regulariser than without", async () => {
      const drift = async (beta: number) => {
        const learner = make({ beta });
        await learner.beginTask(0);
        await learn(learner, 0, 400);
        await learner.beginTask(1);
        const target = learner.state().arrays["targets.0"]!.data.slice();
        const { taskLoss } = await learn(learner, 1, 400);
        return { drift: relativeError(await learner.weights(0), target), taskLoss };
      };
      const [free, held] = [await drift(0), await drift(5)];
      expect(free.drift).toBeGreaterThan(0.2);
      expect(held.drift).toBeLessThan(free.drift / 4);
      // Holding the old task does not come from learning nothing.
      expect(held.taskLoss).toBeLessThan(0.5);
    });
  });

  describe("regularizedTasks", () => {
    it("drawn one at a time is unbiased: the mean over draws is the value and the gradient of all", async () => {
      // One stored transition makes every minibatch the same, so that only the drawn tasks vary.
      const one = pointData(linearSystem(2), 1, 3);
      const start = await thirdTask(make({ beta: 1, clipNorm: 1e6 }), 15);
      const step = async (learner: HyperCrlLearner, seed: number) => {
        await learner.restore(start);
        const { regularizer } = await learner.train(one.buffer, one.normalizer, 1, Rng.fromSeed(seed));
        const { data } = learner.state().arrays["hypernetwork.head.0.weight.m"]!;
        return { regularizer, m: data.slice() };
      };
      const all = await step(make({ beta: 1, clipNorm: 1e6 }), 0);
      const learner = make({ beta: 1, clipNorm: 1e6, regularizedTasks: 1 });
      const draws: Awaited<ReturnType<typeof step>>[] = [];
      for (let seed = 0; seed < 60; seed++) draws.push(await step(learner, seed));
      const values = [...new Set(draws.map((d) => d.regularizer))];
      expect(values).toHaveLength(2);
      expect((values[0]! + values[1]!) / 2 / all.regularizer).toBeCloseTo(1, 4);
      const momentsOf = (value: number) => draws.find((d) => d.regularizer === value)!.m;
      const a = momentsOf(values[0]!);
      const b = momentsOf(values[1]!);
      expect(relativeError(a, b)).toBeGreaterThan(1e-3);
      expect(
        relativeError(
          a.map((x, i) => (x + b[i]!) / 2),
          all.m,
        ),
      ).toBeLessThan(1e-4);
      const share = draws.filter((d) => d.regularizer === values[0]).length / draws.length;
      // 60 fair draws: five standard deviations are 0.32.
      expect(Math.abs(share - 0.5)).toBeLessThan(0.32);
    });

    it("drawn two at a time are two different ones", async () => {
      const one = pointData(linearSystem(2), 1, 3);
      const fourthTask = async (learner: HyperCrlLearner) => {
        await thirdTask(learner, 15);
        await learner.beginTask(3);
        return structuredClone(learner.state());
      };
      const start = await fourthTask(make({ beta: 1 }));
      const regularizer = async (regularizedTasks: 1 | 2 | "all", seed: number) => {
        const learner = make({ beta: 1, regularizedTasks });
        await learner.restore(start);
        return (await learner.train(one.buffer, one.normalizer, 1, Rng.fromSeed(seed))).regularizer;
      };
      const seeds = Array.from({ length: 40 }, (_, seed) => seed);
      const kinds = async (n: 1 | 2) => {
        const values = await Promise.all(seeds.map((seed) => regularizer(n, seed)));
        // A pair summed in the other order differs in the last bits.
        return [...new Set(values.map((value) => value.toPrecision(4)))].map(Number).sort((x, y) => x - y);
      };
      const [a, b, c] = take(3, await kinds(1));
      const pairs = await kinds(2);
      expect(pairs).toHaveLength(3);
      [a + b, a + c, b + c].forEach((sum, i) => void expect(pairs[i]! / (sum / 2)).toBeCloseTo(1, 3));
      expect((a + b + c) / 3 / (await regularizer("all", 0))).toBeCloseTo(1, 3);
    });

    it("as many as there are, or more, are all of them, bit by bit", async () => {
      const [all, five] = [make({ beta: 1 }), make({ beta: 1, regularizedTasks: 5 })];
      expectSameBits(await thirdTask(five, 10), await thirdTask(all, 10));
    });
  });

  describe("state", () => {
    it("holds Θ, moments, embeddings and targets, and no data of earlier tasks", async () => {
      const { arrays, numbers } = await thirdTask(make(), 5);
      const theta = (E + 1) * HIDDEN + (HIDDEN + 1) * P;
      const total = Object.values(arrays).reduce((n, { data }) => n + data.length, 0);
      expect(total).toBe(3 * theta + 3 * E + 3 * E + 2 * P);
      const kinds = new Set(Object.keys(arrays).map((name) => name.split(".")[0]));
      expect([...kinds]).toEqual(["hypernetwork", "embedding", "embeddings", "targets"]);
      for (const { shape, data } of Object.values(arrays)) {
        expect(shape.reduce((n, d) => n * d, 1)).toBe(data.length);
      }
      expect(numbers).toEqual({ task: 2, steps: 5, targets: 2 });
    });

    it("continues bit by bit in another learner, into the next task too", async () => {
      const original = make();
      const state = await thirdTask(original, 7);
      const copy = make();
      await copy.restore(state);
      expectSameBits(copy.state(), state);
      for (const learner of [original, copy]) await learn(learner, 2, 9, 123);
      expectSameBits(copy.state(), original.state());
      expect(bits(await copy.weights(1)).equals(bits(await original.weights(1)))).toBe(true);
      for (const learner of [original, copy]) {
        await learner.beginTask(3);
        await learn(learner, 0, 4, 9);
      }
      expectSameBits(copy.state(), original.state());
      expect(
        relativeError(
          original.state().arrays["hypernetwork.head.0.weight"]!.data,
          state.arrays["hypernetwork.head.0.weight"]!.data,
        ),
      ).toBeGreaterThan(1e-4);
    });

    it("gives the same bytes for one call of 12 minibatches and three calls of 4 with the same rows", async () => {
      // With one transition stored, every minibatch is the same however the calls are cut.
      const { buffer, normalizer } = pointData(linearSystem(0), 1, 3);
      const [whole, parts] = [make(), make()];
      for (const learner of [whole, parts]) await learner.beginTask(0);
      await whole.train(buffer, normalizer, 12, Rng.fromSeed(1));
      for (let k = 0; k < 3; k++) await parts.train(buffer, normalizer, 4, Rng.fromSeed(k));
      expectSameBits(parts.state(), whole.state());
    });
  });

  describe("initial weights", () => {
    const moments = (w: Float32Array) => {
      let at = 0;
      return SIZES.slice(1).map((out, i) => {
        const weight = w.subarray(at, at + SIZES[i]! * out);
        const bias = w.subarray(at + weight.length, at + weight.length + out);
        at += weight.length + out;
        return { power: weight.reduce((s, x) => s + x * x, 0) / weight.length, bias };
      });
    };

    it("hyperfan generates weights with Xavier's variance in every layer, and zero biases", async () => {
      const learner = make();
      await learner.beginTask(0);
      const layers = moments(await learner.weights(0));
      layers.forEach(({ power, bias }, i) => {
        expect(power / (2 / (SIZES[i]! + SIZES[i + 1]!))).toBeCloseTo(1, 4);
        expect(bias.every((b) => b === 0)).toBe(true);
      });
      expect(layers).toHaveLength(2);
    });

    it("xavier leaves them as the plain initialisation makes them, biases included", async () => {
      const hypernetwork = { embedding: E, hidden: [HIDDEN], activation: "elu", init: "xavier" } as const;
      const learner = make({ hypernetwork });
      await learner.beginTask(0);
      const { arrays } = learner.state();
      const head = arrays["hypernetwork.head.0.weight"]!.data;
      const bound = Math.sqrt(6 / (HIDDEN + P));
      const largest = head.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
      expect(largest).toBeLessThanOrEqual(bound);
      expect(largest).toBeGreaterThan(0.95 * bound);
      expect(moments(await learner.weights(0))[0]!.bias.some((b) => b !== 0)).toBe(true);
      expect(arrays["hypernetwork.hidden.0.bias"]!.data.every((b) => b === 0)).toBe(true);
    });

    it("draws the embedding of each task from its own stream, standard normal", async () => {
      const wide = { embedding: 400, hidden: [2], activation: "elu", init: "xavier" } as const;
      const learner = make({ hypernetwork: wide });
      await learner.beginTask(0);
      await learner.beginTask(1);
      const { arrays } = learner.state();
      const [a, b] = [arrays["embeddings.0"]!.data, arrays["embeddings.1"]!.data];
      const power = a.reduce((s, x) => s + x * x, 0) / a.length;
      expect(Math.abs(power - 1)).toBeLessThan(0.3);
      expect(relativeError(a, b)).toBeGreaterThan(0.5);
    });
  });

  describe("non-finite values", () => {
    const poisoned = (value: number) => {
      const data = pointData(linearSystem(0), 50, 3);
      for (let k = 0; k < data.buffer.targets.length; k++) data.buffer.targets[k] = value;
      return data;
    };

    it("stops with the task, the minibatch and the quantity, and leaves the learner as it was", async () => {
      const learner = make();
      await learner.beginTask(0);
      await learn(learner, 0, 3);
      await learner.beginTask(1);
      const before = structuredClone(learner.state());
      const { buffer, normalizer } = poisoned(Number.NaN);
      const training = learner.train(buffer, normalizer, 5, Rng.fromSeed(1));
      await expect(training).rejects.toThrow(RunError);
      await expect(training).rejects.toThrow(
        /task loss is not finite at minibatch 0 of 5 on task 2; got NaN/,
      );
      expectSameBits(learner.state(), before);
    });

    it("names the regulariser when that is what diverged", async () => {
      const learner = make({ beta: 1e38 });
      await learner.beginTask(0);
      await learn(learner, 0, 3);
      await learner.beginTask(1);
      await expect(learn(learner, 1, 5)).rejects.toThrow(
        /regulariser is not finite at minibatch \d of 5 on task 2/,
      );
    });

    it("suggests only settings that exist", async () => {
      const learner = make();
      await learner.beginTask(0);
      const { buffer, normalizer } = poisoned(Number.POSITIVE_INFINITY);
      const error = await learner.train(buffer, normalizer, 1, Rng.fromSeed(1)).catch((e: unknown) => e);
      expect((error as RunError).details.todo).not.toContain("learner.learningRate");
    });

    it("clips gradients of any finite size: targets of 1e18 leave finite weights", async () => {
      const learner = make();
      await learner.beginTask(0);
      // The squared norm of the gradient exceeds float32.
      const { buffer, normalizer } = poisoned(1e18);
      const plain = { ...normalizer, targetMean: new Float32Array(2), targetStd: Float32Array.of(1, 1) };
      const before = await learner.weights(0);
      await learner.train(buffer, plain, 3, Rng.fromSeed(1));
      const after = await learner.weights(0);
      expect(after.every(Number.isFinite)).toBe(true);
      expect(relativeError(after, before)).toBeLessThan(0.5);
    });
  });
});
