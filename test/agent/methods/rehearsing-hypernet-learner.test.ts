import { afterEach, describe, expect, it } from "vitest";
import { ONE_THREAD, type TrainingEngine } from "../../../agent/compute.js";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner } from "../../../agent/methods/hypercrl.js";
import {
  RehearsingHypernetLearner,
  type RehearsingHypernetOptions,
} from "../../../agent/methods/rehearsing-hypernet-learner.js";
import { keptBy } from "../../../agent/run/kept.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { ENGINES } from "../engines.js";
import { bits, linearSystem, pointData, relativeError } from "../fixtures.js";
import {
  adam,
  clip,
  differentiate,
  type Group,
  generate,
  norm,
  predictionLoss,
  type ReferenceShape,
  thetaOf,
} from "../training/reference.js";

const PLAIN: ReferenceShape = { embedding: 3, hidden: 4, dynamics: [4, 5, 2] };
const TWO_HEADS: ReferenceShape = { ...PLAIN, dynamics: [4, 5, 4], outputVariance: true };
const BATCH = 8;
const COUNT = 120;
const DATA = [0, 1, 2].map((j) => pointData(linearSystem(j), COUNT, 50 + j));
/** Stored rows are normalised already. */
const STORED_AS_THEY_ARE = {
  inputMean: new Float32Array(4),
  inputScale: new Float32Array(4).fill(1),
  targetMean: new Float32Array(2),
  targetStd: new Float32Array(2).fill(1),
};

const made: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function options({ dynamics: sizes, outputVariance = false }: ReferenceShape) {
  return {
    dynamics: { sizes, activation: "tanh", outputVariance },
    batchSize: BATCH,
    clipNorm: 5,
    rng: Rng.fromSeed(9),
    compute: ONE_THREAD,
    hypernetwork: { embedding: 3, hidden: [4], activation: "elu", init: "hyperfan" },
    stepSizes: { learningRate: 1e-2 },
  } as const;
}

function make(
  keep: "all" | number,
  shape = PLAIN,
  engine: TrainingEngine = "fused",
  others: Partial<RehearsingHypernetOptions> = {},
): RehearsingHypernetLearner {
  const learner = new RehearsingHypernetLearner({ ...options(shape), keep, engine, ...others });
  made.push(learner);
  return learner;
}

async function learnTask(learner: RehearsingHypernetLearner, task: number, iterations: number) {
  const { buffer, normalizer } = DATA[task]!;
  await learner.beginTask(task);
  if (iterations > 0) await learner.train(buffer, normalizer, iterations, Rng.fromSeed(60 + task));
}

const end = (learner: RehearsingHypernetLearner, task: number) =>
  learner.endTask(DATA[task]!.buffer, DATA[task]!.normalizer, Rng.fromSeed(80 + task));

/** A learner in its third task, after `last` minibatches of it. */
async function inThirdTask(
  keep: "all" | number,
  last: number,
  shape = PLAIN,
  engine: TrainingEngine = "fused",
) {
  const learner = make(keep, shape, engine);
  for (const j of [0, 1, 2]) {
    await learnTask(learner, j, j < 2 ? 40 : last);
    if (j < 2) await end(learner, j);
  }
  return learner;
}

/** Θ and all embeddings with their moments, one after another. */
function parametersOf(state: LearnerState): Group {
  const theta = thetaOf(state);
  const join = (part: Float64Array, suffix: string) =>
    Float64Array.of(
      ...part,
      ...[0, 1, 2].flatMap((j) => [...state.arrays[`embeddings.${j}${suffix}`]!.data]),
    );
  return { value: join(theta.value, ""), m: join(theta.m, ".m"), v: join(theta.v, ".v") };
}

