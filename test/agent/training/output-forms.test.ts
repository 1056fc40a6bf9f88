import { afterAll, describe, expect, it } from "vitest";
import { worthSharing } from "../../../agent/kernel/head-threads.js";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner, type HyperCrlOptions } from "../../../agent/methods/hypercrl.js";
import { generatedCount, type HypernetworkShape } from "../../../agent/model/hypernetwork.js";
import { type MlpShape, weightCount } from "../../../agent/model/network.js";
import { ParameterGroup } from "../../../agent/model/parameters.js";
import { flatValues, networkParameters } from "../../../agent/training/network-parts.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData, relativeError } from "../fixtures.js";
import { differentiate, predictionLoss } from "./reference.js";

// What the head generates, how it starts and how embeddings are read, in both trainers of HyperCRL.

const DATA = [0, 1, 2, 3].map((j) => pointData(linearSystem(j), 60, 50 + j));
const ENGINES = ["fused", "graph"] as const;
const NETWORK: MlpShape = { sizes: [4, 20, 17, 2], activation: "relu" };
const HYPERNETWORK = { embedding: 4, hidden: [9, 7], activation: "elu", init: "hyperfan" } as const;

const made: HyperCrlLearner[] = [];
afterAll(() => Promise.all(made.map((learner) => learner.release())));

function make(shape: Partial<HypernetworkShape>, options: Partial<HyperCrlOptions> = {}): HyperCrlLearner {
  const learner = new HyperCrlLearner({
    dynamics: NETWORK,
    batchSize: 16,
    clipNorm: 5,
    rng: Rng.fromSeed(9),
    compute: { threads: 1, kernel: true },
    hypernetwork: { ...HYPERNETWORK, ...shape },
    stepSizes: { learningRate: 1e-2 },
    embeddingStepSizes: { learningRate: 2e-2 },
    baseStepSizes: { learningRate: 5e-3 },
    beta: 0.5,
    regularizedTasks: "all",
    engine: "graph",
    ...options,
  });
  made.push(learner);
  return learner;
}

const learn = (learner: HyperCrlLearner, task: number, iterations: number, seed = 60 + task) =>
  learner.train(DATA[task]!.buffer, DATA[task]!.normalizer, iterations, Rng.fromSeed(seed));

/** The state of a learner after some minibatches of each of its tasks up to `last`. */
async function reach(learner: HyperCrlLearner, last: number, iterations = 6): Promise<LearnerState> {
  for (let j = 0; j <= last; j++) {
    await learner.beginTask(j);
    await learn(learner, j, iterations);
  }
  return structuredClone(learner.state());
}

function expectSameBits(a: LearnerState, b: LearnerState): void {
  expect(a.numbers).toEqual(b.numbers);
  expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
  for (const [name, { data }] of Object.entries(a.arrays)) {
    expect(bits(b.arrays[name]!.data).equals(bits(data)), name).toBe(true);
  }
}

const SHAPES = [
  { output: "low-rank", rank: 2 },
  { output: "hypercomplex", algebra: 3 },
  { init: "base", encoding: "angles" },
  { output: "low-rank", rank: 2, init: "base", encoding: "angles" },
] as const;

const CASES = SHAPES.flatMap((shape) => [
  { shape, last: 0, options: {} },
  { shape, last: 0, options: { clipNorm: 1e-2 } },
  { shape, last: 3, options: {} },
  { shape, last: 2, options: { members: 3 } },
  {
    shape,
    last: 2,
    options: {
      regularizedTasks: 1,
      dynamics: { sizes: [4, 20, 17, 4], activation: "relu", outputVariance: true },
    } as const,
  },
]);

