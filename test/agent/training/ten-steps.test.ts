import { afterAll, describe, expect, it } from "vitest";
import { ONE_THREAD, type TrainingEngine } from "../../../agent/compute.js";
import type { LearnerState } from "../../../agent/learner.js";
import { HyperCrlLearner } from "../../../agent/methods/hypercrl.js";
import type { StepSizes } from "../../../agent/model/adam.js";
import type { NormalizerArrays } from "../../../agent/model/normalizer.js";
import { Rng } from "../../../sim/core/rng.js";
import { ENGINES } from "../engines.js";
import { linearSystem, pointData, relativeError } from "../fixtures.js";
import {
  embeddingOf,
  type Group,
  type ReferenceShape,
  referenceOf,
  referenceStep,
  thetaOf,
} from "./reference.js";

// Ten minibatches of the published size against ten of the reference, which goes its own way from the same start: what
// differs by a little in each step, such as a moment or a correction of bias, adds up.

const SHAPE: ReferenceShape = { embedding: 3, hidden: 4, dynamics: [4, 5, 2] };
const BATCH = 100;
const STEPS = 10;
const ALL = [0, 1, 2].map((j) => pointData(linearSystem(j), 150, 50 + j));
const RATES = { learningRate: 1e-2, embeddingLearningRate: 2e-2 };

interface Case {
  readonly name: string;
  readonly beta: number;
  /** The published one is 5. */
  readonly clipNorm: number;
  /** Minibatches of the third task before those that are compared. */
  readonly warmUp: number;
  /** In how many of the ten steps the gradient of each is cut to the limit. */
  readonly clipped: { readonly theta: number; readonly embedding: number };
}

const CASES: readonly Case[] = [
  {
    name: "from the first minibatch of a task, Θ's gradient and mostly the embedding's longer than 5",
    ...{ beta: 0.05, clipNorm: 5, warmUp: 0, clipped: { theta: 10, embedding: 8 } },
  },
  {
    name: "later in it, with Θ's gradient alone longer than 5",
    ...{ beta: 0.05, clipNorm: 5, warmUp: 300, clipped: { theta: 10, embedding: 0 } },
  },
  {
    name: "a regulariser that outweighs the task, nothing clipped",
    ...{ beta: 20, clipNorm: 1e5, warmUp: 3, clipped: { theta: 0, embedding: 0 } },
  },
];

const made: HyperCrlLearner[] = [];
afterAll(() => Promise.all(made.map((learner) => learner.release())));

type Start = Pick<Case, "beta" | "clipNorm" | "warmUp">;

function makeLearner(
  engine: TrainingEngine,
  { beta, clipNorm }: Start,
  ahead?: StepSizes["lookAheadEpsilon"],
): HyperCrlLearner {
  const learner = new HyperCrlLearner({
    dynamics: { sizes: SHAPE.dynamics, activation: "tanh" },
    batchSize: BATCH,
    clipNorm,
    rng: Rng.fromSeed(9),
    compute: ONE_THREAD,
    hypernetwork: { embedding: SHAPE.embedding, hidden: [SHAPE.hidden], activation: "elu", init: "xavier" },
    stepSizes: { learningRate: RATES.learningRate, ...(ahead && { lookAheadEpsilon: ahead }) },
    embeddingStepSizes: { learningRate: RATES.embeddingLearningRate },
    beta,
    regularizedTasks: "all",
    engine,
  });
  made.push(learner);
  return learner;
}

/** The state of a learner in its third task. */
async function inThirdTask(situation: Start): Promise<LearnerState> {
  const learner = makeLearner("fused", situation);
  for (const [j, { buffer, normalizer }] of ALL.entries()) {
    await learner.beginTask(j);
    const iterations = j < 2 ? 40 : situation.warmUp;
    if (iterations > 0) await learner.train(buffer, normalizer, iterations, Rng.fromSeed(60 + j));
  }
  return structuredClone(learner.state());
}

