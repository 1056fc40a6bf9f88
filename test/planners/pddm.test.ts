import { describe, expect, it } from "vitest";
import { createPddm, filterNoise, type PddmSettings, pddmPlanner } from "../../planners/pddm.js";
import type { PlanningProblem } from "../../planners/types.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { executeLqr, lqr, recording } from "./problems.js";

const make = (settings: Partial<PddmSettings>, seed: number, problem: PlanningProblem = lqr.problem) =>
  createPddm(
    problem,
    { ...defaultValues(pddmPlanner.settings), samples: 2500, ...settings },
    Rng.fromSeed(seed),
  );

it.each([1, 2, 3])(
  "executes within 10 percent of x'Px on LQR, once its plan has settled, seed %i",
  async (seed) => {
    const planner = make({ samples: 2000, noiseStd: 0.5, filterBeta: 0.8, rewardWeight: 20 }, seed);
    // One update per control step: at the start the plan needs several, made here without moving on.
    const cost = lqr.cost(lqr.start);
    let plan = new Float32Array(24);
    for (let i = 0; i < 10; i++) {
      const first = await planner.plan(cost);
      const { plan: shifted } = planner.state().arrays;
      plan = Float32Array.of(...first, ...shifted!.subarray(0, -2));
      planner.restore({ rng: planner.state().rng, arrays: { plan } });
    }
    const ratio = (await executeLqr(planner, 8)) / lqr.optimalCost(lqr.start);
    expect(ratio).toBeGreaterThan(1 - 1e-6);
    expect(ratio).toBeLessThan(1.1);
  },
);

describe("as published", () => {
  it("filters noise by n_h = β u_h + (1 - β) n_{h-1} from n_{-1} = 0", () => {
    const noise = Float32Array.of(1, -2, 3, 4, 0, 8);
    filterNoise(noise, 2, 0.25);
    expect([...noise]).toEqual([0.25, -0.5, 0.9375, 0.625, 0.703125, 2.46875]);
  });

  it("samples the plan plus filtered noise, once per control step", async () => {
    const problem = { horizon: 8, low: [-100], high: [104] };
    const { batches, cost } = recording(async (_, n) => new Float32Array(n));
    await make({ samples: 20_000, noiseStd: 2, filterBeta: 0.5 }, 1, problem).plan(cost);
    expect(batches).toHaveLength(1);
    const { actions, samples } = batches[0]!;
    for (let h = 0; h < 8; h++) {
      const row = actions.subarray(h * samples, (h + 1) * samples);
      const mean = row.reduce((s, v) => s + v, 0) / samples;
      const variance = row.reduce((s, v) => s + (v - mean) ** 2, 0) / samples;
      // Var n_h = β² σ² Σ_{k ≤ h} (1 - β)^{2k}
      const wanted = (0.25 * 4 * (1 - 0.25 ** (h + 1))) / (1 - 0.25);
      expect(Math.abs(mean - 2)).toBeLessThan(0.05);
      expect(Math.abs(variance / wanted - 1)).toBeLessThan(0.05);
    }
  });

  it("moves the plan to the mean weighted by e^{γR}, and shifts it", async () => {
    const problem = { horizon: 3, low: [-0.5], high: [0.7] };
    const costOf = (a: Float32Array, n: number) =>
      Array.from({ length: n }, (_, k) => (a[k]! - 0.5) ** 2 + 0.4 * a[n + k]! - 0.2 * a[2 * n + k]!);
    const { batches, cost } = recording(async (a, n) => Float32Array.from(costOf(a, n)));
    const planner = make({ samples: 40, rewardWeight: 3 }, 2, problem);
    const action = await planner.plan(cost);
    const { actions } = batches[0]!;
    const weights = costOf(actions, 40).map((c) => Math.exp(-3 * c));
    const sum = weights.reduce((a, b) => a + b);
    const mu = [0, 1, 2].map((h) => weights.reduce((s, w, k) => s + (w / sum) * actions[h * 40 + k]!, 0));
    expect(action[0]).toBeCloseTo(mu[0]!, 6);
    [mu[1]!, mu[2]!, mu[2]!].forEach((v, i) => {
      expect(planner.state().arrays.plan![i]).toBeCloseTo(v, 6);
    });
  });
});
