import { afterEach, describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { StateSpec } from "../../../agent/model/model-state.js";
import { layerSizes, type MlpShape } from "../../../agent/model/network.js";
import { RolloutModel, type RolloutOptions } from "../../../agent/rollout/rollout.js";
import { Rng } from "../../../sim/core/rng.js";
import type { Task } from "../../../sim/task.js";
import { findSuite } from "../../../tasks/registry.js";
import { differences } from "../../planners/problems.js";
import {
  absoluteTask,
  bits,
  normals,
  pointTask,
  randomDynamics,
  relativeError,
  withMoving,
} from "../fixtures.js";

const opened: RolloutModel[] = [];
afterEach(async () => {
  for (const model of opened.splice(0)) await model.release();
});

const firstTask = (suite: string): Task => findSuite(suite).tasks[0]!;

/** Ends where the position is far from 0; no reward counts, nor is a number, afterwards. */
const ending: Task = {
  ...pointTask,
  terminated: (ops, x) => ops.sub(ops.abs(ops.slice(x, 0, 1)), ops.constant([0.8])),
  reward: (ops, { observation, ...rest }) => {
    const left = ops.sub(ops.constant([0.81]), ops.abs(ops.slice(observation, 0, 1)));
    return ops.add(pointTask.reward(ops, { observation, ...rest }), ops.sqrt(left));
  },
};

/** Its reward reads nothing but the next observation. */
const placeOnly: Task = { ...pointTask, reward: (ops, { nextObservation }) => ops.sum(nextObservation) };

interface Case {
  readonly name: string;
  readonly task: Task;
  readonly hidden: readonly number[];
  readonly activation: MlpShape["activation"];
  readonly horizon?: number;
  readonly history?: number;
  readonly blocks?: number;
  /** Mean of the first input, where it is large. */
  readonly offset?: number;
  /** Steps for which the last reward is held. */
  readonly rest?: number;
}

const CASES: readonly Case[] = [
  {
    name: "push with changes of two steps",
    task: firstTask("push"),
    hidden: [100, 100],
    activation: "elu",
    history: 2,
  },
  { name: "push-slide", task: firstTask("push-slide"), hidden: [20], activation: "tanh", history: 1 },
  { name: "door, with quaternions", task: firstTask("door"), hidden: [33, 17], activation: "elu" },
  {
    name: "cheetah, with angles and absolute channels",
    task: firstTask("cheetah"),
    hidden: [30, 9],
    activation: "elu",
  },
  { name: "cartpole", task: firstTask("cartpole"), hidden: [16, 16], activation: "tanh" },
  { name: "reacher", task: firstTask("reacher"), hidden: [24], activation: "tanh" },
  {
    name: "absolute channels with changes",
    task: withMoving(absoluteTask, "position", "velocity"),
    hidden: [11],
    activation: "elu",
    history: 3,
  },
  { name: "episodes that end", task: ending, hidden: [9, 7], activation: "tanh" },
  { name: "a held reward", task: pointTask, hidden: [9, 7], activation: "elu", rest: 30 },
  { name: "a held reward and episodes that end", task: ending, hidden: [9, 7], activation: "elu", rest: 12 },
  { name: "an input with a large mean", task: pointTask, hidden: [10], activation: "elu", offset: 1e6 },
  { name: "layers of blocks", task: pointTask, hidden: [12, 12, 12], activation: "relu", blocks: 3 },
  { name: "a reward of the next observation alone", task: placeOnly, hidden: [8], activation: "elu" },
  {
    name: "a long horizon",
    task: firstTask("push"),
    hidden: [40, 40],
    activation: "elu",
    history: 2,
    horizon: 60,
  },
  { name: "one step", task: firstTask("door"), hidden: [10], activation: "elu", horizon: 1 },
];

/** Random dynamics for a case that move slowly enough for rollouts to stay in reach. */
function problem(
  { task, hidden, activation, history = 0, blocks, offset, horizon = 12 }: Case,
  seed: number,
) {
  const rng = Rng.fromSeed(seed);
  const states = new StateSpec(task.spec, history);
  const plain = dynamicsShape(task.spec, hidden, activation, false, history);
  const shape = blocks === undefined ? plain : { ...plain, blocks };
  const { weights, normalizer } = randomDynamics(shape, states.observationSize, rng);
  if (blocks !== undefined) clearLaterBlocks(weights, shape, blocks);
  normalizer.targetStd.forEach((std, i) => {
    normalizer.targetStd[i] = 0.1 * std;
    normalizer.targetMean[i]! *= 0.1;
  });
  const start = normals(rng, states.size, 0.3);
  if (offset !== undefined) {
    normalizer.inputMean[0] = offset;
    start[0]! += offset;
  }
  const actions = (samples: number) => normals(rng, horizon * samples * task.spec.action.length, 0.7);
  return { task, shape, horizon, history, weights, normalizer, start, actions };
}

/** Sets to zero what connects a block of a hidden layer to a later one of the layer before. */
function clearLaterBlocks(weights: Float32Array, shape: MlpShape, blocks: number): void {
  let at = 0;
  const sizes = layerSizes(shape);
  sizes.forEach(([ins, outs], l) => {
    for (let k = 0; l > 0 && l < sizes.length - 1 && k < ins * outs; k++) {
      const [i, o] = [Math.floor(k / outs), k % outs];
      if (Math.floor((i * blocks) / ins) > Math.floor((o * blocks) / outs)) weights[at + k] = 0;
    }
    at += (ins + 1) * outs;
  });
}

type Problem = ReturnType<typeof problem>;

async function load(p: Problem, derivatives: RolloutOptions["derivatives"], rest?: number) {
  const options = { history: p.history, holdReward: rest !== undefined, derivatives };
  const model = await RolloutModel.create(p.task, p.shape, p.horizon, options);
  opened.push(model);
  await model.load(p.weights, p.normalizer);
  if (rest !== undefined) model.hold(rest);
  return model;
}

describe.each(CASES)("the kernel's derivatives: $name", (given) => {
  it("are those of the graph, for any number of sequences", async () => {
    const p = problem(given, 5);
    const [kernel, graph] = [await load(p, "kernel", given.rest), await load(p, "graph", given.rest)];
    for (const samples of [5, 1, 8, 11]) {
      const actions = p.actions(samples);
      const { costs, gradient } = await kernel.gradient(p.start, actions, samples);
      const wanted = await graph.gradient(p.start, actions, samples);
      expect(wanted.gradient.every(Number.isFinite)).toBe(true);
      expect(relativeError(costs, wanted.costs)).toBeLessThan(1e-5);
      expect(relativeError(gradient, wanted.gradient)).toBeLessThan(1e-4);
    }
  });
});

// Costs jump where an episode's end moves to another step, and float32 leaves nothing of small differences beside 1e6.
const smooth = CASES.filter(({ task, offset }) => task !== ending && offset === undefined);

it.each(smooth)(
  "the kernel's derivatives are those of the costs, by central differences: $name",
  async (given) => {
    const p = problem(given, 6);
    const model = await load(p, "kernel", given.rest);
    const actions = p.actions(3);
    const { gradient } = await model.gradient(p.start, actions, 3);
    const costs = (a: Float32Array, n: number) => model.costs(p.start, a, n);
    const wanted = await differences(costs, p.task.spec.action.length)(actions, 3);
    expect(relativeError(gradient, wanted.gradient)).toBeLessThan(5e-3);
  },
);

const [push, door] = [CASES[0]!, CASES[2]!];

it.each([push, door])(
  "a sequence that leads to no number leaves the others' bits as they are: $name",
  async (given) => {
    const p = problem(given, 7);
    const U = p.task.spec.action.length;
    const [samples, wild] = [6, 2];
    const model = await load(p, "kernel");
    const actions = p.actions(samples);
    const calm = await model.gradient(p.start, actions, samples);
    const [costs, gradient] = [calm.costs.slice(), calm.gradient.slice()];
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e38]) {
      const changed = actions.slice();
      changed.fill(value, wild * U, (wild + 1) * U);
      const got = await model.gradient(p.start, changed, samples);
      // Infinity is an answer that planners take for the worst, too.
      expect(Number.isFinite(got.costs[wild])).toBe(false);
      for (let i = 0; i < costs.length; i++) if (i !== wild) expect(got.costs[i]).toBe(costs[i]);
      for (let i = 0; i < gradient.length; i++) {
        if (Math.floor(i / U) % samples !== wild) expect(got.gradient[i]).toBe(gradient[i]);
      }
    }
    const again = await model.gradient(p.start, actions, samples);
    expect(bits(again.gradient).equals(bits(gradient))).toBe(true);
  },
);

it("has no finite cost from a state that is no number", async () => {
  const p = problem(push, 8);
  const model = await load(p, "kernel");
  const state = p.start.slice();
  state[3] = Number.NaN;
  const { costs } = await model.gradient(state, p.actions(4), 4);
  expect([...costs].every(Number.isNaN)).toBe(true);
});

it("takes new weights, a normaliser with a large mean and back, and repeats bit by bit", async () => {
  const [p, q] = [problem(push, 9), problem({ ...push, offset: 1e6 }, 10)];
  const model = await load(p, "kernel");
  const actions = p.actions(5);
  const slope = async () => (await model.gradient(p.start, actions, 5)).gradient.slice();
  const first = await slope();
  await model.load(q.weights, q.normalizer);
  const { gradient } = await model.gradient(q.start, actions, 5);
  const graph = await load(q, "graph");
  expect(relativeError(gradient, (await graph.gradient(q.start, actions, 5)).gradient)).toBeLessThan(1e-4);
  await model.load(q.weights, p.normalizer);
  expect(relativeError(await slope(), first)).toBeGreaterThan(0.01);
  await model.load(p.weights, p.normalizer);
  expect(bits(await slope()).equals(bits(first))).toBe(true);
});
