import { afterEach, describe, expect, it } from "vitest";
import type { Learner, LearnerState } from "../../../agent/learner.js";
import { networkShape } from "../../../agent/methods/method.js";
import { pnn } from "../../../agent/methods/pnn.js";
import type { Settings } from "../../../agent/settings/schema.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { learnerFor, linearSystem, pointData, relativeError, tinySettings } from "../fixtures.js";
import { adamStepOn, forward, lossOf, normalizedRow, type Row, trainedOf } from "./plain-reference.js";
import { adam, clip, differentiate, negativeLogLikelihood, norm } from "./reference.js";

const BATCH = 8;
const RATE = 1e-2;
const DATA = [0, 1, 2].map((j) => pointData(linearSystem(j), 30 + j, 50 + j));

type Method = Settings["method"];

/** Two hidden layers, so that every kind of layer is there. */
const sizesOf = (variance: boolean) => [4, 5, 3, variance ? 4 : 2];
const bodySize = 5 * 5 + 6 * 3;

const made: Learner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function makeLearner(method: Method, variance: boolean, assignments: readonly string[] = []): Learner {
  const settings = tinySettings([
    `method=${method}`,
    `training.batchSize=${BATCH}`,
    `mlp.learningRate=${RATE}`,
    "mlp.coresetSize=12",
    ...assignments,
  ]);
  const shape = { sizes: sizesOf(variance), activation: "tanh", outputVariance: variance } as const;
  const learner = learnerFor(settings, shape, Rng.fromSeed(9));
  made.push(learner);
  return learner;
}

/** In its third task after some minibatches of it, and its state then. */
async function inThirdTask(learner: Learner) {
  const ends: LearnerState[] = [];
  for (const [j, { buffer, normalizer }] of DATA.entries()) {
    await learner.beginTask(j);
    await learner.train(buffer, normalizer, j < 2 ? 40 : 3, Rng.fromSeed(60 + j));
    if (j === 2) break;
    ends.push(structuredClone(await learner.state()));
    await learner.endTask(buffer, normalizer, Rng.fromSeed(70 + j));
  }
  return { ends, before: structuredClone(await learner.state()) };
}

const rowsOf = (j: number): Row[] =>
  Array.from({ length: DATA[j]!.buffer.size }, (_, row) =>
    normalizedRow(DATA[j]!.buffer, DATA[j]!.normalizer, row),
  );

/** What one training call of one minibatch draws. */
const draw = (rng: Rng, rows: readonly Row[], count = BATCH) =>
  Array.from({ length: count }, () => rows[rng.integer(rows.length)]!);

/** Rows that a checkpoint holds of a task. */
function storedRows({ arrays }: LearnerState, j: number): Row[] {
  const x = arrays[`stored.${j}.inputs`]!;
  const y = arrays[`stored.${j}.targets`]!;
  const [count, inputs] = take(2, x.shape);
  const [, targets] = take(2, y.shape);
  return Array.from({ length: count }, (_, k) => ({
    x: [...x.data.subarray(k * inputs, (k + 1) * inputs)],
    y: [...y.data.subarray(k * targets, (k + 1) * targets)],
  }));
}

const array = (state: LearnerState, name: string) => Float64Array.from(state.arrays[name]!.data);

type Objective = (p: Float64Array, before: LearnerState, rng: Rng, variance: boolean) => number;

const finetuneLoss: Objective = (p, _, rng, variance) =>
  lossOf(sizesOf(variance), p, draw(Rng.fromState(rng.state()), rowsOf(2)), variance);

/** B rows of the current task and B of each stored one, each through its own head. */
const rehearsalLoss: Objective = (p, before, rng, variance) => {
  const sizes = sizesOf(variance);
  const head = (p.length - bodySize) / 3;
  const network = (j: number) => [
    ...p.subarray(0, bodySize),
    ...p.subarray(bodySize + j * head, bodySize + (j + 1) * head),
  ];
  const current = draw(Rng.fromState(rng.state()), rowsOf(2));
  const stored = rng.split("stored");
  const earlier = [0, 1].map((j) => lossOf(sizes, network(j), draw(stored, storedRows(before, j)), variance));
  return earlier.reduce((a, b) => a + b) + lossOf(sizes, network(2), current, variance);
};

type Penalty = (p: Float64Array, before: LearnerState) => number;

/** λ/2 Σ_j Σ_i F_ji (θ_i - θ*_ji)², term by term. */
const ewcPenalty: Penalty = (p, before) => {
  let penalty = 0;
  for (const j of [0, 1]) {
    const [fisher, anchor] = [array(before, `fisher.${j}`), array(before, `anchors.${j}`)];
    fisher.forEach((f, i) => {
      penalty += 0.5 * 1e4 * f * (p[i]! - anchor[i]!) ** 2;
    });
  }
  return penalty;
};

/** c Σ_i Ω_i (θ_i - θ̃_i)². */
const siPenalty: Penalty = (p, before) => {
  const [importance, anchor] = [array(before, "importance"), array(before, "anchor")];
  return importance.reduce((sum, omega, i) => sum + 0.1 * omega * (p[i]! - anchor[i]!) ** 2, 0);
};

