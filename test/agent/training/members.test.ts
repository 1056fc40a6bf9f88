import { afterAll, describe, expect, it } from "vitest";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner, type HyperCrlOptions } from "../../../agent/methods/hypercrl.js";
import { weightCount } from "../../../agent/model/network.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData, relativeError } from "../fixtures.js";
import {
  adam,
  clip,
  differentiate,
  embeddingOf,
  type Group,
  generate,
  norm,
  predictionLoss,
  type ReferenceShape,
  thetaOf,
} from "./reference.js";

// Three members: each task has three embeddings on one Θ.

const MEMBERS = 3;
const BATCH = 8;
const RATES = { learningRate: 1e-2, embeddingLearningRate: 2e-2 };
const PLAIN: ReferenceShape = { embedding: 3, hidden: 4, dynamics: [4, 5, 2] };
const TWO_HEADS: ReferenceShape = { ...PLAIN, dynamics: [4, 5, 4], outputVariance: true };
const DATA = [0, 1, 2, 3, 4].map((j) => pointData(linearSystem(j), 40, 50 + j));
const ENGINES = ["fused", "graph"] as const;

const made: HyperCrlLearner[] = [];
afterAll(() => Promise.all(made.map((learner) => learner.release())));

function make(shape: ReferenceShape, options: Partial<HyperCrlOptions> = {}): HyperCrlLearner {
  const learner = new HyperCrlLearner({
    dynamics: {
      sizes: shape.dynamics,
      activation: "tanh",
      ...(shape.outputVariance && { outputVariance: true }),
    },
    members: MEMBERS,
    batchSize: BATCH,
    clipNorm: 5,
    rng: Rng.fromSeed(9),
    compute: { threads: 1, kernel: true },
    hypernetwork: { embedding: 3, hidden: [4], activation: "elu", init: "xavier" },
    stepSizes: { learningRate: RATES.learningRate },
    embeddingStepSizes: { learningRate: RATES.embeddingLearningRate },
    beta: 0.5,
    regularizedTasks: "all",
    engine: "graph",
    ...options,
  });
  made.push(learner);
  return learner;
}

/** A learner after `iterations` minibatches of each of its tasks up to `last`. */
async function reach(learner: HyperCrlLearner, last: number, iterations: number): Promise<LearnerState> {
  for (let j = 0; j <= last; j++) {
    await learner.beginTask(j);
    await learner.train(DATA[j]!.buffer, DATA[j]!.normalizer, iterations, Rng.fromSeed(60 + j));
  }
  return structuredClone(learner.state());
}

/** Equal parts of a row. */
const cut = (row: ArrayLike<number>, count: number): number[][] => {
  const all = Array.from(row);
  const width = all.length / count;
  return Array.from({ length: count }, (_, m) => all.slice(m * width, (m + 1) * width));
};

interface Wanted {
  readonly theta: Group;
  readonly embedding: Group;
  readonly taskLoss: number;
  readonly penalty: number;
  readonly norms: { readonly theta: number; readonly embedding: number };
}

/** One minibatch in plain float64, with all gradients by central differences of the objective. */
function reference(
  shape: ReferenceShape,
  { arrays, numbers }: LearnerState,
  { beta, clipNorm, rows }: { beta: number; clipNorm: number; rows: readonly number[] },
): Wanted {
  const task = numbers.task!;
  const { buffer, normalizer } = DATA[task]!;
  const theta = thetaOf({ arrays, numbers });
  const e = embeddingOf({ arrays, numbers });
  const step = numbers.steps! + 1;
  const taskLoss = (p: Float64Array, q: Float64Array) =>
    cut(q, MEMBERS).reduce(
      (sum, member, m) =>
        sum +
        predictionLoss(
          shape,
          generate(shape, p, member),
          buffer,
          normalizer,
          rows.slice(m * BATCH, (m + 1) * BATCH),
        ),
      0,
    );
  const gTask = differentiate((p) => taskLoss(p, e.value), theta.value);
  const gEmbedding = differentiate((q) => taskLoss(theta.value, q), e.value);
  const ahead = adam(theta, gTask, RATES.learningRate, step);
  const change = ahead.value.map((p, i) => p - theta.value[i]!);
  const held = Array.from({ length: task }, (_, j) => {
    const targets = cut(arrays[`targets.${j}`]!.data, MEMBERS);
    return cut(arrays[`embeddings.${j}`]!.data, MEMBERS).map((member, m) => ({
      member,
      target: targets[m]!,
    }));
  }).flat();
  const penalty = (p: Float64Array) => {
    const there = p.map((value, i) => value + change[i]!);
    const squares = held.reduce(
      (sum, { member, target }) =>
        generate(shape, there, member).reduce((s, w, k) => s + (w - target[k]!) ** 2, sum),
      0,
    );
    return task === 0 ? 0 : (beta * BATCH * squares) / task;
  };
  const gPenalty = differentiate(penalty, theta.value);
  const total = gTask.map((g, i) => g + gPenalty[i]!);
  return {
    theta: adam(theta, clip(total, clipNorm), RATES.learningRate, step),
    embedding: adam(e, clip(gEmbedding, clipNorm), RATES.embeddingLearningRate, step),
    taskLoss: taskLoss(theta.value, e.value),
    penalty: penalty(theta.value),
    norms: { theta: norm(total), embedding: norm(gEmbedding) },
  };
}

