import { afterEach, describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { StateSpec } from "../../../agent/model/model-state.js";
import type { MlpShape } from "../../../agent/model/network.js";
import { MpcPolicy } from "../../../agent/policy.js";
import { PlanningThreads } from "../../../agent/rollout/planning-threads.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import type { Task } from "../../../sim/task.js";
import {
  absoluteTask,
  angleTask,
  bits,
  normals,
  partsFor,
  pointTask,
  predictedChange,
  randomDynamics,
  tinySettings,
  withMoving,
} from "../fixtures.js";

const HORIZON = 6;
const models: RolloutModel[] = [];
afterEach(async () => {
  for (const model of models.splice(0)) await model.release();
});

/** Random dynamics for a task. */
function problem(
  task: Task,
  activation: MlpShape["activation"],
  hidden: readonly number[],
  seed: number,
  history = 0,
) {
  const rng = Rng.fromSeed(seed);
  const states = new StateSpec(task.spec, history);
  const shape = dynamicsShape(task.spec, hidden, activation, false, history);
  const dynamics = randomDynamics(shape, states.observationSize, rng);
  return { rng, task, states, history, ...dynamics, start: normals(rng, states.size) };
}

type Problem = ReturnType<typeof problem>;

/** The state `f(s, u)` in float64. */
function predict({ states, task, history, ...dynamics }: Problem, s: number[], u: number[]): number[] {
  const X = states.observationSize;
  const change = predictedChange({ ...task, spec: states.spec }, dynamics, s, u);
  const x = s.slice(0, X).map((v, i) => (task.spec.observation[i]!.absolute ? 0 : v) + change[i]!);
  if (history === 0) return x;
  const channels = task.spec.observation.map(({ name }) => name);
  const changes = (task.spec.moving ?? []).map(({ weights }) =>
    channels.reduce((sum, name, i) => sum + (weights[name] ?? 0) * (x[i]! - s[i]!), 0),
  );
  return [...x, ...changes, ...s.slice(X, s.length - changes.length)];
}

/** Cost and states of the actions `[H, U]`, given as rows. */
function trajectory(p: Problem, actions: readonly number[][]) {
  let [s, cost] = [[...p.start], 0];
  const observed = (state: number[]) => Float64Array.from(state.slice(0, p.states.observationSize));
  const states = actions.map((u) => {
    const next = predict(p, s, u);
    const transition = {
      observation: observed(s),
      action: Float64Array.from(u),
      nextObservation: observed(next),
    };
    cost -= p.task.reward(eagerOps, transition)[0]!;
    s = next;
    return [...observed(next)];
  });
  return { cost, states };
}

/** Costs of actions `[H, N, U]`, one trajectory after another. */
function reference(p: Problem, actions: Float32Array, samples: number) {
  const U = p.task.spec.action.length;
  const row = (h: number, n: number) => [
    ...actions.subarray((h * samples + n) * U, (h * samples + n + 1) * U),
  ];
  return Array.from(
    { length: samples },
    (_, n) =>
      trajectory(
        p,
        Array.from({ length: HORIZON }, (_, h) => row(h, n)),
      ).cost,
  );
}

async function load(
  { task, shape, weights, normalizer, history }: Problem,
  threads?: PlanningThreads,
): Promise<RolloutModel> {
  const model = await RolloutModel.create(task, shape as MlpShape, HORIZON, { threads, history });
  models.push(model);
  await model.load(weights, normalizer);
  return model;
}

/** Hidden layers in three blocks, none of which reads a later one. */
function blockProblem(seed: number): Problem {
  const blocks = 3;
  const hidden = [6, 9, 6] as const;
  const p = problem(angleTask, "tanh", hidden, seed);
  let at = (p.shape.sizes[0]! + 1) * hidden[0];
  for (const [rows, columns] of [
    [hidden[0], hidden[1]],
    [hidden[1], hidden[2]],
  ] as const) {
    for (let r = 0; r < rows; r++) {
      const first = Math.floor((r * blocks) / rows) * (columns / blocks);
      p.weights.fill(0, at + r * columns, at + r * columns + first);
    }
    at += (rows + 1) * columns;
  }
  return { ...p, shape: { ...p.shape, blocks } as Problem["shape"] };
}

/** The point beside a channel that stays as large as a time since 1970. */
function clockProblem(seed: number): Problem {
  const clock = { name: "clock", unit: "s" };
  const task: Task = {
    ...pointTask,
    spec: { ...pointTask.spec, observation: [...pointTask.spec.observation, clock] },
    reward: (ops, { nextObservation, ...rest }) =>
      pointTask.reward(ops, { ...rest, nextObservation: ops.slice(nextObservation, 0, 2) }),
  };
  const p = problem(task, "tanh", [9, 7], seed);
  p.start[2] = 1.7e9;
  p.normalizer.inputMean[2] = 1.7e9;
  p.normalizer.inputScale[2] = 1;
  p.normalizer.targetMean[2] = 0;
  p.normalizer.targetStd[2] = 0;
  return p;
}

const problems = [
  { name: "point, relu, two hidden layers", make: () => problem(pointTask, "relu", [7, 5], 1) },
  { name: "angle, elu, one hidden layer", make: () => problem(angleTask, "elu", [9], 2) },
  { name: "angle, tanh, two hidden layers", make: () => problem(angleTask, "tanh", [6, 6], 3) },
  { name: "angle, tanh, three hidden layers in blocks", make: () => blockProblem(4) },
  { name: "absolute channel, elu, two hidden layers", make: () => problem(absoluteTask, "elu", [6, 6], 14) },
  {
    name: "changes of three steps, tanh, one hidden layer",
    make: () => problem(withMoving(angleTask, "position", "velocity"), "tanh", [9], 16, 3),
  },
  { name: "channel as large as a time, tanh, two hidden layers", make: () => clockProblem(15) },
];

describe.each(problems)("$name", ({ make }) => {
  it("costs what an independent rollout in float64 costs, for N that grows and shrinks", async () => {
    const p = make();
    const U = p.task.spec.action.length;
    const model = await load(p);
    for (const samples of [5, 1, 33, 8]) {
      const actions = normals(p.rng, HORIZON * samples * U);
      const costs = await model.costs(p.start, actions, samples);
      const wanted = reference(p, actions, samples);
      expect(costs).toHaveLength(samples);
      wanted.forEach((cost, n) => {
        expect(Math.abs(costs[n]! - cost) / (1 + Math.abs(cost))).toBeLessThan(1e-4);
      });
      if (samples > 1) expect(Math.max(...costs) - Math.min(...costs)).toBeGreaterThan(0.01);
    }
  });

  it("predicts the states that an independent rollout passes through", async () => {
    const p = make();
    const [X, U] = [p.task.spec.observation.length, p.task.spec.action.length];
    const model = await load(p);
    for (const samples of [3, 1]) {
      const actions = normals(p.rng, samples * HORIZON * U);
      const states = await model.observations(p.start, actions);
      expect(states).toHaveLength(samples * HORIZON * X);
      const rows = Array.from({ length: samples * HORIZON }, (_, i) => [
        ...actions.subarray(i * U, (i + 1) * U),
      ]);
      const wanted = Array.from({ length: samples }, (_, n) =>
        trajectory(p, rows.slice(n * HORIZON, (n + 1) * HORIZON)),
      ).flatMap(({ states }) => states.flat());
      wanted.forEach((value, i) => {
        expect(Math.abs(states[i]! - value) / (1 + Math.abs(value))).toBeLessThan(1e-4);
      });
    }
  });

  it("repeats bit by bit, after other calls and in another session", async () => {
    const p = make();
    const U = p.task.spec.action.length;
    const [model, other] = [await load(p), await load(p)];
    const actions = normals(p.rng, HORIZON * 24 * U);
    const first = (await model.costs(p.start, actions, 24)).slice();
    await model.costs(p.start, normals(p.rng, HORIZON * 70 * U), 70);
    expect(bits(await model.costs(p.start, actions, 24)).equals(bits(first))).toBe(true);
    expect(bits(await other.costs(p.start, actions, 24)).equals(bits(first))).toBe(true);
  });

  it("reads more actions than asked for only as far as asked", async () => {
    const p = make();
    const U = p.task.spec.action.length;
    const model = await load(p);
    const actions = normals(p.rng, HORIZON * 4 * U);
    const alone = (await model.costs(p.start, actions, 4)).slice();
    const padded = Float32Array.of(...actions, 9, 9, 9);
    expect([...(await model.costs(p.start, padded, 4))]).toEqual([...alone]);
  });
});

it("uses new weights, normalisers and observations as soon as they are given", async () => {
  const [p, q] = [problem(pointTask, "relu", [7], 4), problem(pointTask, "relu", [7], 5)];
  const model = await load(p);
  const actions = normals(p.rng, HORIZON * 3 * 2);
  const mixes = [p, { ...p, weights: q.weights }, { ...q, start: p.start }, q];
  for (const mix of mixes) {
    await model.load(mix.weights, mix.normalizer);
    const costs = await model.costs(mix.start, actions, 3);
    reference(mix, actions, 3).forEach((cost, n) => {
      expect(Math.abs(costs[n]! - cost) / (1 + Math.abs(cost))).toBeLessThan(1e-4);
    });
  }
});

/** Keeps the calling thread from work for `ms`, so that workers do most of it also on a busy machine. */
const pause = (ms: number) => () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe("on several threads", () => {
  const crews: PlanningThreads[] = [];
  afterEach(async () => {
    for (const crew of crews.splice(0)) await crew.close();
  });
  const team = (threads: number) => {
    const created = PlanningThreads.create(threads);
    crews.push(created);
    return created;
  };

  it("costs the same bits with 1, 2 and 3 threads, for any N, after new weights and a larger N", async () => {
    const p = problem(angleTask, "elu", [200, 200], 7);
    const other = problem(angleTask, "elu", [200, 200], 8);
    const alone = await load(p);
    const teams = [await load(p, team(2)), await load(p, team(3))];
    for (const { weights, normalizer } of [p, other]) {
      for (const model of [alone, ...teams]) await model.load(weights, normalizer);
      for (const samples of [160, 501, 97, 1000, 333]) {
        const actions = normals(p.rng, HORIZON * samples);
        const wanted = bits(await alone.costs(p.start, actions, samples));
        for (const model of teams) {
          for (const ms of [200, 0, 10, 0, 3, 0]) {
            const got = bits(await model.costs(p.start, actions, samples, pause(ms)));
            expect(got.equals(wanted), `${samples} samples`).toBe(true);
          }
        }
      }
    }
  });

  it("goes to and fro between normalisers with large means and without, on several threads too", async () => {
    const large = clockProblem(16);
    const small = { ...large, ...randomDynamics(large.shape, 3, Rng.fromSeed(17)) };
    const actions = normals(large.rng, HORIZON * 320 * 2);
    const [alone, together] = [await load(large), await load(large, team(2))];
    for (const p of [small, large, small]) {
      for (const model of [alone, together]) await model.load(p.weights, p.normalizer);
      const costs = (await alone.costs(p.start, actions, 320)).slice();
      expect(bits(await together.costs(p.start, actions, 320)).equals(bits(costs))).toBe(true);
      const fresh = await load(p);
      expect(bits(await fresh.costs(p.start, actions, 320)).equals(bits(costs))).toBe(true);
    }
  });

  it("keeps models apart that share the threads", async () => {
    const [p, q] = [problem(pointTask, "relu", [30], 9), problem(angleTask, "tanh", [20, 20], 10)];
    const threads = team(2);
    const pairs = [p, q].map(async (x) => ({ x, alone: await load(x), shared: await load(x, threads) }));
    for (const ms of [200, 10, 0, 10, 3, 0]) {
      for (const { x, alone, shared } of await Promise.all(pairs)) {
        const actions = normals(x.rng, HORIZON * 300 * x.task.spec.action.length);
        const wanted = bits(await alone.costs(x.start, actions, 300));
        expect(bits(await shared.costs(x.start, actions, 300, pause(ms))).equals(wanted)).toBe(true);
      }
    }
  });

  it.each([
    ["cem", 0],
    ["icem", 0],
    ["icem", 2],
    ["mppi", 0],
    ["pddm", 0],
    ["random", 0],
    ["gradient", 0],
  ])(
    "plans the same with %s on 1 and 2 threads, with %d gradient steps at the end",
    async (name, polishSteps) => {
      const settings = tinySettings([
        ...(polishSteps > 0 ? [`planner.polishSteps=${polishSteps}`] : []),
        ...[`planner.name=${name}`, "planner.samples=300", "planner.restarts=8", "planner.gradientSteps=3"],
        "planner.horizon=6",
      ]);
      const p = problem(pointTask, "relu", [64], 11);
      const policies = [];
      for (const threads of [undefined, team(2)]) {
        const policy = await MpcPolicy.create(
          p.task,
          p.shape,
          settings,
          partsFor(settings).planner,
          Rng.fromSeed(12),
          threads,
        );
        await policy.load(p.weights, p.normalizer);
        policies.push(policy);
      }
      for (let step = 0; step < 30; step++) {
        const observation = normals(p.rng, 2);
        const [one, two] = [await policies[0]!.act(observation, 0), await policies[1]!.act(observation, 0)];
        expect(bits(two).equals(bits(one)), `step ${step}`).toBe(true);
        expect(policies[1]!.state()).toEqual(policies[0]!.state());
      }
      for (const policy of policies) await policy.release();
    },
  );

  it("lets the caller work meanwhile, once per call", async () => {
    const p = problem(pointTask, "relu", [30], 13);
    const model = await load(p, team(2));
    let calls = 0;
    await model.costs(p.start, normals(p.rng, HORIZON * 320 * 2), 320, () => calls++);
    expect(calls).toBe(1);
  });
});
