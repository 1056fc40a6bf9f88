import { afterEach, describe, expect, it } from "vitest";
import { ONE_THREAD } from "../../../agent/compute.js";
import { worthSharing } from "../../../agent/kernel/head-threads.js";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner, type HyperCrlOptions } from "../../../agent/methods/hypercrl.js";
import { Rng } from "../../../sim/core/rng.js";
import { ENGINES, HAS_RELAXED } from "../engines.js";
import { bits, linearSystem, pointData, relativeError } from "../fixtures.js";

/** 603 generated weights: 37 whole tiles of 16 columns and a part of one, more tiles than chunks. */
const SIZES = [4, 20, 20, 2];
const P = 5 * 20 + 21 * 20 + 21 * 2;
const DATA = Array.from({ length: 7 }, (_, j) => pointData(linearSystem(j), 60, 70 + j));

const made: HyperCrlLearner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function make(options: Partial<HyperCrlOptions>): HyperCrlLearner {
  const learner = new HyperCrlLearner({
    dynamics: { sizes: SIZES, activation: "relu" },
    batchSize: 16,
    clipNorm: 5,
    rng: Rng.fromSeed(5),
    compute: ONE_THREAD,
    hypernetwork: { embedding: 4, hidden: [9, 7], activation: "elu", init: "hyperfan" },
    stepSizes: { learningRate: 1e-2 },
    embeddingStepSizes: { learningRate: 1e-2 },
    beta: 0.5,
    regularizedTasks: "all",
    engine: "graph",
    ...options,
  });
  made.push(learner);
  return learner;
}

/** The graph trainer's state in task `index` (0-based), after some minibatches of every task. */
async function reach(index: number, options: Partial<HyperCrlOptions>): Promise<LearnerState> {
  const learner = make(options);
  for (let j = 0; j <= index; j++) {
    await learner.beginTask(j);
    await learner.train(DATA[j]!.buffer, DATA[j]!.normalizer, 6, Rng.fromSeed(j));
  }
  return structuredClone(learner.state());
}

/** Minibatches from the same state with one engine. */
async function goOn(start: LearnerState, options: Partial<HyperCrlOptions>, iterations: number) {
  const learner = make(options);
  await learner.restore(start);
  const { buffer, normalizer } = DATA[start.numbers.task!]!;
  const report = await learner.train(buffer, normalizer, iterations, Rng.fromSeed(99));
  return { report, state: learner.state(), weights: await learner.weights(0) };
}

const cases = [
  { name: "no earlier task", task: 0 },
  { name: "one earlier task", task: 1 },
  { name: "two earlier tasks", task: 2 },
  { name: "three earlier tasks", task: 3 },
  { name: "six earlier tasks", task: 6 },
  { name: "one drawn of four", task: 4, regularizedTasks: 1 },
  { name: "three drawn of five", task: 5, regularizedTasks: 3 },
  { name: "gradients clipped hard", task: 2, clipNorm: 1e-2 },
  { name: "a strong regulariser, nothing clipped", task: 2, beta: 50, clipNorm: 1e9 },
  { name: "β of 0", task: 2, beta: 0 },
  {
    name: "one hidden layer, relu",
    task: 2,
    hypernetwork: { embedding: 3, hidden: [5], activation: "relu", init: "xavier" } as const,
  },
];

describe.each(cases)("fused kernel and graph from the same state: $name", ({ name, task, ...options }) => {
  it.each(ENGINES.filter((engine) => engine !== "graph"))("take the same steps: %s", async (engine) => {
    const start = await reach(task, options);
    const graph = await goOn(start, options, 3);
    const fused = await goOn(start, { ...options, engine }, 3);
    expect(Object.keys(fused.state.arrays), name).toEqual(Object.keys(graph.state.arrays));
    for (const [key, { shape, data }] of Object.entries(graph.state.arrays)) {
      const found = fused.state.arrays[key]!;
      expect(found.shape, key).toEqual(shape);
      const frozen =
        key.startsWith("targets") || /^embeddings\.(?!NOW)/.test(key.replace(`.${task}`, ".NOW"));
      if (frozen) {
        expect([...found.data], key).toEqual([...data]);
        continue;
      }
      // What changed, which is small next to the value.
      const before = start.arrays[key]!.data;
      const moved = (x: Float32Array) => x.map((v, i) => v - before[i]!);
      expect(relativeError(moved(found.data), moved(data)), key).toBeLessThan(2e-3);
      expect(
        moved(data).some((x) => x !== 0),
        key,
      ).toBe(true);
    }
    expect(fused.weights).toHaveLength(P);
    expect(relativeError(fused.weights, graph.weights)).toBeLessThan(1e-4);
    expect(fused.report.taskLoss / graph.report.taskLoss).toBeCloseTo(1, 4);
    if (task > 0 && options.beta !== 0)
      expect(fused.report.regularizer / graph.report.regularizer).toBeCloseTo(1, 3);
    else expect(fused.report.regularizer).toBe(0);
  });
});

describe("threads", () => {
  /** A head large enough to be worth sharing. */
  const large = {
    dynamics: { sizes: [4, 150, 130, 2], activation: "relu" },
    hypernetwork: { embedding: 4, hidden: [50], activation: "elu", init: "hyperfan" },
  } as const;

  it("give the same bits, whoever makes which chunks", async () => {
    const start = await reach(2, large);
    const states = [];
    for (const threads of [1, 2, 3]) {
      const compute = { threads, kernel: true };
      states.push((await goOn(start, { ...large, engine: "fused", compute }, 60)).state);
    }
    for (const state of states.slice(1)) {
      for (const [key, { data }] of Object.entries(states[0]!.arrays)) {
        expect(bits(state.arrays[key]!.data).equals(bits(data)), key).toBe(true);
      }
    }
    expect(worthSharing({ hidden: 50, columns: start.arrays["targets.0"]!.data.length })).toBe(true);
  });

  it.runIf(HAS_RELAXED)(
    "give the same bits with relaxed SIMD, which are not those of the plain kernel",
    async () => {
      const start = await reach(1, large);
      const end = async (engine: "relaxed" | "fused", threads: number) => {
        const { state } = await goOn(start, { ...large, engine, compute: { threads, kernel: true } }, 3);
        return bits(state.arrays["hypernetwork.head.0.weight"]!.data);
      };
      const one = await end("relaxed", 1);
      expect((await end("relaxed", 2)).equals(one)).toBe(true);
      expect((await end("fused", 1)).equals(one)).toBe(false);
    },
  );

  it("are not used where a pass is over at once", () => {
    expect(worthSharing({ hidden: 50, columns: P })).toBe(false);
  });
});

describe("initial weights", () => {
  it("are the same from both engines, number by number", async () => {
    const states = [];
    for (const engine of ["graph", "fused"] as const) {
      const learner = make({
        engine,
        hypernetwork: { embedding: 4, hidden: [9, 7], activation: "elu", init: "xavier" },
      });
      await learner.beginTask(0);
      states.push(learner.state());
    }
    for (const [key, { data }] of Object.entries(states[0]!.arrays)) {
      expect([...states[1]!.arrays[key]!.data], key).toEqual([...data]);
    }
  });
});
