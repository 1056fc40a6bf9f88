import { expect, it } from "vitest";
import { createRandom, type RandomSettings } from "../../planners/random.js";
import type { PlanningProblem } from "../../planners/types.js";
import { InputError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { executeReach, lqr, median, reach, recording } from "./problems.js";

const make = (settings: Partial<RandomSettings>, seed: number, problem: PlanningProblem = reach.problem) =>
  createRandom(problem, { samples: 300, warmStart: false, ...settings }, Rng.fromSeed(seed));

it("draws uniformly within each action's bounds", async () => {
  const problem = { horizon: 2, low: [-1, 2], high: [3, 2.5] };
  const { batches, cost } = recording(async (_, n) => new Float32Array(n));
  await make({ samples: 5000 }, 1, problem).plan(cost);
  for (const u of [0, 1]) {
    const range = problem.high[u]! - problem.low[u]!;
    const shares = [...batches[0]!.actions]
      .filter((_, i) => i % 2 === u)
      .map((v) => (v - problem.low[u]!) / range);
    for (const q of [0.1, 0.5, 0.9]) {
      const below = shares.filter((v) => v < q).length / shares.length;
      expect(Math.abs(below - q)).toBeLessThan(0.02);
    }
  }
});

it("executes the first action of the best sequence, the first of equals", async () => {
  const { batches, cost } = recording(lqr.cost(lqr.start));
  const bounded = { ...lqr.problem, low: [-2, -2], high: [2, 2] };
  const action = await make({}, 2, bounded).plan(cost);
  const costs = await lqr.cost(lqr.start)(batches[0]!.actions, 300);
  const best = costs.indexOf(Math.min(...costs));
  expect([...action]).toEqual([...batches[0]!.actions.subarray(2 * best, 2 * best + 2)]);
});

it("compares the last plan, shifted, when it starts warm", async () => {
  const { batches, cost } = recording(reach.cost(reach.start));
  const planner = make({ warmStart: true }, 3);
  await planner.plan(cost);
  const costs = await reach.cost(reach.start)(batches[0]!.actions, 300);
  const best = costs.indexOf(Math.min(...costs));
  await planner.plan(cost);
  for (let h = 0; h < 15; h++) {
    const from = (Math.min(h + 1, 14) * 300 + best) * 2;
    const kept = [...batches[0]!.actions.subarray(from, from + 2)];
    expect([...batches[1]!.actions.subarray(h * 600, h * 600 + 2)]).toEqual(kept);
  }
  const run = async (warmStart: boolean) =>
    median(await Promise.all([1, 2, 3, 4, 5].map((s) => executeReach(make({ warmStart }, s), 20))));
  expect(await run(true)).toBeLessThan(await run(false));
});

it("refuses unbounded actions", () => {
  const problem = { horizon: 2, low: [-1, -Infinity], high: [1, 1] };
  expect(() => make({}, 1, problem)).toThrow(InputError);
  expect(() => make({}, 1, problem)).toThrow(/action entry 1 .*finite bounds/);
});