/** Loss of one task's rows, in float64: of the current task as drawn, of the others as stored. */
function lossOf(
  shape: ReferenceShape,
  state: LearnerState,
  p: Float64Array,
  j: number,
  rows: readonly number[],
) {
  const at = p.length - (3 - j) * shape.embedding;
  const weights = generate(shape, p.slice(0, p.length - 9), p.slice(at, at + shape.embedding));
  if (j === 2) return predictionLoss(shape, weights, DATA[2]!.buffer, DATA[2]!.normalizer, rows);
  const inputs = state.arrays[`stored.${j}.inputs`]!.data;
  const targets = state.arrays[`stored.${j}.targets`]!.data;
  return predictionLoss(shape, weights, { inputs, targets }, STORED_AS_THEY_ARE, rows);
}

/** What `StoredData.feeds` and the feeder draw for one minibatch. */
function drawnRows(state: LearnerState, perTask: number): number[][] {
  const [own, stored] = [Rng.fromSeed(77), Rng.fromSeed(77).split("stored")];
  const size = (j: number) => state.arrays[`stored.${j}.inputs`]!.shape[0]!;
  const old = [0, 1].map((j) => Array.from({ length: perTask }, () => stored.integer(size(j))));
  return [...old, Array.from({ length: BATCH }, () => own.integer(COUNT))];
}

describe.each([
  { name: "all data kept, a minibatch of each task", keep: "all", perTask: 8, shape: PLAIN },
  { name: "a coreset, one minibatch divided", keep: 10, perTask: 4, shape: PLAIN },
  { name: "all data kept, output variance", keep: "all", perTask: 8, shape: TWO_HEADS },
] as const)("one minibatch with two earlier tasks: $name", ({ keep, perTask, shape }) => {
  it.each(["fused", "graph"] as const)(
    "by the %s gives the reference's Θ, embeddings, moments and losses",
    async (engine) => {
      const learner = await inThirdTask(keep, 3, shape, engine);
      const before = structuredClone(learner.state());
      const { buffer, normalizer } = DATA[2]!;
      const report = await learner.train(buffer, normalizer, 1, Rng.fromSeed(77));
      const rows = drawnRows(before, perTask);
      const losses = (p: Float64Array) => [0, 1, 2].map((j) => lossOf(shape, before, p, j, rows[j]!));
      const start = parametersOf(before);
      const gradient = differentiate((p) => losses(p).reduce((a, b) => a + b), start.value);
      const wanted = adam(start, clip(gradient, 5), 1e-2, 4);
      const found = parametersOf(learner.state());
      // Embeddings of earlier tasks learn too.
      expect(norm(gradient.subarray(-9, -3))).toBeGreaterThan(1e-3);
      expect(relativeError(found.m, wanted.m)).toBeLessThan(1e-4);
      expect(relativeError(found.v, wanted.v)).toBeLessThan(1e-4);
      const moved = (g: Group) => g.value.map((x, i) => x - start.value[i]!);
      expect(relativeError(moved(found), moved(wanted))).toBeLessThan(1e-3);
      const [first, second, own] = take(3, losses(start.value));
      expect(Math.abs(report.taskLoss * BATCH - own)).toBeLessThan(1e-3 * (1 + Math.abs(own)));
      const added = first + second;
      expect(Math.abs(report.regularizer * BATCH - added)).toBeLessThan(1e-3 * (1 + Math.abs(added)));
    },
  );
});

/** 603 generated weights: 37 whole tiles of 16 columns and a part of one, more tiles than chunks. */
const WIDE = {
  dynamics: { sizes: [4, 20, 20, 2], activation: "relu" },
  hypernetwork: { embedding: 3, hidden: [9, 7], activation: "elu", init: "hyperfan" },
} as const;
/** A head large enough to be worth sharing among threads. */
const LARGE = {
  dynamics: { sizes: [4, 150, 130, 2], activation: "relu" },
  hypernetwork: { embedding: 3, hidden: [50], activation: "elu", init: "hyperfan" },
} as const;

