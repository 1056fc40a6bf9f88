import { describe, expect, it } from "vitest";
import { type CemSettings, cemPlanner, createCem } from "../../planners/cem.js";
import type { CostFunction, PlanningProblem } from "../../planners/types.js";
import { UsageError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { take } from "../take.js";
import { executeLqr, executeReach, lqr, median, reach, recording } from "./problems.js";

const SEEDS = [1, 2, 3, 4, 5, 6, 7];
const make = (settings: Partial<CemSettings>, seed: number, problem: PlanningProblem = lqr.problem) =>
  createCem(problem, { ...defaultValues(cemPlanner.settings), ...settings }, Rng.fromSeed(seed));

describe("against the closed form of LQR", () => {
  const ample = { samples: 1000, elites: 50, iterations: 10 };

  it.each([1, 2, 3])("executes within 1 percent of x'Px, seed %i", async (seed) => {
    const ratio = (await executeLqr(make(ample, seed), 8)) / lqr.optimalCost(lqr.start);
    expect(ratio).toBeGreaterThan(1 - 1e-6);
    expect(ratio).toBeLessThan(1.01);
  });

  it("plans within 2 percent of x'Px with every seed, and starts with -Kx", async () => {
    const errors: number[] = [];
    for (const seed of SEEDS) {
      const planner = make(ample, seed);
      const first = await planner.plan(lqr.cost(lqr.start));
      // The warm start is the plan without its first action, filled up with the middle.
      const sequence = Float32Array.of(...first, ...planner.state().arrays.mean!.subarray(0, -2));
      expect([...planner.state().arrays.mean!.subarray(-2)]).toEqual([0, 0]);
      const [cost] = take(1, await lqr.cost(lqr.start)(sequence, 1));
      expect(cost / lqr.optimalCost(lqr.start)).toBeLessThan(1.02);
      errors.push(...lqr.optimalAction(lqr.start).map((u, i) => Math.abs(first[i]! - u)));
    }
    // The cost is flat around its minimum, so a single plan may start up to 0.25 away.
    expect(median(errors)).toBeLessThan(0.1);
    expect(Math.max(...errors)).toBeLessThan(0.3);
  });
});

describe("as published", () => {
  const settings = { samples: 30, elites: 5, iterations: 3, warmStart: false };

  it("takes one initial std for each action, at every step", async () => {
    const stds = [0.5, 2];
    const wide = { horizon: 3, low: [-50, -50], high: [50, 50] };
    let first: Float32Array | undefined;
    const cost: CostFunction = async (actions, samples) => {
      first ??= actions.slice();
      return new Float32Array(samples);
    };
    await make({ samples: 4000, elites: 400, iterations: 1, initialStd: stds }, 1, wide).plan(cost);
    for (let h = 0; h < 3; h++) {
      for (const [u, std] of stds.entries()) {
        const values = Array.from({ length: 4000 }, (_, n) => first![(h * 4000 + n) * 2 + u]!);
        const rms = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / 4000);
        expect(rms / std).toBeCloseTo(1, 1);
      }
    }
    expect(() => make({ initialStd: [1, 1, 1] }, 1, wide)).toThrow(
      /planner\.initialStd does not fit the task; got 3 numbers; expected one number, or one for each of 2/,
    );
  });

  it("samples the first batch from N(0, initialStd) and refits to the elites alone", async () => {
    const problem = { horizon: 3, low: [-100], high: [100] };
    const { batches, cost } = recording(async (a, n) => a.slice(0, n));
    await make({ samples: 4000, elites: 400, iterations: 2, initialStd: 2 }, 1, problem).plan(cost);
    const first = batches[0]!.actions;
    const std = Math.sqrt(first.reduce((s, v) => s + v * v, 0) / first.length);
    expect(Math.abs(std - 2)).toBeLessThan(0.06);
    const elites = [...first.subarray(0, 4000)].sort((a, b) => a - b).slice(0, 400);
    const mean = elites.reduce((s, v) => s + v, 0) / 400;
    const spread = Math.sqrt(elites.reduce((s, v) => s + (v - mean) ** 2, 0) / 400);
    const second = batches[1]!.actions.subarray(0, 4000);
    const secondMean = second.reduce((s, v) => s + v, 0) / 4000;
    const secondSpread = Math.sqrt(second.reduce((s, v) => s + (v - secondMean) ** 2, 0) / 4000);
    expect(Math.abs(secondMean - mean)).toBeLessThan(0.05);
    expect(Math.abs(secondSpread / spread - 1)).toBeLessThan(0.05);
  });

  it("begins in the middle of the bounds and ends a shifted plan there", async () => {
    const problem = { horizon: 3, low: [0, -1], high: [4, 1] };
    const planner = make({ initialStd: 1e-3, iterations: 1, warmStart: true }, 1, problem);
    const [x, y] = await planner.plan(async (_, n) => new Float32Array(n));
    expect(x).toBeCloseTo(2, 2);
    expect(y).toBeCloseTo(0, 2);
    expect([...planner.state().arrays.mean!.subarray(-2)]).toEqual([2, 0]);
  });

  it("executes the mean of the last elites, or the best of one more batch", async () => {
    const cost = lqr.cost(lqr.start);
    const seen = recording(cost);
    const action = await make(settings, 2).plan(seen.cost);
    expect(seen.batches).toHaveLength(3);
    const costs = await cost(seen.batches[2]!.actions, 30);
    const order = [...costs.keys()].sort((a, b) => costs[a]! - costs[b]!).slice(0, 5);
    const mean = order.reduce((s, n) => s + seen.batches[2]!.actions[2 * n]! / 5, 0);
    expect(action[0]).toBeCloseTo(mean, 5);

    const more = recording(cost);
    const chosen = await make({ ...settings, chooseBest: true }, 2).plan(more.cost);
    expect(more.batches).toHaveLength(4);
    const last = await cost(more.batches[3]!.actions, 30);
    const best = last.indexOf(Math.min(...last));
    expect([...chosen]).toEqual([...more.batches[3]!.actions.subarray(2 * best, 2 * best + 2)]);
  });

  it("keeps nothing between steps without a warm start", async () => {
    const planner = make(settings, 3);
    await planner.plan(lqr.cost(lqr.start));
    expect(planner.state().arrays).toEqual({});
  });
});

describe("settings", () => {
  it("refuse more elites than samples", () => {
    const refused = () => make({ samples: 39, elites: 40 }, 1);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(/planner.elites is not valid; got 40; expected .* not above planner.samples/);
    expect(() => make({ samples: 40, elites: 40 }, 1)).not.toThrow();
  });

  it("a warm start lowers the cost at a small budget", async () => {
    const budget = { samples: 60, elites: 8, iterations: 2, initialStd: 0.5 };
    const run = async (warmStart: boolean) =>
      median(
        await Promise.all(
          SEEDS.map((s) => executeReach(make({ ...budget, warmStart }, s, reach.problem), 20)),
        ),
      );
    expect(await run(true)).toBeLessThan(0.8 * (await run(false)));
  });
});