function expectSame(found: Group, wanted: Group, before: Group): void {
  const moved = (g: Group) => g.value.map((x, i) => x - before.value[i]!);
  expect(relativeError(moved(found), moved(wanted))).toBeLessThan(1e-3);
  expect(relativeError(found.m, wanted.m)).toBeLessThan(1e-4);
  expect(relativeError(found.v, wanted.v)).toBeLessThan(1e-4);
}

const OBJECTIVES = [
  { name: "no earlier task", last: 0, clipNorm: 1e4, shape: PLAIN },
  { name: "two earlier tasks", last: 2, clipNorm: 1e4, shape: PLAIN },
  { name: "two earlier tasks, Θ and embeddings clipped", last: 2, clipNorm: 0.1, shape: PLAIN },
  { name: "two earlier tasks, output variance", last: 2, clipNorm: 1e4, shape: TWO_HEADS },
];

describe.each(OBJECTIVES)("one minibatch of three members: $name", ({ last, clipNorm, shape }) => {
  it.each(ENGINES)("follows the gradient of the objective: %s", async (engine) => {
    const beta = 0.5;
    const learner = make(shape, { engine, clipNorm, beta });
    const before = await reach(learner, last, 12);
    const { buffer, normalizer } = DATA[last]!;
    const draws = Rng.fromSeed(77);
    const rows = Array.from({ length: MEMBERS * BATCH }, () => draws.integer(buffer.size));
    const wanted = reference(shape, before, { beta, clipNorm, rows });
    expect(wanted.norms.theta > clipNorm).toBe(clipNorm < 1);
    expect(wanted.norms.embedding > clipNorm).toBe(clipNorm < 1);
    const report = await learner.train(buffer, normalizer, 1, Rng.fromSeed(77));
    const after = learner.state();
    expectSame(thetaOf(after), wanted.theta, thetaOf(before));
    expectSame(embeddingOf(after), wanted.embedding, embeddingOf(before));
    expect(report.taskLoss / (wanted.taskLoss / (MEMBERS * BATCH))).toBeCloseTo(1, 4);
    if (last === 0) expect(report.regularizer).toBe(0);
    else expect(report.regularizer / (wanted.penalty / (MEMBERS * BATCH))).toBeCloseTo(1, 3);
  });
});

/** 603 generated weights: whole tiles of 16 columns and a part of one. */
const WIDE: Partial<HyperCrlOptions> = {
  dynamics: { sizes: [4, 20, 20, 2], activation: "relu" },
  hypernetwork: { embedding: 4, hidden: [9, 7], activation: "elu", init: "hyperfan" },
};
const WIDE_VARIANCE: Partial<HyperCrlOptions> = {
  ...WIDE,
  dynamics: { sizes: [4, 20, 20, 4], activation: "relu", outputVariance: true },
};

const AGREEMENT: readonly (Partial<HyperCrlOptions> & { readonly name: string; readonly last: number })[] = [
  { name: "no earlier task", last: 0, ...WIDE },
  { name: "no earlier task, clipped hard", last: 0, clipNorm: 1e-2, ...WIDE },
  { name: "one earlier task", last: 1, ...WIDE },
  { name: "four earlier tasks", last: 4, ...WIDE },
  { name: "one drawn of four", last: 4, regularizedTasks: 1, ...WIDE },
  { name: "four earlier tasks, clipped hard", last: 4, clipNorm: 1e-2, ...WIDE },
  {
    name: "four earlier tasks, a strong regulariser, nothing clipped",
    last: 4,
    beta: 50,
    clipNorm: 1e9,
    ...WIDE,
  },
  { name: "one earlier task, output variance", last: 1, ...WIDE_VARIANCE },
  { name: "two members", last: 2, members: 2, ...WIDE },
];

