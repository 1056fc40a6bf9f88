import { describe, expect, it } from "vitest";
import { dynamicsShape } from "../../agent/model/dynamics.js";
import { MpcPolicy, planningProblem } from "../../agent/policy.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import { normals, partsFor, pointTask, randomDynamics, tinySettings } from "./fixtures.js";

/** The point, pushed by forces within other bounds and paid for its place alone. */
function pointWithin(low: number, high: number): Task {
  const action = pointTask.spec.action.map((channel) => ({ ...channel, low, high }));
  return {
    ...pointTask,
    spec: { ...pointTask.spec, action },
    reward: (ops, { nextObservation: x }) => ops.scale(ops.sum(ops.mul(x, x)), -1),
  };
}

/** Actions planned for a point whose forces act as those within ±1 do on another, times `unit`, from `middle`. */
async function plannedActions(planner: string, middle: number, unit: number): Promise<number[][]> {
  const task = pointWithin(middle - unit, middle + unit);
  const { weights, normalizer, shape } = randomDynamics(
    dynamicsShape(task.spec, [30], "tanh"),
    2,
    Rng.fromSeed(2),
  );
  // The last two inputs are the forces.
  const inputMean = normalizer.inputMean.map((mean, i) => (i < 2 ? mean : middle + mean * unit));
  const inputScale = normalizer.inputScale.map((scale, i) => (i < 2 ? scale : scale / unit));
  const settings = tinySettings([
    ...[`planner.name=${planner}`, "planner.gradientSteps=3", "planner.restarts=4"],
    `planner.scaleActions=${unit !== 1 || middle !== 0}`,
  ]);
  const policy = await MpcPolicy.create(task, shape, settings, partsFor(settings).planner, Rng.fromSeed(7));
  await policy.load(weights, { ...normalizer, inputMean, inputScale });
  const rng = Rng.fromSeed(8);
  const actions: number[][] = [];
  for (let step = 0; step < 6; step++) actions.push([...(await policy.act(normals(rng, 2), step))]);
  const { chosen } = await policy.forecast(normals(rng, 2), 2);
  await policy.release();
  return [...actions.map((a) => a.map((v) => (v - middle) / unit)), [...chosen]];
}

describe("planning", () => {
  // A power of two scales without rounding, so that all that follows is the same bit by bit.
  it.each(["icem", "cem", "mppi", "pddm", "random", "gradient"])(
    "of %s does not depend on the units of the actions",
    async (planner) => {
      expect(await plannedActions(planner, 0, 2048)).toEqual(await plannedActions(planner, 0, 1));
    },
  );

  it("covers bounds that do not lie about 0", async () => {
    const [wanted, got] = [await plannedActions("icem", 0, 1), await plannedActions("icem", 3, 2)];
    got.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(wanted.flat()[i]!, 3);
    });
  });

  it.each([
    [Number.NEGATIVE_INFINITY, 1],
    [0, Number.POSITIVE_INFINITY],
    [1, 1],
    [Number.NaN, 1],
    [-Number.MAX_VALUE, Number.MAX_VALUE],
  ])("with actions from %d to %d is refused with the reason", (low, high) => {
    expect(() => planningProblem(pointWithin(low, high).spec, { horizon: 3, scaleActions: true })).toThrow(
      /Action forceX is not bounded, and exploring and planning draw actions between their bounds/,
    );
  });
});

/**
 * A point that moves by as much as it is pushed, in episodes of four steps. The reward is x - 2 u², also after the horizon: of two
 * actions, the first is worth (2 + R) u - 2 u² when the last reward is held for R steps, so the best is (2 + R) / 4, at most 1.
 */
const pushed: Task = {
  ...pointTask,
  spec: {
    ...pointTask.spec,
    observation: [{ name: "x", unit: "m" }],
    action: [{ name: "u", unit: "m", low: -1, high: 1 }],
    episodeSteps: 4,
  },
  reward: (ops, { nextObservation: x, action: u }) => ops.sub(x, ops.scale(ops.mul(u, u), 2)),
};

describe("planner.holdReward", () => {
  // The change is relu(u) - relu(-u).
  const shape = dynamicsShape(pushed.spec, [2], "relu");
  const weights = Float32Array.of(...[0, 0, 1, -1], ...[0, 0], ...[1, -1], 0);
  const normalizer = {
    inputMean: new Float32Array(2),
    inputScale: new Float32Array(2).fill(1),
    targetMean: new Float32Array(1),
    targetStd: new Float32Array(1).fill(1),
  };

  it.each([
    ["icem", true],
    ["icem", 1],
    ["icem", false],
    ["gradient", true],
    ["gradient", false],
  ] as const)("lets %s plan for the steps that the episode has after the horizon: %s", async (name, held) => {
    const settings = tinySettings([
      ...[`planner.name=${name}`, "planner.horizon=2", "planner.samples=200", "planner.gradientSteps=200"],
      `planner.holdReward=${held}`,
    ]);
    const planner = partsFor(settings).planner;
    const policy = await MpcPolicy.create(pushed, shape, settings, planner, Rng.fromSeed(7));
    await policy.load(weights, normalizer);
    const wanted = { true: [1, 0.75, 0.5, 0.5], 1: [0.75, 0.75, 0.5, 0.5], false: [0.5, 0.5, 0.5, 0.5] }[
      `${held}`
    ];
    for (const [stepsDone, action] of wanted.entries()) {
      policy.startEpisode();
      const [planned] = await policy.act(Float32Array.of(0.3), stepsDone);
      expect(Math.abs(planned! - action), `after ${stepsDone} steps`).toBeLessThan(0.05);
    }
    await policy.release();
  });

  it("is met by few samples that are refined through the model", async () => {
    const settings = tinySettings([
      ...["planner.name=icem", "planner.horizon=2", "planner.samples=16", "planner.iterations=1"],
      ...["planner.holdReward=true", "planner.polishSteps=100", "planner.polishRate=0.1"],
    ]);
    const planner = partsFor(settings).planner;
    const policy = await MpcPolicy.create(pushed, shape, settings, planner, Rng.fromSeed(7));
    await policy.load(weights, normalizer);
    for (const [stepsDone, action] of [1, 0.75, 0.5].entries()) {
      policy.startEpisode();
      const [planned] = await policy.act(Float32Array.of(0.3), stepsDone);
      expect(Math.abs(planned! - action), `after ${stepsDone} steps`).toBeLessThan(0.005);
    }
    await policy.release();
  });
});