const penalized =
  (penalty: Penalty): Objective =>
  (p, before, rng, variance) =>
    finetuneLoss(p, before, rng, variance) + penalty(p, before);

/** Outputs of the last of some columns, as equation 1 of Rusu et al. says, lateral sums written out. */
function progressiveForward(
  columns: readonly ArrayLike<number>[],
  sizes: readonly number[],
  x: readonly number[],
) {
  const at = columns.map(() => 0);
  let before: number[][] = columns.map(() => [...x]);
  for (let i = 1; i < sizes.length; i++) {
    before = columns.map((w, k) => {
      const readers = i === 1 ? [before[k]!] : before.slice(0, k + 1);
      const rows = readers.reduce((n, h) => n + h.length, 0);
      const z = Array.from({ length: sizes[i]! }, (_, o) => {
        let sum = w[at[k]! + rows * sizes[i]! + o]!;
        readers.forEach((h, j) => {
          h.forEach((value, r) => {
            sum += value * w[at[k]! + (j * h.length + r) * sizes[i]! + o]!;
          });
        });
        return sum;
      });
      at[k]! += (rows + 1) * sizes[i]!;
      return i + 1 < sizes.length ? z.map(Math.tanh) : z;
    });
  }
  return before[columns.length - 1]!;
}

const pnnLoss: Objective = (p, before, rng, variance) => {
  const columns = [array(before, "columns.0"), array(before, "columns.1"), p];
  const sizes = sizesOf(variance);
  const bounds = [...p.slice(-4)];
  return draw(Rng.fromState(rng.state()), rowsOf(2)).reduce(
    (sum, { x, y }) => {
      const output = progressiveForward(columns, sizes, x);
      if (variance) return sum + negativeLogLikelihood(output, y, bounds);
      return sum + y.reduce((s, target, k) => s + (output[k]! - target) ** 2 / y.length, 0);
    },
    // 0.01 Σ (max - min) does depend on the parameters.
    variance ? 0.01 * (21 + bounds[0]! + bounds[1]! - bounds[2]! - bounds[3]!) : 0,
  );
};

const OBJECTIVES: readonly (readonly [Method, Objective])[] = [
  ["finetune", finetuneLoss],
  ["multitask", rehearsalLoss],
  ["coreset", rehearsalLoss],
  ["ewc", penalized(ewcPenalty)],
  ["si", penalized(siPenalty)],
  ["pnn", pnnLoss],
];

describe.each(OBJECTIVES)("one minibatch of %s in the third task", (method, objective) => {
  it.each([
    { variance: false, clipNorm: 1e6 },
    { variance: false, clipNorm: 0.5 },
    { variance: true, clipNorm: 1e6 },
  ])("is a step of Adam down its published loss: %o", async ({ variance, clipNorm }) => {
    const learner = makeLearner(method, variance, [`training.clipNorm=${clipNorm}`]);
    const { before } = await inThirdTask(learner);
    const { buffer, normalizer } = DATA[2]!;
    const report = await learner.train(buffer, normalizer, 1, Rng.fromSeed(77));
    const loss = (p: Float64Array) => objective(p, before, Rng.fromSeed(77), variance);
    const [start, found] = [trainedOf(before), trainedOf(await learner.state())];
    expect(before.numbers.steps).toBe(3);
    const wanted = adamStepOn(loss, start, { learningRate: RATE, clipNorm, step: 4 });
    expect(relativeError(found.m, wanted.m)).toBeLessThan(1e-4);
    expect(relativeError(found.v, wanted.v)).toBeLessThan(1e-4);
    const moved = (value: Float64Array) => value.map((x, i) => x - start.value[i]!);
    expect(relativeError(moved(found.value), moved(wanted.value))).toBeLessThan(1e-3);
    const total = (report.taskLoss + report.regularizer) * BATCH;
    expect(Math.abs(total - loss(start.value)) / Math.abs(loss(start.value))).toBeLessThan(1e-4);
    expect(report.regularizer === 0).toBe(method === "finetune" || method === "pnn");
  });
});

