import { describe, expect, it } from "vitest";
import { cemPlanner } from "../../planners/cem.js";
import { icemPlanner } from "../../planners/icem.js";
import { mppiPlanner } from "../../planners/mppi.js";
import type { CostFunction, CostGradientFunction, SamplingPlanner } from "../../planners/types.js";
import { UsageError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { lqr } from "./problems.js";

const planners = [icemPlanner, cemPlanner, mppiPlanner] as const;
const small = { samples: 40, elites: 8, iterations: 2, initialStd: 0.5, noiseStd: 0.3, temperature: 0.05 };
const [cost, gradient] = [lqr.cost(lqr.start), lqr.gradient(lqr.start)];

function make(name: string, change: object): SamplingPlanner {
  const planner = planners.find((one) => one.name === name)!;
  const settings = { ...defaultValues(planner.settings), ...small, ...change };
  return planner.create(lqr.problem, settings as never, Rng.fromSeed(5));
}

/** Cost of the plan that was made, as a share of the least possible. */
async function ratio(planner: SamplingPlanner): Promise<number> {
  const [planned] = await cost(planner.plans(1).chosen, 1);
  return planned! / lqr.optimalCost(lqr.start);
}

describe.each(planners.map(({ name }) => name))("%s", (name) => {
  it("comes to the closed form of LQR by refining, from samples that are too few for it", async () => {
    const rough = make(name, {});
    await rough.plan(cost, gradient);
    expect(await ratio(rough)).toBeGreaterThan(1.02);
    const refined = make(name, { polishSteps: 300, polishRate: 0.1 });
    const first = await refined.plan(cost, gradient);
    expect(await ratio(refined)).toBeLessThan(1.0005);
    expect([...refined.plans(1).chosen.subarray(0, 2)]).toEqual([...first]);
    lqr.optimalAction(lqr.start).forEach((u, i) => {
      expect(Math.abs(first[i]! - u)).toBeLessThan(0.05);
    });
    // The next step begins with it.
    const next = await refined.plan(cost, gradient);
    expect(next).toHaveLength(2);
  });

  it("executes no worse than what it began with where the derivatives mislead", async () => {
    const uphill: CostGradientFunction = async (actions, samples) => {
      const slope = await gradient(actions, samples);
      return { ...slope, gradient: slope.gradient.map((v) => -v) };
    };
    const [plain, misled] = [
      make(name, { chooseBest: true }),
      make(name, { polishSteps: 5, chooseBest: true }),
    ];
    await plain.plan(cost, gradient);
    await misled.plan(cost, uphill);
    expect(await ratio(misled)).toBeLessThanOrEqual((await ratio(plain)) + 1e-6);
    if (name !== "mppi") expect(misled.plans(1).chosen).toEqual(plain.plans(1).chosen);
  });

  it("asks for derivatives of the same number of sequences each time, however few costs are finite", async () => {
    const asked: number[] = [];
    const few: CostFunction = async (actions, samples) =>
      (await cost(actions, samples)).map((value, n) => (n < 2 ? value : Number.NaN));
    const counted: CostGradientFunction = async (actions, samples) => {
      asked.push(samples);
      return gradient(actions, samples);
    };
    const planner = make(name, { polishSteps: 3, polishPlans: 4 });
    for (const own of [few, cost]) await planner.plan(own, counted);
    expect(asked).toEqual([4, 4, 4, 4, 4, 4]);
    // One alone is refined too.
    await make(name, { polishSteps: 1, polishPlans: 1 }).plan(cost, counted);
    expect(asked.at(-1)).toBe(1);
  });

  it("asks for no derivatives by default, and cannot do without them to refine", async () => {
    await make(name, {}).plan(cost);
    const plan = make(name, { polishSteps: 1 }).plan(cost);
    await expect(plan).rejects.toThrow(UsageError);
    await expect(plan).rejects.toThrow(
      /cannot refine its sequences; got .* costs alone; expected derivatives/,
    );
  });
});
