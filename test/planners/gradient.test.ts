import { describe, expect, it } from "vitest";
import { createGradient, type GradientSettings, gradientPlanner } from "../../planners/gradient.js";
import type { CostGradientFunction, PlanningProblem } from "../../planners/types.js";
import { RunError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { differences, executeLqr, executeReach, lqr, median, reach } from "./problems.js";

const make = (settings: Partial<GradientSettings>, seed: number, problem: PlanningProblem = lqr.problem) =>
  createGradient(
    problem,
    { ...defaultValues(gradientPlanner.settings), noiseStd: 0.5, ...settings },
    Rng.fromSeed(seed),
  );

describe("against the closed form of LQR", () => {
  const ample = { restarts: 3, gradientSteps: 300, learningRate: 0.1 };

  it("has a test problem whose derivatives are those of its cost", async () => {
    const actions = new Float32Array(24 * 3);
    Rng.fromSeed(1).fillNormal(actions);
    const { gradient } = await lqr.gradient(lqr.start)(actions, 3);
    // The cost is quadratic: wide differences are exact.
    const wanted = await differences(lqr.cost(lqr.start), 2, 1)(actions, 3);
    gradient.forEach((g, i) => {
      expect(Math.abs(g - wanted.gradient[i]!)).toBeLessThan(1e-3);
    });
  });

  it.each([1, 2, 3])("plans -Kx within 0.002 and executes x'Px within 1e-5, seed %i", async (seed) => {
    const first = await make(ample, seed).plan(lqr.cost(lqr.start), lqr.gradient(lqr.start));
    lqr.optimalAction(lqr.start).forEach((u, i) => {
      expect(Math.abs(first[i]! - u)).toBeLessThan(2e-3);
    });
    const ratio = (await executeLqr(make(ample, seed), 8)) / lqr.optimalCost(lqr.start);
    expect(ratio).toBeGreaterThan(1 - 1e-6);
    expect(ratio).toBeLessThan(1 + 1e-5);
  });
});

describe("its steps", () => {
  const problem = { horizon: 2, low: [-3], high: [3] };

  /** Records the sequences asked for; derivatives are those of Σ a·(n+1), costs as given. */
  function recorded(costOf: (call: number, n: number) => number) {
    const seen: number[][] = [];
    const gradient: CostGradientFunction = async (actions, samples) => {
      seen.push([...actions]);
      return {
        costs: Float32Array.from({ length: samples }, (_, n) => costOf(seen.length - 1, n)),
        gradient: actions.map((_, i) => (i % samples) + 1),
      };
    };
    return { seen, gradient };
  }

  it("begin at the middle and at noisy copies, and have Adam's length, falling linearly", async () => {
    const { seen, gradient } = recorded(() => 1);
    const cost = async (_: Float32Array, n: number) => new Float32Array(n).fill(2);
    const settings = { restarts: 2, gradientSteps: 4, learningRate: 0.4, noiseStd: 0.5 };
    await make(settings, 1, problem).plan(cost, gradient);
    expect(seen).toHaveLength(4);
    expect([seen[0]![0], seen[0]![2]]).toEqual([0, 0]);
    expect(Math.abs(seen[0]![1]!)).toBeGreaterThan(0.01);
    for (const [k, rate] of [0.4, 0.3, 0.2].entries()) {
      // A constant gradient makes every step of Adam as long as its rate, whatever the gradient's size.
      seen[k]!.forEach((a, i) => {
        expect(a - seen[k + 1]![i]!).toBeCloseTo(rate, 5);
      });
    }
  });

  it("stay within the bounds", async () => {
    const { seen, gradient } = recorded(() => 1);
    const cost = async (a: Float32Array, n: number) => a.slice(0, n);
    const settings = { restarts: 3, gradientSteps: 9, learningRate: 2, noiseStd: 5 };
    expect([...(await make(settings, 2, problem).plan(cost, gradient))]).toEqual([-3]);
    expect(Math.min(...seen.flat())).toBe(-3);
    expect(Math.max(...seen.flat())).toBeLessThanOrEqual(3);
  });

  it("lead to the best sequence met, also when later ones are worse", async () => {
    const { seen, gradient } = recorded((call, n) => (call === 2 && n === 1 ? -1 : 0));
    const cost = async (_: Float32Array, n: number) => new Float32Array(n);
    const planner = make({ restarts: 2, gradientSteps: 5 }, 3, problem);
    const [u] = await planner.plan(cost, gradient);
    expect(u).toBe(seen[2]![1]);
    expect([...planner.state().arrays.plan!]).toEqual([seen[2]![3], seen[2]![3]]);
  });

  it("leave sequences of non-finite cost and actions without a finite derivative where they are", async () => {
    const seen: number[][] = [];
    const gradient: CostGradientFunction = async (actions) => {
      seen.push([...actions]);
      return { costs: Float32Array.of(Number.NaN, 1), gradient: Float32Array.of(1, 1, 1, Number.NaN) };
    };
    const cost = async () => Float32Array.of(Number.NaN, 1);
    await make({ restarts: 2, gradientSteps: 3 }, 4, problem).plan(cost, gradient);
    expect(seen[2]!.map((a, i) => a === seen[0]![i])).toEqual([true, false, true, true]);
  });

  it("are refused when derivatives are missing", async () => {
    const gradient: CostGradientFunction = async (_, n) => ({
      costs: new Float32Array(n),
      gradient: new Float32Array(3),
    });
    const plan = make({ restarts: 2 }, 5, problem).plan(async (_, n) => new Float32Array(n), gradient);
    await expect(plan).rejects.toThrow(RunError);
    await expect(plan).rejects.toThrow(/wrong number of derivatives; got 3; expected 4/);
  });
});

it("a warm start lowers the cost with few steps", async () => {
  const run = async (warmStart: boolean) =>
    median(
      await Promise.all(
        [1, 2, 3].map((s) =>
          executeReach(make({ restarts: 8, gradientSteps: 3, warmStart }, s, reach.problem), 20),
        ),
      ),
    );
  expect(await run(true)).toBeLessThan(0.9 * (await run(false)));
});
