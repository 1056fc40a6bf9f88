import { describe, expect, it } from "vitest";
import { inputOffset, Normalizer, RunningMoments } from "../../../agent/model/normalizer.js";
import { Rng } from "../../../sim/core/rng.js";
import { normals } from "../fixtures.js";

const column = (rows: readonly Float32Array[], i: number) => {
  const mean = rows.reduce((s, r) => s + r[i]!, 0) / rows.length;
  return { mean, std: Math.sqrt(rows.reduce((s, r) => s + (r[i]! - mean) ** 2, 0) / rows.length) };
};

describe("RunningMoments", () => {
  it("agree with the direct formulas, also far from zero", () => {
    const rng = Rng.fromSeed(1);
    const rows = Array.from({ length: 500 }, () =>
      Float32Array.of(rng.normal(), 1e4 + rng.normal(), 1e-3 * rng.normal()),
    );
    const moments = new RunningMoments(3);
    for (const row of rows) moments.add(row);
    expect(moments.count).toBe(500);
    for (let i = 0; i < 3; i++) {
      const { mean, std } = column(rows, i);
      expect(Math.abs(moments.mean[i]! - mean)).toBeLessThan(1e-9 * Math.max(1, Math.abs(mean)));
      expect(moments.std(i) / std).toBeCloseTo(1, 8);
    }
  });

  it("take a deviation below 1e-9 for 1, and leave larger ones", () => {
    const moments = new RunningMoments(3);
    expect([0, 1, 2].map((i) => moments.std(i))).toEqual([1, 1, 1]);
    for (const sign of [-1, 1]) moments.add([5, sign * 9e-10, sign * 1.1e-9]);
    expect([moments.std(0), moments.std(1)]).toEqual([1, 1]);
    expect(moments.std(2)).toBeCloseTo(1.1e-9, 15);
  });

  it("divide by the number of samples: the first sample has no spread yet", () => {
    const moments = new RunningMoments(1);
    moments.add([3]);
    expect([moments.mean[0], moments.std(0)]).toEqual([3, 1]);
    moments.add([5]);
    expect([moments.mean[0], moments.std(0)]).toEqual([4, 1]);
    moments.add([10]);
    expect(moments.std(0)).toBeCloseTo(Math.sqrt(26 / 3), 12);
  });
});

describe("Normalizer", () => {
  const fill = (normalizeTargets: boolean) => {
    const rng = Rng.fromSeed(2);
    const normalizer = new Normalizer(3, 2, normalizeTargets);
    const rows = Array.from({ length: 80 }, () => ({
      input: normals(rng, 3, 4),
      target: normals(rng, 2, 0.01),
    }));
    for (const { input, target } of rows) normalizer.add(input, target);
    return { rows, arrays: normalizer.arrays(), normalizer };
  };

  it("gives means and one over deviations of inputs, means and deviations of targets", () => {
    const { rows, arrays } = fill(true);
    for (let i = 0; i < 3; i++) {
      const { mean, std } = column(
        rows.map((r) => r.input),
        i,
      );
      expect(arrays.inputMean[i]).toBeCloseTo(mean, 5);
      expect(arrays.inputScale[i]! * std).toBeCloseTo(1, 5);
    }
    for (let i = 0; i < 2; i++) {
      const { mean, std } = column(
        rows.map((r) => r.target),
        i,
      );
      expect(arrays.targetMean[i]).toBeCloseTo(mean, 7);
      expect(arrays.targetStd[i]! / std).toBeCloseTo(1, 5);
    }
  });

  it("leaves targets as they are when asked to", () => {
    const { arrays } = fill(false);
    expect([...arrays.targetMean, ...arrays.targetStd]).toEqual([0, 0, 1, 1]);
    expect([...arrays.inputScale]).toEqual([...fill(true).arrays.inputScale]);
  });

  it("hands out copies: what was frozen stays when more is seen", () => {
    const { arrays, normalizer } = fill(true);
    const frozen = structuredClone(arrays);
    normalizer.add([100, 100, 100], [100, 100]);
    expect(arrays).toEqual(frozen);
    expect(normalizer.arrays().inputMean[0]).toBeGreaterThan(frozen.inputMean[0]! + 1);
  });
});

describe("inputOffset", () => {
  const offset = (mean: readonly number[], std: readonly number[]) =>
    inputOffset({
      inputMean: Float32Array.from(mean),
      inputScale: Float32Array.from(std, (s) => 1 / s),
      targetMean: new Float32Array(0),
      targetStd: new Float32Array(0),
    });

  it("is the mean of inputs that are large in themselves and against their spread, and 0 of others", () => {
    expect([...offset([1.7e9, 5000, -5000, 5, 0], [1, 10, 1, 1e-6, 1])!]).toEqual([
      Math.fround(1.7e9),
      0,
      -5000,
      0,
      0,
    ]);
  });

  it("is none where no input is large, so that those tasks are planned as ever", () => {
    expect(offset([999, 5000, 1e-3], [1, 10, 1e-9])).toBeUndefined();
  });
});