/** What some minibatches of task `index` make of the graph's state after some of every task. */
async function fromSameState(
  index: number,
  keep: "all" | number,
  others: Partial<RehearsingHypernetOptions>,
  engines: readonly { engine: TrainingEngine; threads?: number }[],
) {
  const learner = make(keep, PLAIN, "graph", others);
  const data = (j: number) => DATA[j % DATA.length]!;
  for (let j = 0; j <= index; j++) {
    const { buffer, normalizer } = data(j);
    await learner.beginTask(j);
    await learner.train(buffer, normalizer, 6, Rng.fromSeed(j));
    if (j < index) await learner.endTask(buffer, normalizer, Rng.fromSeed(80 + j));
  }
  const start = structuredClone(learner.state());
  const ends = [];
  for (const { engine, threads = 1 } of engines) {
    const other = make(keep, PLAIN, engine, { ...others, compute: { threads, kernel: true } });
    await other.restore(start);
    const { buffer, normalizer } = data(index);
    const report = await other.train(buffer, normalizer, 5, Rng.fromSeed(99));
    ends.push({ report, state: other.state(), weights: await other.weights(0) });
  }
  return { start, ends };
}

describe.each([
  { name: "no earlier task", task: 0, keep: "all" },
  { name: "one earlier task", task: 1, keep: "all" },
  { name: "five earlier tasks", task: 5, keep: "all" },
  { name: "four earlier tasks, a coreset", task: 4, keep: 12 },
  { name: "gradients clipped hard", task: 2, keep: "all", clipNorm: 1e-2 },
  {
    name: "two earlier tasks, hypercomplex weights",
    task: 2,
    keep: 12,
    hypernetwork: { ...WIDE.hypernetwork, output: "hypercomplex", algebra: 3, encoding: "angles" },
  },
] as const)("kernel and graph from the same state: $name", ({ task, keep, ...others }) => {
  it.each(ENGINES.filter((engine) => engine !== "graph"))("take the same steps: %s", async (engine) => {
    const engines = [{ engine: "graph" }, { engine }] as const;
    const { start, ends } = await fromSameState(task, keep, { ...WIDE, ...others }, engines);
    const [graph, fused] = take(2, ends);
    expect(Object.keys(fused.state.arrays)).toEqual(Object.keys(graph.state.arrays));
    for (const [name, { shape, data }] of Object.entries(graph.state.arrays)) {
      const found = fused.state.arrays[name]!;
      expect(found.shape, name).toEqual(shape);
      if (name.startsWith("stored.")) {
        expect(bits(found.data).equals(bits(data)), name).toBe(true);
        continue;
      }
      const before = start.arrays[name]!.data;
      const moved = (x: Float32Array) => x.map((v, i) => v - before[i]!);
      expect(norm(Float64Array.from(moved(data))), name).toBeGreaterThan(0);
      expect(relativeError(moved(found.data), moved(data)), name).toBeLessThan(2e-3);
    }
    expect(relativeError(fused.weights, graph.weights)).toBeLessThan(1e-4);
    expect(fused.report.taskLoss / graph.report.taskLoss).toBeCloseTo(1, 4);
    if (task === 0) expect(fused.report.regularizer).toBe(0);
    else expect(fused.report.regularizer / graph.report.regularizer).toBeCloseTo(1, 4);
  });
});

it("threads give the same bits", async () => {
  const engines = [1, 2, 3].map((threads) => ({ engine: "fused" as const, threads }));
  const { ends } = await fromSameState(2, 20, LARGE, engines);
  for (const { state } of ends.slice(1)) {
    for (const [name, { data }] of Object.entries(ends[0]!.state.arrays)) {
      expect(bits(state.arrays[name]!.data).equals(bits(data)), name).toBe(true);
    }
  }
});