describe.each(CASES)(
  "ten minibatches from the same state: $shape, task $last, $options",
  ({ shape, last, options }) => {
    it("are the same steps in the fused kernel and in the graph", async () => {
      const start = await reach(make(shape, options), last);
      const goOn = async (engine: "fused" | "graph") => {
        const learner = make(shape, { ...options, engine });
        await learner.restore(start);
        const report = await learn(learner, last, 10, 99);
        return { report, state: learner.state(), weights: await learner.weights(0) };
      };
      const [graph, fused] = [await goOn("graph"), await goOn("fused")];
      expect(Object.keys(fused.state.arrays)).toEqual(Object.keys(graph.state.arrays));
      for (const [key, { shape: size, data }] of Object.entries(graph.state.arrays)) {
        const found = fused.state.arrays[key]!;
        expect(found.shape, key).toEqual(size);
        const before = start.arrays[key]!.data;
        const held = /^(targets|embeddings)\./.test(key) && key !== `embeddings.${last}`;
        if (held || (last > 0 && key.startsWith("base"))) {
          expect([...found.data], key).toEqual([...before]);
          continue;
        }
        const moved = (x: Float32Array) => x.map((v, i) => v - before[i]!);
        expect(relativeError(moved(found.data), moved(data)), key).toBeLessThan(5e-3);
        expect(Math.max(...moved(data).map(Math.abs)), key).toBeGreaterThan(0);
      }
      expect(relativeError(fused.weights, graph.weights)).toBeLessThan(1e-4);
      expect(fused.report.taskLoss / graph.report.taskLoss).toBeCloseTo(1, 4);
      if (last === 0) expect(fused.report.regularizer).toBe(0);
      else expect(fused.report.regularizer / graph.report.regularizer).toBeCloseTo(1, 3);
    });
  },
);

describe.each(SHAPES.flatMap((shape) => ENGINES.map((engine) => ({ shape, engine }))))(
  "$shape, $engine",
  ({ shape, engine }) => {
    it.each([0, 2])("continues bit by bit in another learner from task %d on", async (last) => {
      const original = make(shape, { engine, members: 2 });
      const state = await reach(original, last, 4);
      const copy = make(shape, { engine, members: 2 });
      await copy.restore(state);
      expectSameBits(copy.state(), state);
      for (const learner of [original, copy]) {
        await learn(learner, last, 3, 5);
        await learner.beginTask(last + 1);
        await learn(learner, last + 1, 3, 6);
      }
      expectSameBits(copy.state(), original.state());
      for (let j = 0; j <= last + 1; j++) {
        expect(bits(await copy.weights(j)).equals(bits(await original.weights(j)))).toBe(true);
      }
    });

    it("learns a system, then another, and keeps the first", async () => {
      const learner = make(shape, { engine });
      await learner.beginTask(0);
      const first = await learn(learner, 0, 1);
      await learn(learner, 0, 800);
      const learned = await learn(learner, 0, 20);
      const before = (await learner.weights(0)).slice();
      expect(learned.taskLoss).toBeLessThan(first.taskLoss / 10);
      await learner.beginTask(1);
      await learn(learner, 1, 800);
      expect((await learn(learner, 1, 20)).taskLoss).toBeLessThan(first.taskLoss / 10);
      expect(relativeError(await learner.weights(0), before)).toBeLessThan(0.1);
    });
  },
);

describe("initial numbers", () => {
  it.each(SHAPES)("are the same from both engines with %o", async (shape) => {
    const [graph, fused] = [make(shape), make(shape, { engine: "fused" })];
    for (const learner of [graph, fused]) await learner.beginTask(0);
    const wanted = graph.state().arrays;
    for (const [name, { data }] of Object.entries(fused.state().arrays)) {
      // The head is scaled by what each engine generates.
      const largest = Math.max(...wanted[name]!.data.map(Math.abs));
      const off = data.map((x, i) => Math.abs(x - wanted[name]!.data[i]!));
      expect(Math.max(...off), name).toBeLessThanOrEqual(1e-5 * largest);
    }
  });
});

