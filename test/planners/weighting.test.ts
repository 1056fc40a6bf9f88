import { describe, expect, it } from "vitest";
import { exponentialWeights, weightedMean } from "../../planners/weighting.js";
import { RunError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";

function weights(costs: readonly number[], sharpness: number): number[] {
  const out = new Float64Array(costs.length);
  exponentialWeights(costs, sharpness, out);
  return [...out];
}

describe("exponentialWeights", () => {
  it("agrees with the plain formula where that does not overflow", () => {
    const rng = Rng.fromSeed(1);
    const costs = Array.from({ length: 50 }, () => 3 * rng.normal());
    const plain = costs.map((c) => Math.exp(-0.7 * c));
    const sum = plain.reduce((a, b) => a + b);
    weights(costs, 0.7).forEach((w, n) => {
      expect(Math.abs(w - plain[n]! / sum)).toBeLessThan(1e-15);
    });
  });

  it("stays exact for costs whose exponentials overflow or vanish", () => {
    for (const offset of [1e6, -1e6]) {
      const [a, b, c] = weights([offset, offset + 1, offset + 1e5], 2);
      expect(a).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
      expect(b).toBeCloseTo(1 / (1 + Math.exp(2)), 12);
      expect(c).toBe(0);
    }
  });

  it("gives non-finite costs no weight, not even -Infinity, and fails when there are no others", () => {
    expect(weights([Number.NaN, 2, -Infinity, 2, Infinity], 5)).toEqual([0, 0.5, 0, 0.5, 0]);
    expect(() => weights([Number.NaN, Infinity], 1)).toThrow(RunError);
    expect(() => weights([Number.NaN, Infinity], 1)).toThrow(/got 2 costs, the first NaN/);
  });
});

it("weightedMean averages sequences [H, N, U] entry by entry", () => {
  // H = 2, N = 3, U = 2
  const samples = Float32Array.of(1, 10, 2, 20, 3, 30, -1, 0, -2, 0, 4, 8);
  const out = new Float32Array(4);
  weightedMean(samples, Float64Array.of(0.5, 0.25, 0.25), 2, out);
  expect([...out]).toEqual([1.75, 17.5, 0, 2]);
});
