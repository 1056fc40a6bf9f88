import { describe, expect, it } from "vitest";
import { cemPlanner, createCem } from "../../planners/cem.js";
import { createIcem, type IcemSettings, icemPlanner } from "../../planners/icem.js";
import type { CostFunction, PlanningProblem } from "../../planners/types.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { executeLqr, executeReach, lqr, median, reach, recording } from "./problems.js";

const SEEDS = [1, 2, 3, 4, 5, 6, 7];
const make = (settings: Partial<IcemSettings>, seed: number, problem: PlanningProblem = lqr.problem) =>
  createIcem(
    problem,
    { ...defaultValues(icemPlanner.settings), initialStd: 0.5, ...settings },
    Rng.fromSeed(seed),
  );

type Batch = { actions: Float32Array; samples: number };

/** Sequence n of a batch, `[H, U]` flat. */
function sequence({ actions, samples }: Batch, n: number, width = 2): number[] {
  const horizon = actions.length / (samples * width);
  return Array.from({ length: horizon }, (_, h) => {
    const at = (h * samples + n) * width;
    return [...actions.subarray(at, at + width)];
  }).flat();
}

/** All sequences of a batch with their costs, best first. */
async function ranked(batch: Batch, cost: CostFunction) {
  const costs = await cost(batch.actions, batch.samples);
  return [...costs.keys()]
    .map((n) => ({ cost: costs[n]!, actions: sequence(batch, n) }))
    .sort((a, b) => a.cost - b.cost);
}

describe("against the closed form of LQR", () => {
  const ample = { samples: 1000, elites: 100, iterations: 10, decay: 1, noiseBeta: 0.25, initialStd: 1 };

  it.each([1, 2, 3])("executes within 1 percent of x'Px and starts with -Kx, seed %i", async (seed) => {
    const ratio = (await executeLqr(make(ample, seed), 8)) / lqr.optimalCost(lqr.start);
    expect(ratio).toBeGreaterThan(1 - 1e-6);
    expect(ratio).toBeLessThan(1.01);
    const first = await make(ample, seed).plan(lqr.cost(lqr.start));
    lqr.optimalAction(lqr.start).forEach((u, i) => {
      expect(Math.abs(first[i]! - u)).toBeLessThan(0.25);
    });
  });
});