describe.each(AGREEMENT)("ten minibatches from the same state: $name", ({ name: _, last, ...options }) => {
  it("are the same steps in the fused kernel and in the graph", async () => {
    const start = await reach(make(PLAIN, options), last, 6);
    const { buffer, normalizer } = DATA[last]!;
    const goOn = async (engine: "fused" | "graph") => {
      const learner = make(PLAIN, { ...options, engine });
      await learner.restore(start);
      const report = await learner.train(buffer, normalizer, 10, Rng.fromSeed(99));
      return { report, state: learner.state(), weights: await learner.weights(0) };
    };
    const [graph, fused] = [await goOn("graph"), await goOn("fused")];
    expect(Object.keys(fused.state.arrays)).toEqual(Object.keys(graph.state.arrays));
    for (const [key, { shape, data }] of Object.entries(graph.state.arrays)) {
      const found = fused.state.arrays[key]!;
      expect(found.shape, key).toEqual(shape);
      const before = start.arrays[key]!.data;
      if (/^(targets|embeddings)\./.test(key) && key !== `embeddings.${last}`) {
        expect([...found.data], key).toEqual([...before]);
        continue;
      }
      const moved = (x: Float32Array) => x.map((v, i) => v - before[i]!);
      expect(relativeError(moved(found.data), moved(data)), key).toBeLessThan(5e-3);
      expect(Math.max(...moved(data)), key).not.toBe(0);
    }
    expect(relativeError(fused.weights, graph.weights)).toBeLessThan(1e-4);
    expect(fused.report.taskLoss / graph.report.taskLoss).toBeCloseTo(1, 4);
    if (last === 0) expect(fused.report.regularizer).toBe(0);
    else expect(fused.report.regularizer / graph.report.regularizer).toBeCloseTo(1, 3);
  });
});

const expectSameBits = (a: LearnerState, b: LearnerState) => {
  expect(a.numbers).toEqual(b.numbers);
  expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
  for (const [name, { data }] of Object.entries(a.arrays)) {
    expect(bits(b.arrays[name]!.data).equals(bits(data)), name).toBe(true);
  }
};

describe("threads", () => {
  it("give the same bits", async () => {
    // A head large enough to be worth sharing.
    const large: Partial<HyperCrlOptions> = {
      engine: "fused",
      dynamics: { sizes: [4, 150, 130, 2], activation: "relu" },
      hypernetwork: { embedding: 4, hidden: [50], activation: "elu", init: "hyperfan" },
    };
    const states = [];
    for (const threads of [1, 2]) {
      states.push(await reach(make(PLAIN, { ...large, compute: { threads, kernel: true } }), 2, 8));
    }
    expectSameBits(states[1]!, states[0]!);
  });
});

describe.each(ENGINES)("an ensemble of three embeddings: %s", (engine) => {
  it("continues bit by bit in another learner, into the next task too", async () => {
    const original = make(PLAIN, { engine });
    const state = await reach(original, 2, 5);
    const copy = make(PLAIN, { engine });
    await copy.restore(state);
    expectSameBits(copy.state(), state);
    for (const learner of [original, copy]) {
      await learner.train(DATA[2]!.buffer, DATA[2]!.normalizer, 4, Rng.fromSeed(5));
      await learner.beginTask(3);
      await learner.train(DATA[3]!.buffer, DATA[3]!.normalizer, 4, Rng.fromSeed(6));
    }
    expectSameBits(copy.state(), original.state());
    expect(bits(await copy.weights(1)).equals(bits(await original.weights(1)))).toBe(true);
  });

  it("has one Θ, and an embedding and a target of its own for each member of a task", async () => {
    const learner = make(PLAIN, { engine });
    const { arrays } = await reach(learner, 1, 5);
    const P = weightCount({ sizes: PLAIN.dynamics, activation: "tanh" });
    const sizes = Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, data.length]));
    expect(sizes).toMatchObject({
      "hypernetwork.head.0.bias": P,
      embedding: MEMBERS * 3,
      "embeddings.0": MEMBERS * 3,
      "embeddings.1": MEMBERS * 3,
      "targets.0": MEMBERS * P,
    });
    expect(new Set(cut(arrays["embeddings.1"]!.data, MEMBERS).map(String)).size).toBe(MEMBERS);
    const theta = thetaOf({ arrays, numbers: {} }).value;
    const members = cut(arrays["embeddings.1"]!.data, MEMBERS).map((e) => generate(PLAIN, theta, e));
    // The network that is planned with has the members' first biases side by side, and the mean of their last.
    const weights = [...(await learner.weights(1))];
    const [inputs, hidden, outputs] = PLAIN.dynamics;
    const firstBias = members.flatMap((w) => w.slice(inputs * hidden, (inputs + 1) * hidden));
    const at = inputs * hidden * MEMBERS;
    expect(relativeError(weights.slice(at, at + hidden * MEMBERS), firstBias)).toBeLessThan(1e-5);
    const lastBias = Array.from(
      { length: outputs },
      (_, o) => members.reduce((sum, w) => sum + w[P - outputs + o]!, 0) / MEMBERS,
    );
    expect(relativeError(weights.slice(-outputs), lastBias)).toBeLessThan(1e-5);
  });
});