describe("threads", () => {
  it.each(SHAPES)("give the same bits with %o", async (shape) => {
    // A head large enough to be worth sharing.
    const dynamics: MlpShape = { sizes: [4, 400, 400, 2], activation: "relu" };
    const hidden = "output" in shape && shape.output === "low-rank" ? 255 : 50;
    expect(worthSharing({ hidden, columns: generatedCount({ ...shape, target: dynamics }) })).toBe(true);
    const states = [];
    for (const threads of [1, 2]) {
      const compute = { threads, kernel: true };
      const learner = make({ ...shape, hidden: [hidden] }, { engine: "fused", dynamics, compute });
      states.push(await reach(learner, 1, 4));
    }
    expectSameBits(states[1]!, states[0]!);
  });
});

/** What the hypernetwork of a state generates for what it reads of an embedding, in float64. */
function generated({ arrays }: LearnerState, read: readonly number[]): number[] {
  const values = (name: string) => arrays[`hypernetwork.${name}`]!.data;
  const elu = (x: number) => (x > 0 ? x : Math.exp(x) - 1);
  const affine = (x: readonly number[], name: string): number[] => {
    const [weight, bias] = [values(`${name}.weight`), values(`${name}.bias`)];
    const out = bias.length;
    return Array.from(bias, (b, o) => x.reduce((sum, v, i) => sum + v * weight[i * out + o]!, b));
  };
  return affine(affine(affine(read, "hidden.0").map(elu), "hidden.1").map(elu), "head.0");
}

/** The loss of a network's weights on the rows that the stream of seed 77 draws of the first task. */
function firstLoss(weights: ArrayLike<number>): number {
  const { buffer, normalizer } = DATA[0]!;
  const draws = Rng.fromSeed(77);
  const rows = Array.from({ length: 16 }, () => draws.integer(buffer.size));
  return predictionLoss({ embedding: 4, hidden: 7, dynamics: [4, 5, 2] }, weights, buffer, normalizer, rows);
}

/** One hidden layer of tanh, as the reference has it. */
const SMALL: MlpShape = { sizes: [4, 5, 2], activation: "tanh" };

describe.each(ENGINES)("the first minibatch of a low-rank network: %s", (engine) => {
  const shape = { output: "low-rank", rank: 1 } as const;
  const setting = { engine, dynamics: SMALL, clipNorm: 1e6 };

  it("starts from the base for every embedding, and moves base and factors along the gradient", async () => {
    const learner = make(shape, setting);
    await learner.beginTask(0);
    const before = structuredClone(learner.state());
    const base = before.arrays.base!.data;
    const network = new ParameterGroup(networkParameters(SMALL));
    network.initialize(Rng.fromSeed(9).split("base"));
    expect(bits(base).equals(bits(flatValues(network)))).toBe(true);
    expect(bits(await learner.weights(0)).equals(bits(base))).toBe(true);

    await learn(learner, 0, 1, 77);
    const after = learner.state();
    // Of fresh moments the first is a tenth of the gradient.
    const slope = (name: string) => after.arrays[`${name}.m`]!.data.map((m) => 10 * m);
    const ofBase = differentiate(firstLoss, Float64Array.from(base));
    expect(relativeError(slope("base"), ofBase)).toBeLessThan(1e-4);

    // The columns: A [4, 1], C [1, 5] and bias [5] of the first layer, then A [5, 1], C [1, 2] and bias [2].
    const numbers = generated(before, [...before.arrays.embedding!.data]);
    expect(numbers).toHaveLength(4 + 5 + 5 + 5 + 2 + 2);
    const d = slope("hypernetwork.head.0.bias");
    const W = ofBase.subarray(0, 20);
    const ofSecond = Array.from({ length: 5 }, (_, o) =>
      numbers.slice(0, 4).reduce((sum, a, i) => sum + a * W[i * 5 + o]!, 0),
    );
    expect(relativeError(d.subarray(4, 9), ofSecond)).toBeLessThan(1e-4);
    expect(relativeError(d.subarray(9, 14), ofBase.subarray(20, 25))).toBeLessThan(1e-4);
    // C is zero, so that A has no slope yet.
    expect(Math.max(...d.subarray(0, 4).map(Math.abs))).toBe(0);
  });

  it("makes the base's step that of a plain network with the base's step size", async () => {
    const learner = make(shape, setting);
    await learner.beginTask(0);
    const before = learner.state().arrays.base!.data.slice();
    await learn(learner, 0, 1, 77);
    const { data } = learner.state().arrays.base!;
    // The first step of Adam is the step size against the slope's sign.
    const moved = data.map((x, i) => x - before[i]!);
    expect(Math.max(...moved)).toBeCloseTo(5e-3, 5);
    expect(Math.min(...moved)).toBeCloseTo(-5e-3, 5);
  });

  it("leaves the base alone from the second task on, with a fresh optimiser", async () => {
    const learner = make(shape, setting);
    await reach(learner, 0);
    const first = structuredClone(learner.state().arrays);
    expect(Math.max(...first["base.v"]!.data)).toBeGreaterThan(0);
    await learner.beginTask(1);
    await learn(learner, 1, 5);
    const { arrays } = learner.state();
    expect(bits(arrays.base!.data).equals(bits(first.base!.data))).toBe(true);
    expect(Math.max(...arrays["base.v"]!.data)).toBe(0);
    expect(arrays["targets.0"]!.data).toHaveLength(generatedCount({ ...shape, target: SMALL }));
    expect(await learner.weights(1)).toHaveLength(weightCount(SMALL));
  });
});