describe("learning", () => {
  /** Error on the first task after learning two more. */
  async function errorAfterThree(keep: "all" | number): Promise<number> {
    const learner = make(keep);
    for (const j of [0, 1, 2]) {
      await learnTask(learner, j, 600);
      await end(learner, j);
    }
    const rows = Array.from({ length: COUNT }, (_, i) => i);
    const { buffer, normalizer } = DATA[0]!;
    return predictionLoss(PLAIN, await learner.weights(0), buffer, normalizer, rows) / COUNT;
  }

  it("keeps the first task with all data and, nearly, with a coreset; one transition is too few", async () => {
    const [all, coreset, one] = [
      await errorAfterThree("all"),
      await errorAfterThree(40),
      await errorAfterThree(1),
    ];
    expect(all).toBeLessThan(0.05);
    expect(coreset).toBeLessThan(0.1);
    expect(one).toBeGreaterThan(3 * coreset);
  });

  it("starts from the same Θ and embedding as HyperCRL", async () => {
    const own = make("all");
    const rest = {
      embeddingStepSizes: { learningRate: 1e-2 },
      beta: 0.05,
      regularizedTasks: "all",
      engine: "graph",
    } as const;
    const other = new HyperCrlLearner({ ...options(PLAIN), ...rest });
    made.push(other);
    for (const learner of [own, other]) await learner.beginTask(0);
    expect(bits(await own.weights(0)).equals(bits(await other.weights(0)))).toBe(true);
    expect([...thetaOf(own.state()).value]).toEqual([...thetaOf(other.state()).value]);
  });
});

describe("state", () => {
  it.each([
    ["all", [COUNT, COUNT, 0]],
    [10, [10, 10, 0]],
  ] as const)("with %s kept holds that many transitions of each earlier task", async (keep, transitions) => {
    const learner = await inThirdTask(keep, 2);
    const { shared, tasks } = keptBy(learner.state());
    expect(tasks.map((t) => t.transitions)).toEqual(transitions);
    expect(shared.kinds).toEqual(["hypernetwork"]);
    expect(tasks[0]!.kinds).toEqual(["embeddings", "stored"]);
    expect(tasks[0]!.bytes).toBe(4 * (3 * 3 + transitions[0] * 6));
  });

  it.each([["all"], [10]] as const)(
    "with %s kept continues bit by bit, in a task and after its end",
    async (keep) => {
      const original = await inThirdTask(keep, 5);
      for (const ended of [false, true]) {
        const copy = make(keep);
        await copy.restore(structuredClone(original.state()));
        for (const learner of [original, copy]) {
          if (ended) await learner.beginTask(3);
          await learner.train(DATA[0]!.buffer, DATA[0]!.normalizer, 6, Rng.fromSeed(5));
          await end(learner, 0);
        }
        const [a, b] = [original.state(), copy.state()];
        expect(b.numbers).toEqual(a.numbers);
        expect(Object.keys(b.arrays)).toEqual(Object.keys(a.arrays));
        for (const [name, { data }] of Object.entries(a.arrays)) {
          expect(bits(b.arrays[name]!.data).equals(bits(data)), name).toBe(true);
        }
        expect(bits(await copy.weights(1)).equals(bits(await original.weights(1)))).toBe(true);
      }
      expect(original.state().numbers).toMatchObject({ task: 3, steps: 6, stored: 4 });
    },
  );
});

it.each(["fused", "graph"] as const)(
  "by the %s stops on data that are not finite, names the setting, and leaves the learner as it was",
  async (engine) => {
    const learner = await inThirdTask(10, 3, PLAIN, engine);
    const before = structuredClone(learner.state());
    const { buffer, normalizer } = pointData(linearSystem(0), 50, 3);
    buffer.inputs.fill(Number.NaN);
    const error = await learner.train(buffer, normalizer, 4, Rng.fromSeed(1)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RunError);
    expect((error as RunError).message).toMatch(/task loss is not finite at minibatch 0 of 4 on task 3/);
    expect((error as RunError).details.todo).toContain("hypernetwork.learningRate");
    expect(learner.state()).toEqual(before);
  },
);
