import { afterAll, describe, expect, it } from "vitest";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner, type HyperCrlOptions } from "../../../agent/methods/hypercrl.js";
import type { MlpShape } from "../../../agent/model/network.js";
import { OneStepModel } from "../../../agent/recognition/one-step-model.js";
import { fitComposition } from "../../../agent/training/composition.js";
import { networkLosses, type TaskTransitions } from "../../../agent/training/network-losses.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData, relativeError } from "../fixtures.js";

// What the embedding of a new task starts as.

const DATA = [0, 1, 2, 3].map((j) => pointData(linearSystem(j), 60, 50 + j));
const NETWORK: MlpShape = { sizes: [4, 20, 17, 2], activation: "relu" };
const HYPERNETWORK = { embedding: 4, hidden: [9, 7], activation: "elu", init: "hyperfan" } as const;
const SHAPE = { ...HYPERNETWORK, target: NETWORK };
const LEARNED = ["nearest", "composition"] as const;

const made: HyperCrlLearner[] = [];
afterAll(() => Promise.all(made.map((learner) => learner.release())));

/** A learner that leaves embeddings where they start. */
function make(options: Partial<HyperCrlOptions> = {}): HyperCrlLearner {
  const learner = new HyperCrlLearner({
    dynamics: NETWORK,
    batchSize: 16,
    clipNorm: 5,
    rng: Rng.fromSeed(9),
    compute: { threads: 1, kernel: true },
    hypernetwork: HYPERNETWORK,
    stepSizes: { learningRate: 1e-2 },
    embeddingStepSizes: { learningRate: 0 },
    baseStepSizes: { learningRate: 5e-3 },
    beta: 0.5,
    regularizedTasks: "all",
    engine: "graph",
    ...options,
  });
  made.push(learner);
  return learner;
}

/** Trains the task that was begun on the data of a system. */
const learn = (learner: HyperCrlLearner, system: number, iterations: number, seed = 60 + system) =>
  learner.train(DATA[system]!.buffer, DATA[system]!.normalizer, iterations, Rng.fromSeed(seed));

/** Begins a fourth task after three that started from drawn embeddings. */
async function reach(options: Partial<HyperCrlOptions>, iterations = 40) {
  const drawn = make({ ...options, start: "random" });
  for (const j of [0, 1, 2]) {
    await drawn.beginTask(j);
    await learn(drawn, j, iterations);
  }
  const { arrays, numbers } = drawn.state();
  const learner = make(options);
  await learner.restore(structuredClone({ arrays, numbers: { ...numbers, unstarted: 0 } }));
  await learner.beginTask(3);
  return { learner, state: structuredClone(learner.state()) };
}

/** What the model of a task that was begun predicts, as data of another task. */
async function dataOf(learner: HyperCrlLearner, task: number): Promise<TaskTransitions> {
  const { buffer: data, normalizer } = pointData(linearSystem(0), 200, 3);
  const plain = { ...normalizer, targetMean: new Float32Array(2), targetStd: Float32Array.of(1, 1) };
  const weights = await learner.weights(task);
  const model = new OneStepModel({ shape: NETWORK, weights, normalizer: plain });
  for (let k = 0; k < data.size; k++)
    data.targets.set(model.predict(data.inputs.subarray(4 * k, 4 * k + 4)).change, 2 * k);
  return { data, normalizer: plain, task: 3 };
}

/** The loss of the network that is generated for an embedding. */
async function lossOf(state: LearnerState, e: Float32Array, transitions: TaskTransitions): Promise<number> {
  const learner = make();
  const arrays = { ...state.arrays, "embeddings.3": { ...state.arrays["embeddings.3"]!, data: e } };
  await learner.restore({ ...state, arrays });
  const networks = [{ generated: await learner.weights(3), base: undefined }];
  return (await networkLosses(SHAPE, transitions, networks))[0]!;
}

const mean = (rows: readonly Float32Array[], coefficients: readonly number[]) =>
  Float32Array.from(rows[0]!, (_, i) => rows.reduce((sum, row, j) => sum + coefficients[j]! * row[i]!, 0));

const embedding = ({ arrays }: LearnerState, task: number) => arrays[`embeddings.${task}`]!.data;
const generated = ({ arrays }: LearnerState, task: number) => arrays[`targets.${task}`]!.data;

function expectSameBits(a: LearnerState, b: LearnerState): void {
  expect(a.numbers).toEqual(b.numbers);
  expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
  for (const [name, { data }] of Object.entries(a.arrays)) {
    expect(bits(b.arrays[name]!.data).equals(bits(data)), name).toBe(true);
  }
}

describe("random", () => {
  it("is what there was before the setting, bit by bit", async () => {
    const learners = [make({ start: "random" }), make()] as const;
    for (const learner of learners)
      for (const j of [0, 1]) {
        await learner.beginTask(j);
        await learn(learner, j, 5);
      }
    const [drawn, before] = learners.map((learner) => learner.state());
    expectSameBits(drawn!, before!);
    expect(before!.numbers).toEqual({ task: 1, steps: 5, targets: 1 });
  });
});