/** The reference after each step. */
function referenceSteps(
  start: LearnerState,
  { beta, clipNorm }: Start,
  { normalizer, uncorrectedAhead }: { normalizer: NormalizerArrays; uncorrectedAhead?: boolean },
) {
  const { buffer } = ALL[2]!;
  const options = { ...RATES, beta, clipNorm, ...(uncorrectedAhead && { uncorrectedAhead }) };
  const draws = Rng.fromSeed(77);
  let state = referenceOf(start);
  return Array.from({ length: STEPS }, () => {
    const rows = Array.from({ length: BATCH }, () => draws.integer(buffer.size));
    const step = referenceStep(SHAPE, options, state, buffer, normalizer, rows);
    state = step.next;
    return step;
  });
}

/** Compares the way that parameters have gone, which is small next to the parameters. */
function expectSame(found: Group, wanted: Group, start: Group): void {
  const moved = (g: Group) => g.value.map((x, i) => x - start.value[i]!);
  expect(relativeError(moved(found), moved(wanted))).toBeLessThan(1e-3);
  expect(relativeError(found.m, wanted.m)).toBeLessThan(1e-3);
  expect(relativeError(found.v, wanted.v)).toBeLessThan(1e-3);
}

describe.each(CASES)("ten minibatches of 100: $name", (situation) => {
  it("leave Θ and the embedding where the reference's do, after each of them and from every engine", async () => {
    const start = await inThirdTask(situation);
    const { buffer, normalizer } = ALL[2]!;
    const wanted = referenceSteps(start, situation, { normalizer });
    const { clipNorm, clipped } = situation;
    // The situation is the one it is named for.
    const norms = wanted.map((step) => step.norms);
    expect({
      theta: norms.filter(({ total }) => total > clipNorm).length,
      embedding: norms.filter(({ embedding }) => embedding > clipNorm).length,
    }).toEqual(clipped);
    for (const { penalty, task } of norms) expect(penalty).toBeGreaterThan(1e-3 * task);
    for (const engine of ENGINES) {
      const learner = makeLearner(engine, situation);
      await learner.restore(start);
      const draws = Rng.fromSeed(77);
      for (const { next, taskLoss, penalty } of wanted) {
        const report = await learner.train(buffer, normalizer, 1, draws);
        const found = learner.state();
        expectSame(thetaOf(found), next.theta, thetaOf(start));
        expectSame(embeddingOf(found), next.embedding, embeddingOf(start));
        expect(report.taskLoss / (taskLoss / BATCH)).toBeCloseTo(1, 3);
        expect(report.regularizer / (penalty / BATCH)).toBeCloseTo(1, 2);
      }
      // One call of ten minibatches is the same as ten of one.
      const whole = makeLearner(engine, situation);
      await whole.restore(start);
      await whole.train(buffer, normalizer, STEPS, Rng.fromSeed(77));
      expect(whole.state()).toEqual(learner.state());
    }
  });
});

describe("ten minibatches in which some gradients are tiny", () => {
  it.each(["corrected", "uncorrected"] as const)("look ahead with ε %s", async (ahead) => {
    const situation = { beta: 20, clipNorm: 1e5, warmUp: 0 };
    const start = await inThirdTask(situation);
    const { buffer, normalizer: usual } = ALL[2]!;
    // Inputs near zero, and with them the gradients of the first layer.
    const normalizer = { ...usual, inputScale: usual.inputScale.map((scale) => 1e-8 * scale) };
    const [wanted, other] = [ahead === "uncorrected", ahead === "corrected"].map((uncorrectedAhead) =>
      referenceSteps(start, situation, { normalizer, uncorrectedAhead }),
    );
    for (const engine of ENGINES) {
      const learner = makeLearner(engine, situation, ahead);
      await learner.restore(start);
      const draws = Rng.fromSeed(77);
      for (const [k, { next, penalty }] of wanted!.entries()) {
        const report = await learner.train(buffer, normalizer, 1, draws);
        expectSame(thetaOf(learner.state()), next.theta, thetaOf(start));
        expect(report.regularizer / (penalty / BATCH)).toBeCloseTo(1, 2);
        if (k === 0)
          expect(Math.abs(report.regularizer / (other![k]!.penalty / BATCH) - 1)).toBeGreaterThan(0.05);
      }
    }
  });
});
