import { describe, expect, it } from "vitest";
import { cemPlanner } from "../../planners/cem.js";
import { gradientPlanner } from "../../planners/gradient.js";
import { icemPlanner } from "../../planners/icem.js";
import { mppiPlanner } from "../../planners/mppi.js";
import { pddmPlanner } from "../../planners/pddm.js";
import { randomPlanner } from "../../planners/random.js";
import type {
  CostFunction,
  CostGradientFunction,
  Planner,
  PlannerDefinition,
  PlanningProblem,
} from "../../planners/types.js";
import { InputError, RunError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues, type SettingFields, type SettingValues } from "../../sim/core/setting-fields.js";
import { differences, reach, recording, throughJson } from "./problems.js";

type Make = (seed: number, problem?: PlanningProblem) => Planner;

const small = { samples: 40, elites: 8, iterations: 3, initialStd: 1 };

function variant<F extends SettingFields>(
  planner: PlannerDefinition<F>,
  settings: Partial<SettingValues<F>>,
): Make {
  const all = { ...defaultValues(planner.settings), ...settings };
  return (seed, problem = reach.problem) => planner.create(problem, all, Rng.fromSeed(seed));
}

const variants: [string, Make][] = [
  ["cem", variant(cemPlanner, { ...small })],
  ["cem choosing the best", variant(cemPlanner, { ...small, chooseBest: true })],
  ["icem", variant(icemPlanner, { ...small })],
  [
    "icem with annealing and refining",
    variant(icemPlanner, { ...small, annealIterations: 1, annealHorizon: 1, polishSteps: 2 }),
  ],
  ["icem with white noise", variant(icemPlanner, { ...small, noiseBeta: 0 })],
  ["mppi", variant(mppiPlanner, { samples: 40, noiseStd: 1, temperature: 0.03 })],
  [
    "mppi with its control cost",
    variant(mppiPlanner, { samples: 40, noiseStd: 1, temperature: 0.03, nominalShare: 0 }),
  ],
  ["pddm", variant(pddmPlanner, { samples: 200, noiseStd: 1, filterBeta: 0.8, rewardWeight: 30 })],
  ["random", variant(randomPlanner, { samples: 120 })],
  ["gradient", variant(gradientPlanner, { restarts: 12, noiseStd: 1 })],
];

/** Plans with a cost function and its derivatives by differences. */
const plan = (planner: Planner, cost: CostFunction, width: number) =>
  planner.plan(cost, differences(cost, width));

async function actions(planner: Planner, steps: number): Promise<number[][]> {
  const out: number[][] = [];
  let x = reach.start;
  for (let t = 0; t < steps; t++) {
    const u = await plan(planner, reach.cost(x), 2);
    x = reach.step(x, u);
    out.push([...u]);
  }
  return out;
}

