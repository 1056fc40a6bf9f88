import { Agent } from "../../agent/agent.js";
import { ONE_THREAD } from "../../agent/compute.js";
import type { TaskDynamics } from "../../agent/model/dynamics.js";
import { StateSpec } from "../../agent/model/model-state.js";
import { PRECISIONS } from "../../agent/model/precision.js";
import { RolloutModel } from "../../agent/rollout/rollout.js";
import { selectElites } from "../../planners/sampling.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import { randomAction } from "../../sim/random-action.js";
import { initPhysics } from "../../sim/world.js";
import { medians, timedOnProcessor } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";
import { type BenchSize, benchSize } from "./sizes.js";

/** A size at which int8 is compared with float32. */
interface Case {
  readonly suite: "push" | "door";
  readonly profile: "quick" | "paper";
  /** What else is assigned, and how the figures' names tell it. */
  readonly changes: readonly string[];
  readonly suffix: string;
}

const WIDE = "dynamics.hidden=[200,200]";
const CASES: readonly Case[] = [
  { suite: "push", profile: "quick", changes: [], suffix: "quick" },
  { suite: "push", profile: "quick", changes: [WIDE], suffix: "quickWide" },
  { suite: "push", profile: "paper", changes: [], suffix: "paper" },
  { suite: "push", profile: "paper", changes: ["dynamics.normalizeTargets=true"], suffix: "paperNormalized" },
  { suite: "door", profile: "quick", changes: [], suffix: "quick" },
  { suite: "door", profile: "quick", changes: [WIDE], suffix: "quickWide" },
  { suite: "door", profile: "paper", changes: [], suffix: "paper" },
  { suite: "door", profile: "paper", changes: ["dynamics.normalizeTargets=true"], suffix: "paperNormalized" },
];

/** Learning is short, by the method that has nothing to learn but the network. */
const LEARNING = ["loop.bufferCapacity=1200", "loop.trainIterations=1500", "mlp.learningRate=1e-3"];
const STEPS = 1200;
/** States whose plans are compared. */
const STATES = 20;
/** Calls in one measurement of a small batch. */
const CALLS = 10;

/**
 * Rolling out one iteration of a plan in int8 against float32, through networks that have learned 1,200 random steps: how long it takes,
 * and how alike the costs are by which sequences are chosen.
 */
export async function benchPrecision(): Promise<Section> {
  await initPhysics();
  const sections: Section[] = [];
  for (const one of CASES) sections.push(await benchOne(one));
  return joinSections(sections);
}

async function benchOne({ suite, profile, changes, suffix }: Case): Promise<Section> {
  const size = benchSize(suite, [...LEARNING, ...changes], profile, "single");
  const { settings, task } = size;
  const { samples, horizon, elites } = settings.planner;
  const { dynamics, states } = await learn(size);
  const models = await open(size, dynamics);
  const rng = Rng.fromSeed(3);
  const actions = states.map(() => {
    const all = new Float32Array(horizon * samples * task.spec.action.length);
    rng.fillNormal(all);
    return all.map((value) => Math.max(-1, Math.min(1, value)));
  });
  const likeness = await compare(models, states, actions, samples, Math.min(elites, samples));
  const calls = samples < 200 ? CALLS : 1;
  const jobs = models.map((model) =>
    timedOnProcessor(async () => {
      for (let call = 0; call < calls; call++)
        await model.costs(firstOf(states, "states"), firstOf(actions, "plans"), samples);
    }),
  );
  const ms = (await medians(jobs)).map((time) => time / calls);
  for (const model of models) await model.release();
  const [float32Ms, int8Ms] = [elementAt(ms, 0, "times"), elementAt(ms, 1, "times")];
  const net = settings.dynamics.hidden.join("-");
  const alike = `rank correlation ${likeness.rank.toFixed(4)}, elites alike ${likeness.elites.toFixed(2)}`;
  const row = {
    what: `roll out ${samples} × ${horizon} of ${suite}, net ${net}, int8`,
    figure: `${int8Ms.toFixed(2)} ms`,
    against: `float32 ${float32Ms.toFixed(2)} ms; ${alike}`,
    ratio: (int8Ms / float32Ms).toFixed(2),
  };
  const figures = named(`precision.${suite}.${suffix}`, {
    ms: [int8Ms, "ms"],
    float32Ms: [float32Ms, "ms"],
    ratio: [int8Ms / float32Ms, "ratio"],
    rankCorrelation: [likeness.rank, "share"],
    elitesAlike: [likeness.elites, "share"],
  });
  return { figures, rows: [row] };
}

