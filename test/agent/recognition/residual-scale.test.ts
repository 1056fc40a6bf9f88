import { describe, expect, it } from "vitest";
import { residualScale, studentScale } from "../../../agent/recognition/residual-scale.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData, type System } from "../fixtures.js";
import { linearDynamics } from "./linear-dynamics.js";

/** Draws of Student's t with 4 degrees of freedom. */
function studentDraws(count: number, scale: number): Float64Array {
  const rng = Rng.fromSeed(5);
  return Float64Array.from({ length: count }, () => {
    const square = [1, 2, 3, 4].reduce((sum) => sum + rng.normal() ** 2, 0);
    return (scale * rng.normal()) / Math.sqrt(square / 4);
  });
}

/** A system with normal noise on x, and now and then a blow to it. */
function noisy(noise: number, blows: number): System {
  const rng = Rng.fromSeed(6);
  return (x, u) => {
    const next = linearSystem(0)(x, u);
    const blow = rng.uniform() < blows ? 50 : 0;
    next[0]! += noise * rng.normal() + blow;
    return next;
  };
}

describe("studentScale", () => {
  it("finds the scale that values of the distribution were drawn with", () => {
    // The standard error is 1.7 %.
    expect(Math.abs(studentScale(studentDraws(5000, 0.3), 1e-9) / 0.3 - 1)).toBeLessThan(0.04);
  });

  it("is where the likelihood has its maximum: the mean of 5 z² / (4 + z²) is 1", () => {
    const values = studentDraws(50, 2);
    const scale = studentScale(values, 1e-9);
    const mean = values.reduce((sum, v) => sum + (5 * (v / scale) ** 2) / (4 + (v / scale) ** 2), 0) / 50;
    expect(mean).toBeCloseTo(1, 4);
  });

  it("is no smaller than it may be, and 1 of nothing", () => {
    expect(studentScale(new Float64Array(10), 0.01)).toBeCloseTo(0.01, 12);
    expect(studentScale(new Float64Array(0), 0.01)).toBe(1);
  });
});

describe("residualScale", () => {
  it("is a thousandth of the targets' spread where the model is exact", () => {
    const { buffer } = pointData(linearSystem(0), 500, 1);
    const mean = [0, 1].map((i) => average(500, (n) => buffer.targets[2 * n + i]!));
    const spread = mean.map((m, i) => Math.sqrt(average(500, (n) => (buffer.targets[2 * n + i]! - m) ** 2)));
    residualScale(linearDynamics(0), buffer).forEach((scale, i) => {
      expect(scale / spread[i]!).toBeCloseTo(1e-3, 6);
    });
  });

  it("is the noise of what the model cannot know, for each number of its own, and a few blows change it little", () => {
    const [quiet] = residualScale(linearDynamics(0), pointData(noisy(0.05, 0), 2000, 1).buffer);
    // Of normal numbers, a little less than their standard deviation.
    expect(quiet! / 0.05).toBeGreaterThan(0.75);
    expect(quiet! / 0.05).toBeLessThan(1);
    const [hit, calm] = residualScale(linearDynamics(0), pointData(noisy(0.05, 0.02), 2000, 1).buffer);
    expect(hit! / quiet!).toBeLessThan(1.2);
    expect(calm).toBeLessThan(0.01);
  });

  it("uses up to 2000 of many transitions, evenly spaced, and leaves out what is no number", () => {
    const { buffer } = pointData(noisy(0.05, 0), 6000, 2);
    const rows = (data: Float32Array, width: number) =>
      Float32Array.from(
        { length: 2000 * width },
        (_, k) => data[3 * width * Math.floor(k / width) + (k % width)]!,
      );
    const third = {
      ...{ capacity: 2000, size: 2000, added: 2000, inputSize: 4, targetSize: 2 },
      inputs: rows(buffer.inputs, 4),
      targets: rows(buffer.targets, 2),
    };
    const scale = residualScale(linearDynamics(0), buffer);
    expect(bits(scale).equals(bits(residualScale(linearDynamics(0), third)))).toBe(true);
    const broken = linearDynamics(0);
    broken.weights.fill(Number.NaN);
    expect([...residualScale(broken, buffer)]).toEqual([1, 1]);
  });
});

function average(count: number, value: (n: number) => number): number {
  return Array.from({ length: count }, (_, n) => value(n)).reduce((a, b) => a + b) / count;
}