describe.each(variants)("%s", (_name, make) => {
  it("repeats itself for the same seed and differs for another", async () => {
    const first = await actions(make(1), 4);
    expect(await actions(make(1), 4)).toEqual(first);
    expect(await actions(make(2), 4)).not.toEqual(first);
  });

  it("continues bit by bit from a saved state, in a fresh planner", async () => {
    const planner = make(3);
    await actions(planner, 3);
    const saved = throughJson(planner.state());
    const expected = await actions(planner, 3);
    const other = make(99);
    await actions(other, 1);
    other.restore(saved);
    expect(await actions(other, 3)).toEqual(expected);
    // The warm start is part of the state: without it the plans differ.
    other.restore({ rng: saved.rng, arrays: {} });
    expect(await actions(other, 3)).not.toEqual(expected);
  });

  it("hands out a state that later planning does not change", async () => {
    const planner = make(3);
    await actions(planner, 2);
    const state = planner.state();
    const before = throughJson(state);
    await actions(planner, 2);
    expect(state).toEqual(before);
  });

  it("forgets the warm start at a reset, but not its randomness", async () => {
    const planner = make(4);
    const first = await actions(planner, 2);
    planner.reset();
    expect(planner.state().arrays).toEqual({});
    expect(await actions(planner, 2)).not.toEqual(first);
  });

  it("keeps all samples and actions within unequal bounds, and uses the whole range", async () => {
    const problem = { horizon: 6, low: [-0.5, 0.25], high: [0.125, 2] };
    const { batches, cost } = recording(async (all, n) =>
      Float32Array.from({ length: n }, (_, i) => -all[2 * i]! - all[2 * i + 1]!),
    );
    const planner = make(5, problem);
    // Derivatives come from outside, so that only the planner's own sequences are seen.
    const slope: CostGradientFunction = async (all, n) => ({
      costs: await cost(all, n),
      gradient: all.map((_, i) => (i < 2 * n ? -1 : 0)),
    });
    const action = await planner.plan(cost, slope);
    await planner.plan(cost, slope);
    for (const u of [0, 1]) {
      const values = batches.flatMap(({ actions: a }) => [...a].filter((_, i) => i % 2 === u));
      const [low, high] = [Math.min(...values), Math.max(...values)];
      expect(low).toBeGreaterThanOrEqual(problem.low[u]!);
      expect(low).toBeLessThan(problem.low[u]! + 0.05);
      expect(high).toBeLessThanOrEqual(problem.high[u]!);
      expect(high).toBeGreaterThan(problem.high[u]! - 0.05);
      expect(action[u]).toBeGreaterThan(problem.high[u]! - 0.5);
      expect(action[u]).toBeLessThanOrEqual(problem.high[u]!);
    }
  });

  it("shows what it decided on and the best of what else it had in view", async () => {
    const planner = make(9);
    const action = await plan(planner, reach.cost(reach.start), 2);
    const { chosen, others } = planner.plans(4);
    const size = 2 * reach.problem.horizon;
    expect([...chosen.subarray(0, 2)]).toEqual([...action]);
    expect(chosen).toHaveLength(size);
    expect(others).toHaveLength(4 * size);
    const wide = Math.max(...reach.problem.high);
    expect(others.every((u) => Math.abs(u) <= wide)).toBe(true);
    const cost = async (sequence: Float32Array) => (await reach.cost(reach.start)(sequence, 1))[0]!;
    const first = await cost(others.subarray(0, size));
    expect(first).toBeLessThan(await cost(new Float32Array(size)));
    // MPPI's ranking also counts what its plan costs.
    expect(await cost(others.subarray(3 * size))).toBeGreaterThan(first - 0.001);
    expect(planner.plans(1).others).toEqual(others.subarray(0, size));
  });

  it("plans on as if nobody had looked", async () => {
    const [watched, alone] = [make(10), make(10)];
    for (let t = 0; t < 3; t++) {
      const [a, b] = [await actions(watched, 1), await actions(alone, 1)];
      expect(a).toEqual(b);
      const { chosen, others } = watched.plans(3);
      chosen.fill(9);
      others.fill(9);
    }
  });

  it("works with a horizon of one, saved state included", async () => {
    const problem = { horizon: 1, low: [-1], high: [1] };
    const cost: CostFunction = async (a, n) => a.slice(0, n).map((v) => (v - 0.4) ** 2);
    const planner = make(6, problem);
    for (let t = 0; t < 3; t++) expect(Math.abs((await plan(planner, cost, 1))[0]! - 0.4)).toBeLessThan(0.1);
    make(7, problem).restore(planner.state());
  });

  it("fails when all costs are non-finite, and leaves the warm start alone", async () => {
    const planner = make(8);
    await actions(planner, 2);
    const before = planner.state();
    const cost: CostFunction = async (_, n) => new Float32Array(n).fill(Number.NaN);
    await expect(plan(planner, cost, 2)).rejects.toThrow(RunError);
    expect(planner.state().arrays).toEqual(before.arrays);
  });

  it("avoids sequences whose cost is not finite", async () => {
    // The lowest finite cost lies at u = 0.2; everything above diverges.
    const cost: CostFunction = async (a, n) =>
      Float32Array.from({ length: n }, (_, i) => (a[2 * i]! > 0.2 ? Number.NaN : -a[2 * i]!));
    const [u] = await plan(make(9), cost, 2);
    expect(u).toBeLessThanOrEqual(0.2);
    expect(u).toBeGreaterThan(-0.3);
  });

  it("rejects a wrong number of costs", async () => {
    const cost: CostFunction = async () => new Float32Array(3);
    await expect(plan(make(10), cost, 2)).rejects.toThrow(/got 3; expected \d+/);
  });

  it("rejects a state of another horizon and keeps its own", async () => {
    const planner = make(11);
    await actions(planner, 1);
    const before = throughJson(planner.state());
    const other = make(12, { ...reach.problem, horizon: 4 });
    await plan(other, async (_, n) => new Float32Array(n), 2);
    expect(() => planner.restore(other.state())).toThrow(InputError);
    expect(throughJson(planner.state())).toEqual(before);
  });
});