describe.each([
  ["ewc", ewcPenalty],
  ["si", siPenalty],
] as const)("ten minibatches of 100 by %s in the third task", (method, penalty) => {
  it("stay with the reference, gradients no longer than 5", async () => {
    const learner = makeLearner(method, false, ["training.batchSize=100", "training.clipNorm=5"]);
    const { before } = await inThirdTask(learner);
    const { buffer, normalizer } = DATA[2]!;
    const start = trainedOf(before);
    const rows = rowsOf(2);
    const [draws, referenceDraws] = [Rng.fromSeed(77), Rng.fromSeed(77)];
    // SI's ω of the body goes on from the minibatches before.
    const path = method === "si" ? array(before, "path") : new Float64Array(bodySize);
    let state = start;
    let clipped = 0;
    for (let step = 4; step < 14; step++) {
      const minibatch = draw(referenceDraws, rows, 100);
      const task = differentiate((p) => lossOf(sizesOf(false), p, minibatch), state.value);
      const held = differentiate((p) => penalty(p, before), state.value);
      const total = task.map((g, i) => g + held[i]!);
      if (norm(total) > 5) clipped++;
      const next = adam(state, clip(total, 5), RATE, step);
      for (let i = 0; i < bodySize; i++) path[i]! -= task[i]! * (next.value[i]! - state.value[i]!);
      state = next;

      await learner.train(buffer, normalizer, 1, draws);
      const after = await learner.state();
      const found = trainedOf(after);
      const moved = (value: Float64Array) => value.map((x, i) => x - start.value[i]!);
      expect(relativeError(moved(found.value), moved(state.value))).toBeLessThan(1e-3);
      expect(relativeError(found.m, state.m)).toBeLessThan(1e-3);
      expect(relativeError(found.v, state.v)).toBeLessThan(1e-3);
      if (method === "si") expect(relativeError(array(after, "path"), path)).toBeLessThan(1e-3);
    }
    // The penalty and the limit have had their say.
    expect(penalty(state.value, before)).toBeGreaterThan(penalty(start.value, before) * 1.01);
    expect(clipped).toBeGreaterThan(5);
  });
});

describe("importance of weights", () => {
  it.each([false, true])(
    "ewc: mean squared gradient of each transition's likelihood, two heads %s",
    async (variance) => {
      const learner = makeLearner("ewc", variance);
      const { ends, before } = await inThirdTask(learner);
      const sizes = sizesOf(variance);
      const end = trainedOf(ends[1]!).value;
      // -ln p is half the loss times X, up to a constant and what does not depend on the body.
      const squares = rowsOf(1).map((row) =>
        differentiate(
          (body) => lossOf(sizes, [...body, ...end.subarray(bodySize)], [row], variance),
          end.slice(0, bodySize),
        ),
      );
      const fisher = squares[0]!.map(
        (_, i) => squares.reduce((sum, g) => sum + g[i]! ** 2, 0) / squares.length,
      );
      expect(relativeError(array(before, "fisher.1"), fisher)).toBeLessThan(1e-4);
      expect([...array(before, "anchors.1")]).toEqual([...end.subarray(0, bodySize)]);
    },
  );

  it("si: the path integral of the task's gradient, over the squared way and ξ", async () => {
    const learner = makeLearner("si", false);
    const { ends, before } = await inThirdTask(learner);
    const omega = [0, 1].reduce<number[]>((sum, j) => {
      const [path, start, end] = [
        array(ends[j]!, "path"),
        array(ends[j]!, "start"),
        trainedOf(ends[j]!).value,
      ];
      return Array.from(path, (w, i) => Math.max(0, (sum[i] ?? 0) + w / ((end[i]! - start[i]!) ** 2 + 1e-3)));
    }, []);
    expect(relativeError(array(before, "importance"), omega)).toBeLessThan(1e-5);
    expect(omega.filter((x) => x > 0.01).length).toBeGreaterThan(bodySize / 4);

    const { buffer, normalizer } = DATA[2]!;
    await learner.train(buffer, normalizer, 1, Rng.fromSeed(77));
    const after = await learner.state();
    const [from, to] = [trainedOf(before).value, trainedOf(after).value];
    const g = differentiate((p) => finetuneLoss(p, before, Rng.fromSeed(77), false), from);
    const gained = array(after, "path").map((x, i) => x - array(before, "path")[i]!);
    const wanted = gained.map((_, i) => -g[i]! * (to[i]! - from[i]!));
    expect(relativeError(gained, wanted)).toBeLessThan(1e-3);
  });
});

describe("pnn", () => {
  it.each([false, true])("gives the planner all columns as one network, two heads %s", async (variance) => {
    const learner = makeLearner("pnn", variance);
    const { before } = await inThirdTask(learner);
    const shape = { sizes: sizesOf(variance), activation: "tanh" } as const;
    for (const k of [0, 1, 2]) {
      const { sizes } = networkShape(pnn, shape, k);
      expect(sizes).toEqual([4, 5 * (k + 1), 3 * (k + 1), shape.sizes[3]]);
      const columns = Array.from({ length: k + 1 }, (_, j) => array(before, `columns.${j}`));
      const weights = Float64Array.from(await learner.weights(k));
      for (const { x } of rowsOf(k).slice(0, 5)) {
        const wanted = progressiveForward(columns, shape.sizes, x);
        expect(relativeError(forward(sizes, weights, x), wanted)).toBeLessThan(1e-6);
      }
    }
  });

  it("leaves earlier columns bit for bit and starts each with a fresh optimiser", async () => {
    const learner = makeLearner("pnn", false);
    const { ends, before } = await inThirdTask(learner);
    expect(before.arrays["columns.0"]).toEqual(ends[0]!.arrays["columns.0"]);
    expect(before.arrays["columns.1"]).toEqual(ends[1]!.arrays["columns.1"]);
    await learner.endTask(DATA[2]!.buffer, DATA[2]!.normalizer, Rng.fromSeed(1));
    await learner.beginTask(3);
    expect(trainedOf(await learner.state()).v.every((x) => x === 0)).toBe(true);
    expect((await learner.state()).numbers).toEqual({ task: 3, steps: 0 });
  });
});
