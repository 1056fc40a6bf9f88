import { describe, expect, it } from "vitest";
import { createMppi, type MppiSettings, mppiPlanner } from "../../planners/mppi.js";
import type { PlanningProblem } from "../../planners/types.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { executeLqr, lqr, median, recording } from "./problems.js";

const SEEDS = [1, 2, 3, 4, 5];
const make = (settings: Partial<MppiSettings>, seed: number, problem: PlanningProblem = lqr.problem) =>
  createMppi(problem, { ...defaultValues(mppiPlanner.settings), ...settings }, Rng.fromSeed(seed));

it.each([1, 2, 3])("executes within 3 percent of x'Px on LQR, seed %i", async (seed) => {
  const ample = { samples: 500, iterations: 12, noiseStd: 0.25, temperature: 0.02 };
  const ratio = (await executeLqr(make(ample, seed), 8)) / lqr.optimalCost(lqr.start);
  expect(ratio).toBeGreaterThan(1 - 1e-6);
  expect(ratio).toBeLessThan(1.03);
});

describe("as published", () => {
  const settings = { samples: 30, iterations: 2, noiseStd: 0.4, temperature: 0.8 };
  const problem = { horizon: 3, low: [-0.6, -2], high: [0.9, 2] };

  /** Weighted mean by the formulas, in float64; a and u are `[H, N, U]` and `[H, U]`, `stds` is `[H]`. */
  function update(
    actions: Float32Array,
    costs: readonly number[],
    plan: readonly number[],
    alpha: number,
    stds: readonly number[],
  ) {
    const [N, lambda] = [settings.samples, settings.temperature];
    const at = (i: number, n: number) => actions[(Math.floor(i / 2) * N + n) * 2 + (i % 2)]!;
    const exponents = costs.map((c, n) => {
      const control = plan.reduce((s, u, i) => s + (u * (at(i, n) - u)) / stds[Math.floor(i / 2)]! ** 2, 0);
      return -(c + lambda * (1 - alpha) * control) / lambda;
    });
    const weights = exponents.map(Math.exp);
    const sum = weights.reduce((a, b) => a + b);
    return plan.map((_, i) => weights.reduce((s, w, n) => s + (w / sum) * at(i, n), 0));
  }

  it.each([
    [0, 0],
    [0.25, 0],
    [1, 0],
    [0.25, 0.7],
  ])(
    "moves the plan by the weighted noise, with control cost at α = %d, annealed with β = %d",
    async (alpha, beta) => {
      const costOf = (a: Float32Array, n: number) =>
        Array.from({ length: n }, (_, k) => (a[2 * k]! - 0.5) ** 2 + a[2 * k + 1]! + 0.3 * a[2 * (n + k)]!);
      const { batches, cost } = recording(async (a, n) => Float32Array.from(costOf(a, n)));
      const annealing = { annealIterations: beta, annealHorizon: beta };
      const planner = make({ ...settings, ...annealing, nominalShare: alpha }, 4, problem);
      const stds = (i: number) =>
        [2, 1, 0].map((left) => 0.4 * (beta === 0 ? 1 : Math.exp(-i / (2 * beta) - left / (3 * beta))));
      const actions = [await planner.plan(cost), await planner.plan(cost)];
      let plan = [0.15, 0, 0.15, 0, 0.15, 0];
      for (const [step, action] of actions.entries()) {
        for (const [i, batch] of batches.slice(2 * step, 2 * step + 2).entries()) {
          plan = update(batch.actions, costOf(batch.actions, batch.samples), plan, alpha, stds(i));
        }
        plan.slice(0, 2).forEach((u, i) => {
          expect(action[i]).toBeCloseTo(u, 5);
        });
        plan = [...plan.slice(2), ...plan.slice(4)];
      }
      [...planner.state().arrays.plan!].forEach((u, i) => {
        expect(u).toBeCloseTo(plan[i]!, 5);
      });
    },
  );

  it("draws noise of the given standard deviation around the plan", async () => {
    const { batches, cost } = recording(async (_, n) => new Float32Array(n));
    const wide = { horizon: 2, low: [-100], high: [102] };
    await make({ samples: 4000, iterations: 1, noiseStd: 3 }, 1, wide).plan(cost);
    const { actions } = batches[0]!;
    const mean = actions.reduce((s, v) => s + v, 0) / actions.length;
    const std = Math.sqrt(actions.reduce((s, v) => s + (v - mean) ** 2, 0) / actions.length);
    expect(Math.abs(mean - 1)).toBeLessThan(0.15);
    expect(Math.abs(std - 3)).toBeLessThan(0.1);
  });
});

it("a warm start lowers the cost at a small budget", async () => {
  const run = async (warmStart: boolean) =>
    median(
      await Promise.all(
        SEEDS.map((s) =>
          executeLqr(make({ samples: 100, iterations: 1, noiseStd: 0.2, temperature: 3, warmStart }, s), 12),
        ),
      ),
    );
  expect(await run(true)).toBeLessThan(0.9 * (await run(false)));
});