describe.each(["fused", "graph"] as const)("nearest, %s", (engine) => {
  it.each([0, 1, 2])("takes the embedding of task %d where that explains the data", async (task) => {
    const { learner, state } = await reach({ engine, start: "nearest" });
    const { data, normalizer } = await dataOf(learner, task);
    await learner.train(data, normalizer, 1, Rng.fromSeed(1));
    expect([...embedding(learner.state(), 3)]).toEqual([...embedding(state, task)]);
  });

  it("takes those of all members of an ensemble from one task", async () => {
    const { learner, state } = await reach({ engine, start: "nearest", members: 2 });
    await learn(learner, 3, 1);
    const found = [...embedding(learner.state(), 3)];
    expect([0, 1, 2].filter((j) => found.every((x, i) => x === embedding(state, j)[i]))).toHaveLength(1);
  });
});

describe("the losses that nearest compares", () => {
  it("are those of the task's minibatches, per transition", async () => {
    const { state } = await reach({ start: "nearest" });
    const { buffer: data, normalizer } = DATA[1]!;
    const networks = [0, 1, 2].map((j) => ({ generated: generated(state, j), base: undefined }));
    const losses = await networkLosses(SHAPE, { data, normalizer, task: 3 }, networks);
    losses.forEach((loss, j) => {
      const model = new OneStepModel({ shape: NETWORK, weights: generated(state, j), normalizer });
      let sum = 0;
      for (let k = 0; k < data.size; k++) {
        const { change } = model.predict(data.inputs.subarray(4 * k, 4 * k + 4));
        change.forEach((x, i) => {
          sum += ((x - data.targets[2 * k + i]!) / normalizer.targetStd[i]!) ** 2 / 2;
        });
      }
      expect(loss / (sum / data.size)).toBeCloseTo(1, 4);
    });
  });
});

describe("composition", () => {
  it.each([
    [0, 0, 1],
    [1, 0, 0],
    [0.4, 0.6, 0],
  ])("of %d, %d and %d is found again where its model explains the data", async (...wanted) => {
    const { learner: source, state } = await reach({});
    const embeddings = [0, 1, 2].map((j) => embedding(state, j));
    const arrays = {
      ...state.arrays,
      "embeddings.3": { ...state.arrays["embeddings.3"]!, data: mean(embeddings, wanted) },
    };
    await source.restore({ ...state, arrays });
    const transitions = await dataOf(source, 3);
    const options = { shape: SHAPE, batchSize: 64, clipNorm: 5 };
    const composed = { embeddings, theta: state.arrays, base: undefined };
    const found = [...(await fitComposition(options, composed, transitions, Rng.fromSeed(1)))];
    expect(found.reduce((sum, c) => sum + c, 0)).toBeCloseTo(1, 5);
    for (const c of found) expect(c).toBeGreaterThanOrEqual(0);
    const [fitted, equal] = [found, [1 / 3, 1 / 3, 1 / 3]].map((c) => mean(embeddings, c));
    const ratio = (await lossOf(state, fitted!, transitions)) / (await lossOf(state, equal!, transitions));
    expect(ratio, `${found}`).toBeLessThan(0.05);
  });

  it("of a single learned task is that task's embedding, to the bit", async () => {
    const learner = make({ start: "composition", members: 2 });
    await learner.beginTask(0);
    await learn(learner, 0, 5);
    await learner.beginTask(1);
    await learn(learner, 1, 1);
    const state = learner.state();
    expect([...embedding(state, 1)]).toEqual([...embedding(state, 0)]);
  });

  it("is nearly the same from both engines, and lies between the learned embeddings", async () => {
    const { learner: graph, state } = await reach({ start: "composition" });
    const fused = make({ start: "composition", engine: "fused" });
    await fused.restore(state);
    for (const learner of [graph, fused]) await learn(learner, 3, 1);
    const found = embedding(fused.state(), 3);
    expect(relativeError(found, embedding(graph.state(), 3))).toBeLessThan(1e-3);
    found.forEach((x, i) => {
      const learned = [0, 1, 2].map((j) => embedding(state, j)[i]!);
      expect(x).toBeGreaterThanOrEqual(Math.min(...learned) - 1e-6);
      expect(x).toBeLessThanOrEqual(Math.max(...learned) + 1e-6);
    });
    expect(relativeError(found, embedding(state, 3))).toBeGreaterThan(0.1);
  });
});

describe.each(
  LEARNED.flatMap((start) => [
    { start, shape: {} },
    { start, shape: { output: "low-rank", rank: 2 } as const },
    { start, shape: { output: "hypercomplex", algebra: 2, encoding: "angles" } as const },
    { start, shape: { chunks: { size: 100, embedding: 3 } } },
  ]),
)("$start, $shape", ({ start, shape }) => {
  const options = {
    start,
    members: 2,
    hypernetwork: { ...HYPERNETWORK, ...shape },
    engine: "fused",
  } as const;

  it("saved before the first data of a task or after them, continues bit by bit", async () => {
    const { learner: original, state } = await reach(options, 4);
    const copy = make(options);
    await copy.restore(state);
    expectSameBits(copy.state(), state);
    for (const learner of [original, copy]) await learn(learner, 3, 3, 5);
    expectSameBits(copy.state(), original.state());
    expect([...embedding(copy.state(), 3)]).not.toEqual([...embedding(state, 3)]);
    const later = make(options);
    await later.restore(structuredClone(original.state()));
    for (const learner of [original, later]) await learn(learner, 3, 3, 6);
    expectSameBits(later.state(), original.state());
  });

  it("leaves the embedding of a task that is learned again as it is", async () => {
    const { learner, state } = await reach(options, 4);
    await learn(learner, 3, 2);
    await learner.beginTask(1);
    await learn(learner, 0, 2);
    expect([...embedding(learner.state(), 1)]).toEqual([...embedding(state, 1)]);
  });
});
