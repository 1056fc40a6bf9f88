import { describe, expect, it } from "vitest";
import { cemPlanner } from "../../planners/cem.js";
import { icemPlanner } from "../../planners/icem.js";
import { oneStepLater, withKnots } from "../../planners/knots.js";
import { mppiPlanner } from "../../planners/mppi.js";
import type { CostFunction, CostGradient, Planner, SamplingPlanner } from "../../planners/types.js";
import { UsageError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { differences, lqr, recording, throughJson } from "./problems.js";

const planners = [icemPlanner, cemPlanner, mppiPlanner] as const;
const small = { samples: 60, elites: 8, iterations: 3, initialStd: 0.5, noiseStd: 0.5, temperature: 0.05 };

function make(name: string, knots: number, problem = lqr.problem, change: object = {}): Planner {
  const planner = planners.find((one) => one.name === name)!;
  const settings = { ...defaultValues(planner.settings), ...small, ...change, knots };
  return planner.create(problem, settings as never, Rng.fromSeed(4));
}

const noGradient = () => Promise.reject(new Error("not asked for"));

/** Entry u of step h of sequence n of a batch. */
const entry = (actions: Float32Array, samples: number, h: number, n: number, u: number) =>
  actions[(h * samples + n) * 2 + u]!;

describe.each(planners.map(({ name }) => name))("%s", (name) => {
  it("plans the same bits with a knot at every step as without any", async () => {
    const [all, none] = [make(name, lqr.problem.horizon), make(name, 0)];
    for (let step = 0; step < 3; step++) {
      const actions = [all, none].map((planner) => planner.plan(lqr.cost(lqr.start), noGradient));
      const [one, two] = await Promise.all(actions);
      expect(one).toEqual(two);
      expect(all.plans(3)).toEqual(none.plans(3));
      expect(all.state()).toEqual(none.state());
    }
  });

  it("tries sequences that are straight between knots, and within the bounds", async () => {
    const problem = { horizon: 7, low: [-1, -0.5], high: [1, 2] };
    const { batches, cost } = recording(async (actions, samples) =>
      Float32Array.from({ length: samples }, (_, n) => entry(actions, samples, 0, n, 0)),
    );
    const planner = make(name, 3, problem);
    for (let step = 0; step < 2; step++) await planner.plan(cost, noGradient);
    for (const { actions, samples } of batches) {
      for (let n = 0; n < samples; n++) {
        for (const u of [0, 1]) {
          const values = Array.from({ length: 7 }, (_, h) => entry(actions, samples, h, n, u));
          for (const h of [1, 2, 4, 5]) {
            expect(values[h]! - (values[h - 1]! + values[h + 1]!) / 2).toBeCloseTo(0, 6);
          }
          expect(Math.min(...values)).toBeGreaterThanOrEqual(problem.low[u]!);
          expect(Math.max(...values)).toBeLessThanOrEqual(problem.high[u]!);
        }
      }
    }
    // Knots are free of each other.
    const { actions, samples } = batches[0]!;
    const bends = Array.from({ length: samples }, (_, n) =>
      Math.abs(
        entry(actions, samples, 4, n, 0) -
          2 * entry(actions, samples, 3, n, 0) +
          entry(actions, samples, 2, n, 0),
      ),
    );
    expect(Math.max(...bends)).toBeGreaterThan(0.2);
  });

  it("finds the best straight pieces, also where knots are between steps", async () => {
    const problem = { horizon: 8, low: [-1, -1], high: [1, 1] };
    // Knots at steps 0, 3.5 and 7.
    const best = (h: number, u: number) => (u === 0 ? 0.6 - 0.1 * h : h <= 3.5 ? 0.2 * h - 0.4 : 0.3);
    const cost: CostFunction = async (actions, samples) =>
      Float32Array.from({ length: samples }, (_, n) => {
        let sum = 0;
        for (let h = 0; h < 8; h++)
          for (const u of [0, 1]) sum += (entry(actions, samples, h, n, u) - best(h, u)) ** 2;
        return sum;
      });
    const ample = {
      samples: 400,
      elites: 40,
      iterations: 10,
      noiseStd: 0.2,
      temperature: 0.01,
      noiseBeta: 0,
    };
    const planner = make(name, 3, problem, ample);
    const first = await planner.plan(cost, noGradient);
    expect(Math.abs(first[0]! - 0.6)).toBeLessThan(0.1);
    expect(Math.abs(first[1]! + 0.4)).toBeLessThan(0.1);
    const { chosen, others } = planner.plans(2);
    expect([chosen.length, others.length]).toEqual([16, 32]);
    expect([...chosen.subarray(0, 2)]).toEqual([...first]);
    for (let h = 0; h < 8; h++) expect(Math.abs(chosen[2 * h]! - best(h, 0))).toBeLessThan(0.1);
  });

  it("goes on from a saved state", async () => {
    const [planner, other] = [make(name, 4), make(name, 4)];
    await planner.plan(lqr.cost(lqr.start), noGradient);
    other.restore(throughJson(planner.state()));
    const next = (one: Planner) => one.plan(lqr.cost(lqr.start), noGradient);
    expect(await next(other)).toEqual(await next(planner));
  });

  it("refuses more knots than steps", () => {
    expect(() => make(name, 13)).toThrow(UsageError);
    expect(() => make(name, 13)).toThrow(
      /got 13; expected 0, or a number from 2 to planner\.horizon, which is 12/,
    );
  });
});

it("a step later, a line is the same line from its second step on", () => {
  // Knots of 3 h + 1 and -h at steps 0, 2.5, 5 and 7.5.
  const [knots, later] = [0, 1].map((t) =>
    Float32Array.from([0, 2.5, 5, 7.5].flatMap((h) => [3 * (h + t) + 1, -(h + t)])),
  ) as [Float32Array, Float32Array];
  const after = Float32Array.of(3 * 10 + 1, -10);
  oneStepLater(knots, after, 2.5).forEach((value, i) => {
    expect(value).toBeCloseTo(later[i]!, 5);
  });
  expect([...oneStepLater(knots, after)]).toEqual([...knots.subarray(2), ...after]);
});

it("derivatives with respect to knots are those of the costs of their sequences", async () => {
  const samples = 3;
  const knots = Float32Array.from({ length: 4 * samples * 2 }, (_, i) => Math.sin(i) / 2);
  const asked: { slope?: CostGradient; costs?: CostFunction } = {};
  const probe: SamplingPlanner = {
    async plan(cost, gradient) {
      asked.slope = await gradient!(knots, samples);
      asked.costs = cost;
      return new Float32Array(2);
    },
    plans: () => ({ chosen: new Float32Array(8), others: new Float32Array(0) }),
    reset() {},
    state: () => ({ rng: Rng.fromSeed(1).state(), arrays: {} }),
    restore() {},
  };
  await withKnots(lqr.problem, 4, () => probe).plan(lqr.cost(lqr.start), lqr.gradient(lqr.start));
  const wanted = await differences(asked.costs!, 2)(knots, samples);
  asked.slope!.gradient.forEach((slope, i) => {
    expect(Math.abs(slope - wanted.gradient[i]!) / (1 + Math.abs(slope))).toBeLessThan(1e-3);
  });
});