describe("as published", () => {
  const cost = lqr.cost(lqr.start);
  const settings = { samples: 100, elites: 10, iterations: 4, decay: 2, momentum: 0.2 };

  it("shrinks the population by the decay, down to twice the elites, and adds the shifted elites", async () => {
    const { batches, cost: recorded } = recording(cost);
    const planner = make(settings, 1);
    await planner.plan(recorded);
    await planner.plan(recorded);
    expect(batches.map((b) => b.samples)).toEqual([100, 50, 25, 20, 103, 50, 25, 20]);
  });

  it("executes the first action of the best sequence seen", async () => {
    // Without kept elites the best may come from any iteration.
    for (const seed of SEEDS) {
      const { batches, cost: recorded } = recording(cost);
      const action = await make({ ...settings, keepFraction: 0 }, seed).plan(recorded);
      const all = (await Promise.all(batches.map((b) => ranked(b, cost)))).flat();
      const best = all.reduce((a, b) => (b.cost < a.cost ? b : a));
      expect([...action]).toEqual(best.actions.slice(0, 2));
    }
  });

  it("keeps elites between iterations, smooths by the momentum and samples the mean last", async () => {
    const { batches, cost: recorded } = recording(cost);
    await make({ ...settings, iterations: 3 }, 2).plan(recorded);
    let elites: Awaited<ReturnType<typeof ranked>> = [];
    let mean = new Array<number>(24).fill(0);
    for (const batch of batches.slice(0, 2)) {
      const pool = [...(await ranked(batch, cost)), ...elites.slice(0, 3)].sort((a, b) => a.cost - b.cost);
      elites = pool.slice(0, 10);
      mean = mean.map((m, i) => 0.2 * m + 0.8 * elites.reduce((s, e) => s + e.actions[i]! / 10, 0));
    }
    sequence(batches[2]!, 0).forEach((v, i) => {
      expect(v).toBeCloseTo(mean[i]!, 5);
    });
  });

  it("starts the next step from the shifted elites and the shifted mean", async () => {
    const { batches, cost: recorded } = recording(cost);
    const planner = make({ ...settings, iterations: 1 }, 3);
    await planner.plan(recorded);
    const elites = (await ranked(batches[0]!, cost)).slice(0, 10);
    const mean = planner.state().arrays.mean!;
    await planner.plan(recorded);
    for (let e = 0; e < 3; e++) {
      const shifted = sequence(batches[1]!, 100 + e);
      expect(shifted.slice(0, -2)).toEqual(elites[e]!.actions.slice(2));
      expect(shifted.slice(-2)).not.toEqual(elites[e]!.actions.slice(-2));
    }
    // With one iteration the first is also the last, whose sample 0 is the mean: shifted, last action repeated.
    expect(sequence(batches[1]!, 0)).toEqual([...mean]);
    const expected = new Array<number>(24)
      .fill(0)
      .map((_, i) => 0.8 * elites.reduce((s, e) => s + e.actions[i]! / 10, 0));
    [...mean].forEach((v, i) => {
      expect(v).toBeCloseTo(expected[Math.min(i + 2, 22 + (i % 2))]!, 5);
    });
  });

  it("can end the shifted mean in the middle of the bounds instead", async () => {
    const problem = { horizon: 4, low: [0, -1], high: [4, 1] };
    const { batches, cost: recorded } = recording(async ({ length }, n) =>
      Float32Array.from({ length: n }, (_, i) => i + length),
    );
    const ending = (lastAction: "repeat" | "middle") =>
      make({ ...settings, iterations: 1, lastAction }, 3, problem);
    const repeats = ending("repeat");
    const middles = ending("middle");
    for (const planner of [repeats, middles, repeats, middles]) await planner.plan(recorded);
    const repeated = sequence(batches[2]!, 0);
    const middle = sequence(batches[3]!, 0);
    expect(middle.slice(0, 6)).toEqual(repeated.slice(0, 6));
    expect(repeated.slice(6)).toEqual(repeated.slice(4, 6));
    expect(repeated.slice(6)).not.toEqual([2, 0]);
    expect(middle.slice(6)).toEqual([2, 0]);
  });

  it("begins in the middle of the bounds", async () => {
    const { batches, cost: recorded } = recording(async (_, n) => new Float32Array(n));
    await make({ iterations: 1 }, 1, { horizon: 2, low: [0, -1], high: [4, 1] }).plan(recorded);
    expect(sequence(batches[0]!, 0)).toEqual([2, 0, 2, 0]);
  });

  it.each([
    [0, 0],
    [2, 0.75],
  ])("draws noise of exponent %d along the horizon, independent between actions", async (beta, lag) => {
    const problem = { horizon: 20, low: [-100, -100], high: [100, 100] };
    const { batches, cost: recorded } = recording(async (_, n) => new Float32Array(n));
    const samples = 4000;
    await make({ samples, iterations: 2, noiseBeta: beta, initialStd: 3 }, 1, problem).plan(recorded);
    const { actions } = batches[0]!;
    let [square, lagged, across] = [0, 0, 0];
    for (let i = 0; i < 19 * samples * 2; i += 2) {
      square += actions[i]! ** 2;
      lagged += actions[i]! * actions[i + samples * 2]!;
      across += actions[i]! * actions[i + 1]!;
    }
    expect(Math.abs(Math.sqrt(square / (19 * samples)) - 3)).toBeLessThan(0.06);
    expect(Math.abs(across / square)).toBeLessThan(0.04);
    if (lag === 0) expect(Math.abs(lagged / square)).toBeLessThan(0.02);
    else expect(lagged / square).toBeGreaterThan(lag);
  });
});

describe("on a reach whose reward saturates", () => {
  const medianCost = async (run: (seed: number) => Promise<number>) =>
    median(await Promise.all(SEEDS.map(run)));
  const icem = (samples: number) =>
    medianCost((s) => executeReach(make({ samples, elites: 10, initialStd: 0.5 }, s, reach.problem), 20));
  const cem = (samples: number, elites: number) => {
    const settings = { ...defaultValues(cemPlanner.settings), samples, elites, initialStd: 0.5 };
    return medianCost((s) => executeReach(createCem(reach.problem, settings, Rng.fromSeed(s)), 20));
  };

  it("beats CEM with four times the samples, and clearly with the same", async () => {
    const cost = await icem(125);
    expect(cost).toBeLessThan(await cem(500, 40));
    expect(cost).toBeLessThan(0.95 * (await cem(125, 10)));
  });

  it("a warm start lowers the cost at a small budget", async () => {
    const run = (warmStart: boolean) =>
      medianCost((s) =>
        executeReach(make({ samples: 60, elites: 8, iterations: 2, warmStart }, s, reach.problem), 20),
      );
    expect(await run(true)).toBeLessThan(0.8 * (await run(false)));
  });
});
