import { afterAll, describe, expect, it } from "vitest";
import { ONE_THREAD, type TrainingEngine } from "../../../agent/compute.js";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner } from "../../../agent/methods/hypercrl.js";
import { Rng } from "../../../sim/core/rng.js";
import { ENGINES } from "../engines.js";
import { linearSystem, pointData, relativeError } from "../fixtures.js";
import {
  embeddingOf,
  type Group,
  generate,
  type ReferenceShape,
  referenceOf,
  referenceStep,
  thetaOf,
} from "./reference.js";

const PLAIN: ReferenceShape = { embedding: 3, hidden: 4, dynamics: [4, 5, 2] };
/** 37 weights in five chunks, of the last of which three numbers are not used. */
const CHUNKED: ReferenceShape = { ...PLAIN, chunks: { size: 8, embedding: 2 } };
const withTwoHeads = (shape: ReferenceShape): ReferenceShape => ({
  ...shape,
  dynamics: [4, 5, 4],
  outputVariance: true,
});
const BATCH = 8;
const ALL = [0, 1, 2].map((j) => pointData(linearSystem(j), 30, 50 + j));

interface Variant {
  readonly engine: TrainingEngine;
  readonly shape: ReferenceShape;
}

function makeLearner({ engine, shape }: Variant, beta: number, clipNorm: number): HyperCrlLearner {
  const { dynamics: sizes, outputVariance = false, chunks } = shape;
  return new HyperCrlLearner({
    dynamics: { sizes, activation: "tanh", outputVariance },
    batchSize: BATCH,
    clipNorm,
    rng: Rng.fromSeed(9),
    compute: ONE_THREAD,
    hypernetwork: { embedding: 3, hidden: [4], activation: "elu", init: "xavier", ...(chunks && { chunks }) },
    stepSizes: { learningRate: 1e-2 },
    embeddingStepSizes: { learningRate: 2e-2 },
    beta,
    regularizedTasks: "all",
    engine,
  });
}

/** A learner in its third task after `warmUp` minibatches of it, and its state then. */
async function inThirdTask(variant: Variant, beta: number, clipNorm: number, warmUp: number) {
  const learner = makeLearner(variant, beta, clipNorm);
  for (const [j, { buffer, normalizer }] of ALL.entries()) {
    await learner.beginTask(j);
    const iterations = j < 2 ? 40 : warmUp;
    if (iterations > 0) await learner.train(buffer, normalizer, iterations, Rng.fromSeed(60 + j));
  }
  return { learner, before: structuredClone(learner.state()) };
}

function expectSame(found: Group, wanted: Group, before: Group): void {
  expect(relativeError(found.m, wanted.m)).toBeLessThan(1e-4);
  expect(relativeError(found.v, wanted.v)).toBeLessThan(1e-4);
  expect(relativeError(found.value, wanted.value)).toBeLessThan(1e-5);
  // The step itself, which is small next to the parameter.
  const moved = (g: Group) => g.value.map((x, i) => x - before.value[i]!);
  expect(relativeError(moved(found), moved(wanted))).toBeLessThan(1e-3);
}

const learners: HyperCrlLearner[] = [];
afterAll(() => Promise.all(learners.map((l) => l.release())));

interface Situation {
  readonly name: string;
  readonly beta: number;
  readonly clipNorm: number;
  readonly warmUp: number;
  readonly clipped: boolean;
  readonly twoHeads?: boolean;
}

const situations: readonly Situation[] = [
  {
    name: "regulariser small, nothing clipped",
    beta: 0.05,
    clipNorm: 1e4,
    warmUp: 3,
    clipped: false,
  },
  { name: "as published: norm at most 5", beta: 0.05, clipNorm: 5, warmUp: 3, clipped: true },
  { name: "embedding clipped by itself", beta: 0.05, clipNorm: 0.1, warmUp: 3, clipped: true },
  { name: "regulariser dominant", beta: 20, clipNorm: 1e4, warmUp: 3, clipped: false },
  {
    name: "first minibatch of the task: only the look-ahead drifts",
    beta: 1,
    clipNorm: 5,
    warmUp: 0,
    clipped: true,
  },
  { name: "output variance", beta: 0.05, clipNorm: 1e4, warmUp: 3, clipped: false, twoHeads: true },
  { name: "output variance, clipped", beta: 1, clipNorm: 5, warmUp: 0, clipped: true, twoHeads: true },
];

