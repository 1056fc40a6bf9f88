import { describe, expect, it } from "vitest";
import { Cusum, peakOf } from "../../../agent/discovery/cusum.js";
import { ErrorReference } from "../../../agent/discovery/error-reference.js";
import { evidenceOf, type Surprise } from "../../../agent/discovery/surprise.js";
import { Rng } from "../../../sim/core/rng.js";

describe("Cusum", () => {
  it("sums as computed by hand, forgets at 0, and counts the steps since then", () => {
    const test = new Cusum();
    const states = [-1, 2, -1, 3, -5, 1, 4].map((evidence) => {
      test.update(evidence);
      return [test.sum, test.steps];
    });
    expect(states).toEqual([
      ...[
        [0, 0],
        [2, 1],
        [1, 2],
      ],
      ...[
        [4, 3],
        [0, 0],
        [1, 1],
        [5, 2],
      ],
    ]);
    expect(peakOf([-1, 2, -1, 3, -5, 1, 4])).toBe(5);
    expect(peakOf([-1, -2])).toBe(0);
  });

  it("goes on from where it was", () => {
    const test = new Cusum();
    test.restart(2.5, 3);
    test.update(1);
    expect([test.sum, test.steps]).toEqual([3.5, 4]);
  });
});

describe("evidenceOf", () => {
  const of = (residuals: number[], share = 1) =>
    evidenceOf({ residuals: Float64Array.from(residuals), share }, [2, 2], 3);

  it("is the logarithm of the ratio of the two densities", () => {
    // Student's t with 4 degrees of freedom: log t(z / s) = -log s - 2.5 log(1 + z² / 4s²) + a constant.
    const ratio = (z: number) => -Math.log(3) - 2.5 * Math.log((1 + (z * z) / 144) / (1 + (z * z) / 16));
    expect(of([0, 0])).toBeCloseTo(-2 * Math.log(3), 12);
    expect(of([5, -7])).toBeCloseTo(ratio(5) + ratio(7), 12);
    expect(of([5, -7], 0.25)).toBeCloseTo((ratio(5) + ratio(7)) / 4, 12);
  });

  it("is bounded, and at the bound where a model predicts no number", () => {
    expect(of([1e9, 1e9])).toBeCloseTo(8 * Math.log(3), 6);
    expect(of([Number.NaN, Number.POSITIVE_INFINITY])).toBeCloseTo(8 * Math.log(3), 12);
  });
});

/** Normal noise of a size in three numbers. */
function noise(rng: Rng, size: number): Surprise {
  return { residuals: Float64Array.from({ length: 3 }, () => size * rng.normal()), share: 1 };
}

describe("the test against a reference", () => {
  const how = { rise: 3, threshold: 20 };
  const rng = Rng.fromSeed(7);
  const reference = new ErrorReference(400);
  for (let n = 0; n < 1000; n++) reference.add(noise(rng, n < 500 ? 5 : 0.2));
  const scale = reference.scale(how);

  it("keeps the last errors alone", () => {
    expect(reference.full).toBe(true);
    expect(reference.surprises).toHaveLength(400);
    for (const sigma of scale) expect(sigma).toBeCloseTo(0.17, 1);
  });

  it("raises no alarm in 50 000 steps of the same noise", () => {
    const series = Array.from({ length: 50_000 }, () => evidenceOf(noise(rng, 0.2), scale, how.rise));
    expect(peakOf(series)).toBeLessThan(how.threshold);
  });

  it("finds noise that is five times as large within twenty steps, and says when it began", () => {
    for (let trial = 0; trial < 50; trial++) {
      const test = new Cusum();
      for (let n = 0; n < 200; n++) test.update(evidenceOf(noise(rng, 0.2), scale, how.rise));
      let delay = 0;
      for (; test.sum <= how.threshold; delay++) test.update(evidenceOf(noise(rng, 1), scale, how.rise));
      expect(delay).toBeLessThanOrEqual(20);
      expect(Math.abs(test.steps - delay)).toBeLessThanOrEqual(6);
    }
  });

  it("takes errors that are large now and then for usual ones where they were so before", () => {
    const bursts = new ErrorReference(400);
    const burst = (n: number) => noise(rng, n % 100 < 15 ? 2 : 0.2);
    for (let n = 0; n < 400; n++) bursts.add(burst(n));
    const wide = bursts.scale(how);
    const evidence = (scales: Float32Array) =>
      Array.from({ length: 10_000 }, (_, n) => evidenceOf(burst(n), scales, how.rise));
    expect(peakOf(evidence(scale))).toBeGreaterThan(how.threshold);
    expect(peakOf(evidence(wide))).toBeLessThan(how.threshold);
  });
});