describe.each(ENGINES)("embeddings that are read as angles: %s", (engine) => {
  it("learn along the gradient", async () => {
    const learner = make({ encoding: "angles" }, { engine, dynamics: SMALL, clipNorm: 1e6 });
    await learner.beginTask(0);
    const before = structuredClone(learner.state());
    await learn(learner, 0, 1, 77);
    const slope = learner.state().arrays["embedding.m"]!.data.map((m) => 10 * m);
    const wanted = differentiate((e) => {
      const angles = [...e].map((x) => Math.PI / 2 / (1 + Math.exp(-x)));
      return firstLoss(generated(before, [...angles.map(Math.cos), ...angles.map(Math.sin)]));
    }, Float64Array.from(before.arrays.embedding!.data));
    expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(relativeError(slope, wanted)).toBeLessThan(1e-4);
  });
});

describe("a head whose bias starts as a plain network", () => {
  it("adds a tenth of a plain network's spread to it", async () => {
    for (const engine of ENGINES) {
      const learner = make({ init: "base" }, { engine });
      await learner.beginTask(0);
      const { arrays } = learner.state();
      const network = new ParameterGroup(networkParameters(NETWORK));
      network.initialize(Rng.fromSeed(9).split("initial-weights").split("bias"));
      const base = flatValues(network);
      expect(bits(arrays["hypernetwork.head.0.bias"]!.data).equals(bits(base))).toBe(true);
      const weights = await learner.weights(0);
      const added = weights.map((w, i) => w - base[i]!).subarray(0, 4 * 20);
      const power = (x: Float32Array) => x.reduce((sum, v) => sum + v * v, 0) / x.length;
      expect(power(added)).toBeCloseTo((0.01 * 2) / 24, 6);
      expect([...weights.subarray(80, 100)]).toEqual(new Array(20).fill(0));
    }
  });

  it("makes the weights of embeddings of other lengths alike with angles, and not without", async () => {
    const sizes = { embedding: 10, hidden: [50, 50], init: "base", activation: "relu" } as const;
    const spread = async (encoding: "none" | "angles", factor: number) => {
      const learner = make({ ...sizes, encoding });
      await learner.beginTask(0);
      const state = learner.state();
      const { shape, data } = state.arrays["embeddings.0"]!;
      const longer = { shape, data: data.map((x) => factor * x) };
      await learner.restore({ ...state, arrays: { ...state.arrays, "embeddings.0": longer } });
      const bias = state.arrays["hypernetwork.head.0.bias"]!.data;
      const added = (await learner.weights(0)).map((w, i) => w - bias[i]!);
      return Math.sqrt(added.reduce((sum, x) => sum + x * x, 0));
    };
    expect((await spread("none", 10)) / (await spread("none", 1))).toBeCloseTo(10, 3);
    const ratio = (await spread("angles", 10)) / (await spread("angles", 1));
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
  });
});
