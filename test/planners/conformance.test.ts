import { describe, expect, it } from "vitest";
import { planners } from "../../planners/registry.js";
import type { CostFunction, Planner, PlanningProblem } from "../../planners/types.js";
import { InputError, RunError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { reach, recording, throughJson } from "./problems.js";

type Make = (seed: number, problem?: PlanningProblem) => Planner;

const small = { samples: 40, elites: 8, iterations: 3, initialStd: 1 };
const { cem, icem } = planners;
const variants: [string, Make][] = [
  ["cem", (seed, p = reach.problem) => cem.create(p, { ...cem.defaults, ...small }, Rng.fromSeed(seed))],
  [
    "cem choosing the best",
    (seed, p = reach.problem) =>
      cem.create(p, { ...cem.defaults, ...small, chooseBest: true }, Rng.fromSeed(seed)),
  ],
  ["icem", (seed, p = reach.problem) => icem.create(p, { ...icem.defaults, ...small }, Rng.fromSeed(seed))],
  [
    "icem with white noise",
    (seed, p = reach.problem) =>
      icem.create(p, { ...icem.defaults, ...small, noiseBeta: 0 }, Rng.fromSeed(seed)),
  ],
];

async function actions(planner: Planner, steps: number): Promise<number[][]> {
  const out: number[][] = [];
  let x = reach.start;
  for (let t = 0; t < steps; t++) {
    const u = await planner.plan(reach.cost(x));
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
      Float32Array.from({ length: n }, (_, i) => -all[2 * i] - all[2 * i + 1]),
    );
    const planner = make(5, problem);
    const action = await planner.plan(cost);
    await planner.plan(cost);
    for (const u of [0, 1]) {
      const values = batches.flatMap(({ actions: a }) => [...a].filter((_, i) => i % 2 === u));
      expect(Math.min(...values)).toBe(problem.low[u]);
      expect(Math.max(...values)).toBe(problem.high[u]);
      expect(action[u]).toBeGreaterThan(problem.high[u] - 0.5);
      expect(action[u]).toBeLessThanOrEqual(problem.high[u]);
    }
  });

  it("works with a horizon of one, saved state included", async () => {
    const problem = { horizon: 1, low: [-1], high: [1] };
    const cost: CostFunction = async (a, n) => a.slice(0, n).map((v) => (v - 0.4) ** 2);
    const planner = make(6, problem);
    for (let t = 0; t < 3; t++) expect(Math.abs((await planner.plan(cost))[0] - 0.4)).toBeLessThan(0.1);
    make(7, problem).restore(planner.state());
  });

  it("fails when all costs are non-finite, and leaves the warm start alone", async () => {
    const planner = make(8);
    await actions(planner, 2);
    const before = planner.state();
    await expect(planner.plan(async (_, n) => new Float32Array(n).fill(Number.NaN))).rejects.toThrow(
      RunError,
    );
    expect(planner.state().arrays).toEqual(before.arrays);
  });

  it("avoids sequences whose cost is not finite", async () => {
    // The lowest finite cost lies at u = 0.2; everything above diverges.
    const cost: CostFunction = async (a, n) =>
      Float32Array.from({ length: n }, (_, i) => (a[2 * i] > 0.2 ? Number.NaN : -a[2 * i]));
    const [u] = await make(9).plan(cost);
    expect(u).toBeLessThanOrEqual(0.2);
    expect(u).toBeGreaterThan(-0.3);
  });

  it("rejects a wrong number of costs", async () => {
    await expect(make(10).plan(async () => new Float32Array(3))).rejects.toThrow(/got 3; expected \d+/);
  });

  it("rejects a state of another horizon and keeps its own", async () => {
    const planner = make(11);
    await actions(planner, 1);
    const before = throughJson(planner.state());
    const other = make(12, { ...reach.problem, horizon: 4 });
    await other.plan(async (_, n) => new Float32Array(n));
    expect(() => planner.restore(other.state())).toThrow(InputError);
    expect(throughJson(planner.state())).toEqual(before);
  });
});
