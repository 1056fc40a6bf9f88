import { afterEach, describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { ensembleShape, joinMembers } from "../../../agent/model/ensemble.js";
import { layerSizes, type MlpShape, weightCount } from "../../../agent/model/network.js";
import { RolloutModel, type RolloutOptions } from "../../../agent/rollout/rollout.js";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import { differences } from "../../planners/problems.js";
import { angleTask, normals, predictedChange, randomDynamics, relativeError } from "../fixtures.js";

const [HORIZON, SAMPLES, U, X] = [7, 6, 1, 3];

const opened: RolloutModel[] = [];
afterEach(async () => {
  for (const model of opened.splice(0)) await model.release();
});

/** Three networks, with the weights of the columns of a progressive network where they are in blocks. */
function problem(hidden: readonly number[], activation: MlpShape["activation"], blocks: number) {
  const rng = Rng.fromSeed(7);
  const plain = dynamicsShape(angleTask.spec, hidden, activation);
  const member: MlpShape = blocks === 1 ? plain : { ...plain, blocks };
  const { normalizer } = randomDynamics(member, X, rng);
  normalizer.targetStd.forEach((std, i) => {
    normalizer.targetStd[i] = 0.3 * std;
  });
  const weights = [0, 1, 2].map(() => {
    const own = normals(rng, weightCount(member), 0.5);
    let at = 0;
    const layers = layerSizes(member);
    layers.forEach(([ins, outs], l) => {
      for (let k = 0; l > 0 && l < layers.length - 1 && k < ins * outs; k++) {
        const [i, o] = [Math.floor(k / outs), k % outs];
        if (Math.floor((i * blocks) / ins) > Math.floor((o * blocks) / outs)) own[at + k] = 0;
      }
      at += (ins + 1) * outs;
    });
    return own;
  });
  const start = normals(rng, X);
  const actions = normals(rng, HORIZON * SAMPLES * U);
  return { member, normalizer, weights, start, actions };
}

type Problem = ReturnType<typeof problem>;

/** What follows from the n-th sequence when each observation is the mean of what the members predict, in float64. */
function byHand({ member, normalizer, weights, start, actions }: Problem, n: number) {
  let [x, cost] = [[...start], 0];
  const observations: number[] = [];
  for (let h = 0; h < HORIZON; h++) {
    const u = [actions[h * SAMPLES + n]!];
    const changes = weights.map((own) =>
      predictedChange(angleTask, { shape: member, weights: own, normalizer }, x, u),
    );
    const next = x.map((v, i) => v + changes.reduce((sum, change) => sum + change[i]!, 0) / weights.length);
    cost -= angleTask.reward(eagerOps, {
      observation: Float64Array.from(x),
      action: Float64Array.from(u),
      nextObservation: Float64Array.from(next),
    })[0]!;
    observations.push(...next);
    x = next;
  }
  return { cost, observations };
}

async function load(p: Problem, shape: MlpShape, options: RolloutOptions = {}) {
  const model = await RolloutModel.create(angleTask, shape, HORIZON, options);
  opened.push(model);
  await model.load(joinMembers(p.member, p.weights), p.normalizer);
  return model;
}

describe.each([
  { hidden: [9], activation: "elu", blocks: 1 },
  { hidden: [9, 6], activation: "tanh", blocks: 1 },
  { hidden: [16, 10, 5], activation: "relu", blocks: 1 },
  { hidden: [6, 9, 12], activation: "elu", blocks: 3 },
] as const)("an ensemble of three networks $hidden $activation in $blocks blocks", (given) => {
  const p = problem(given.hidden, given.activation, given.blocks);
  const shape = ensembleShape(p.member, 3);
  const { members: _, blocks: __, ...dense } = shape;
  const hands = Array.from({ length: SAMPLES }, (_, n) => byHand(p, n));

  it("costs what the mean of its members costs, and so does the same network without blocks", async () => {
    for (const each of [shape, dense]) {
      const costs = await (await load(p, each)).costs(p.start, p.actions, SAMPLES);
      expect(
        relativeError(
          costs,
          hands.map(({ cost }) => cost),
        ),
      ).toBeLessThan(1e-5);
    }
  });

  it("predicts the observations of the mean", async () => {
    const ofFirst = Float32Array.from({ length: HORIZON }, (_, h) => p.actions[h * SAMPLES]!);
    for (const each of [shape, dense]) {
      const observations = await (await load(p, each)).observations(p.start, ofFirst);
      expect(relativeError(observations, hands[0]!.observations)).toBeLessThan(1e-5);
    }
  });

  it("has the derivatives of the network without blocks and of its own costs", async () => {
    const gradients: Float32Array[] = [];
    for (const each of [shape, dense]) {
      for (const derivatives of ["kernel", "graph"] as const) {
        const model = await load(p, each, { derivatives });
        const { costs, gradient } = await model.gradient(p.start, p.actions, SAMPLES);
        expect(
          relativeError(
            costs,
            hands.map(({ cost }) => cost),
          ),
        ).toBeLessThan(1e-5);
        gradients.push(gradient.slice());
      }
    }
    for (const gradient of gradients) expect(relativeError(gradient, gradients[3]!)).toBeLessThan(1e-4);
    const model = await load(p, shape);
    const costs = (actions: Float32Array, count: number) => model.costs(p.start, actions, count);
    const wanted = await differences(costs, U)(p.actions, SAMPLES);
    expect(relativeError(gradients[0]!, wanted.gradient)).toBeLessThan(5e-3);
  });
});