/** Learns the dynamics from random steps. @returns them, and states `[S]` that were met */
async function learn({ task, settings, parts }: BenchSize): Promise<{
  readonly dynamics: TaskDynamics;
  readonly states: readonly Float32Array[];
}> {
  const agent = new Agent([task], settings, parts, Rng.fromSeed(1), ONE_THREAD);
  const environment = new Environment(task);
  const rng = Rng.fromSeed(2);
  const spec = new StateSpec(task.spec, settings.dynamics.history);
  const met: Float32Array[] = [];
  await agent.beginVisit(0);
  let state = spec.first(environment.reset(0));
  let held: Float32Array = new Float32Array(0);
  for (let step = 0; step < STEPS; step++) {
    if (environment.over) state = spec.first(environment.reset(step));
    if (step % settings.loop.randomHold === 0) held = randomAction(task.spec, rng);
    const { observation } = environment.step(held);
    agent.remember(state, held, observation);
    state = spec.next(state, observation);
    if (step % (STEPS / STATES) === 0) met.push(state);
  }
  await agent.adopt(agent.startTraining());
  const dynamics = await agent.dynamicsOf(0);
  environment.close();
  await agent.release();
  return { dynamics, states: met };
}

/** A model in each precision. */
async function open({ task, settings }: BenchSize, dynamics: TaskDynamics): Promise<RolloutModel[]> {
  const models: RolloutModel[] = [];
  for (const precision of PRECISIONS) {
    const options = { history: settings.dynamics.history, precision };
    const model = await RolloutModel.create(task, dynamics.shape, settings.planner.horizon, options);
    await model.load(dynamics.weights, dynamics.normalizer);
    models.push(model);
  }
  return models;
}

/** Means over the states of the costs' rank correlation, and of the share of the best sequences that are the best in both. */
async function compare(
  models: readonly RolloutModel[],
  states: readonly Float32Array[],
  actions: readonly Float32Array[],
  samples: number,
  elites: number,
): Promise<{ readonly rank: number; readonly elites: number }> {
  const sums = { rank: 0, elites: 0 };
  for (const [i, state] of states.entries()) {
    const plans = elementAt(actions, i, "plans");
    const orders: Int32Array[] = [];
    for (const model of models) {
      orders.push(orderOf(await model.costs(state, plans, samples)));
    }
    const [a, b] = [elementAt(orders, 0, "orders"), elementAt(orders, 1, "orders")];
    const best = new Set(a.subarray(0, elites));
    sums.rank += rankCorrelation(a, b) / states.length;
    sums.elites += b.subarray(0, elites).filter((n) => best.has(n)).length / elites / states.length;
  }
  return sums;
}

/** Numbers of the sequences, the cheapest first. */
function orderOf(costs: Float32Array): Int32Array {
  const order = new Int32Array(costs.length);
  selectElites(costs, order);
  return order;
}

/** Spearman's, of two orders of the same N. */
function rankCorrelation(a: Int32Array, b: Int32Array): number {
  const N = a.length;
  const place = new Int32Array(N);
  for (const [rank, n] of b.entries()) place[n] = rank;
  const squares = a.reduce((sum, n, rank) => sum + (rank - place[n]!) ** 2, 0);
  return 1 - (6 * squares) / (N * (N * N - 1));
}
