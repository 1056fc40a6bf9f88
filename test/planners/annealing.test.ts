import { describe, expect, it } from "vitest";
import { annealingFactor } from "../../planners/annealing.js";
import { cemPlanner, createCem } from "../../planners/cem.js";
import { createIcem, icemPlanner } from "../../planners/icem.js";
import { createMppi, mppiPlanner } from "../../planners/mppi.js";
import type { SamplingPlanner } from "../../planners/types.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import { recording } from "./problems.js";

const [HORIZON, SAMPLES, ITERATIONS] = [5, 4000, 3];
const problem = { horizon: HORIZON, low: [-50, -50], high: [50, 50] };
const SIGMA = 2;

interface Annealing {
  annealIterations: number;
  annealHorizon: number;
}

const shared = { samples: SAMPLES, iterations: ITERATIONS };
const crossEntropy = { ...shared, elites: 1000, initialStd: SIGMA };
const makers: [string, (annealing: Annealing) => SamplingPlanner][] = [
  [
    "cem",
    (annealing) =>
      createCem(
        problem,
        { ...defaultValues(cemPlanner.settings), ...crossEntropy, ...annealing },
        Rng.fromSeed(1),
      ),
  ],
  [
    "icem",
    (annealing) =>
      createIcem(
        problem,
        { ...defaultValues(icemPlanner.settings), ...crossEntropy, decay: 1, ...annealing },
        Rng.fromSeed(1),
      ),
  ],
  [
    "mppi",
    (annealing) =>
      createMppi(
        problem,
        { ...defaultValues(mppiPlanner.settings), ...shared, noiseStd: SIGMA, ...annealing },
        Rng.fromSeed(1),
      ),
  ],
];

/** Standard deviation of the samples at every step of every iteration, where all sequences cost the same, `[N, H]`. */
async function spreads(planner: SamplingPlanner): Promise<number[][]> {
  const { batches, cost } = recording(async (_, samples) => new Float32Array(samples));
  await planner.plan(cost);
  return batches.map(({ actions, samples }) =>
    Array.from({ length: HORIZON }, (_, h) => {
      const row = actions.subarray(h * samples * 2, (h + 1) * samples * 2);
      const mean = row.reduce((s, v) => s + v, 0) / row.length;
      return Math.sqrt(row.reduce((s, v) => s + (v - mean) ** 2, 0) / row.length);
    }),
  );
}

describe.each(makers)("%s", (name, make) => {
  it("searches with σ₀ exp(-i / (β₁ N) - (H - 1 - h) / (β₂ H)) at step h in iteration i", async () => {
    const measured = await spreads(make({ annealIterations: 0.5, annealHorizon: 0.8 }));
    expect(measured).toHaveLength(ITERATIONS);
    measured.forEach((row, i) => {
      row.forEach((spread, h) => {
        const wanted = SIGMA * Math.exp(-i / (0.5 * ITERATIONS) - (HORIZON - 1 - h) / (0.8 * HORIZON));
        expect(spread / wanted, `iteration ${i}, step ${h}`).toBeCloseTo(1, 1);
      });
    });
  });

  it("narrows over the iterations alone, or along the plan alone", async () => {
    const iterations = await spreads(make({ annealIterations: 1, annealHorizon: 0 }));
    iterations.forEach((row, i) => {
      for (const spread of row) expect(spread / SIGMA).toBeCloseTo(Math.exp(-i / ITERATIONS), 1);
    });
    const [first, second] = await spreads(make({ annealIterations: 0, annealHorizon: 1 }));
    first!.forEach((spread, h) => {
      expect(spread / SIGMA).toBeCloseTo(Math.exp(-(HORIZON - 1 - h) / HORIZON), 1);
      // What is not annealed over the iterations goes on as it was: fixed, or as the refit to elites has it.
      if (name !== "icem") expect(second![h]! / spread).toBeCloseTo(1, 0);
    });
  });
});

it("is exactly 1 where nothing is annealed", () => {
  expect(annealingFactor({ annealIterations: 0, annealHorizon: 0 }, 0.7, 0.3)).toBe(1);
});