const variants = [
  ...ENGINES.map((engine) => ({ name: `${engine} engine`, engine, shape: PLAIN })),
  { name: "in chunks", engine: "graph", shape: CHUNKED } as const,
];

describe.each(variants)("$name", (variant) => {
  describe.each(situations)(
    "one minibatch with two earlier tasks: $name",
    ({ beta, clipNorm, warmUp, clipped, twoHeads = false }) => {
      const shape = twoHeads ? withTwoHeads(variant.shape) : variant.shape;
      it("gives the reference's Θ, embedding, moments and losses", async () => {
        const { learner, before } = await inThirdTask({ ...variant, shape }, beta, clipNorm, warmUp);
        learners.push(learner);
        const { buffer, normalizer } = ALL[2]!;
        const report = await learner.train(buffer, normalizer, 1, Rng.fromSeed(77));
        const after = learner.state();
        const draws = Rng.fromSeed(77);
        const rows = Array.from({ length: BATCH }, () => draws.integer(buffer.size));
        const options = { learningRate: 1e-2, embeddingLearningRate: 2e-2, beta, clipNorm };
        const wanted = referenceStep(shape, options, referenceOf(before), buffer, normalizer, rows);
        // The situation is the one it is named for.
        expect(before.numbers).toEqual({ task: 2, steps: warmUp, targets: 2 });
        expect(wanted.norms.total > clipNorm).toBe(clipped);
        if (clipNorm < 1) expect(wanted.norms.embedding).toBeGreaterThan(clipNorm);
        expect(wanted.norms.penalty).toBeGreaterThan(1e-3 * wanted.norms.task);

        expectSame(thetaOf(after), wanted.next.theta, thetaOf(before));
        expectSame(embeddingOf(after), wanted.next.embedding, embeddingOf(before));
        expect(report.taskLoss / (wanted.taskLoss / BATCH)).toBeCloseTo(1, 4);
        expect(report.regularizer / (wanted.penalty / BATCH)).toBeCloseTo(1, 3);
        expect(after.numbers.steps).toBe(warmUp + 1);
      });
    },
  );

  describe("what is frozen", () => {
    const earlier = (state: LearnerState) =>
      Object.fromEntries(
        ["embeddings.0", "embeddings.1", "targets.0", "targets.1"].map((k) => [
          k,
          [...state.arrays[k]!.data],
        ]),
      );

    it("keeps earlier embeddings and targets through the whole task, and makes targets of Θ at its start", async () => {
      const { learner, before } = await inThirdTask(variant, 0.05, 5, 0);
      learners.push(learner);
      for (const j of [0, 1]) {
        const wanted = generate(variant.shape, thetaOf(before).value, before.arrays[`embeddings.${j}`]!.data);
        expect(relativeError(before.arrays[`targets.${j}`]!.data, wanted)).toBeLessThan(1e-6);
      }
      await learner.train(ALL[2]!.buffer, ALL[2]!.normalizer, 50, Rng.fromSeed(1));
      const after = learner.state();
      expect(earlier(after)).toEqual(earlier(before));
      expect([...after.arrays["embeddings.2"]!.data]).not.toEqual([...before.arrays["embeddings.2"]!.data]);
      expect([...(await learner.weights(0))]).not.toEqual([...before.arrays["targets.0"]!.data]);
    });

    it("renews the targets at the start of the next task", async () => {
      const { learner } = await inThirdTask(variant, 0, 5, 30);
      learners.push(learner);
      const today = await Promise.all([0, 1, 2].map((j) => learner.weights(j)));
      await learner.beginTask(3);
      const { arrays } = learner.state();
      today.forEach((weights, j) => {
        expect([...arrays[`targets.${j}`]!.data]).toEqual([...weights]);
      });
      for (const [name, { data }] of Object.entries(arrays)) {
        if (/\.[mv]$/.test(name))
          expect(
            data.every((x) => x === 0),
            name,
          ).toBe(true);
      }
    });
  });
});
