import { describe, expect, it } from "vitest";
import { noisyAction } from "../../agent/action-noise.js";
import { Rng } from "../../sim/core/rng.js";

const ACTION = [
  { name: "push", unit: "N", low: -10, high: 10 },
  { name: "grip", unit: "1", low: 0, high: 1 },
];

describe("noisyAction", () => {
  it("adds noise in halves of each action's range", () => {
    const rng = Rng.fromSeed(3);
    const planned = Float32Array.of(1, 0.5);
    const made = Array.from({ length: 4000 }, () => noisyAction(planned, ACTION, [0.1, 0.02], rng));
    const deviation = (i: number) =>
      Math.sqrt(made.reduce((sum, a) => sum + (a[i]! - planned[i]!) ** 2, 0) / made.length);
    expect(deviation(0)).toBeCloseTo(1, 1);
    expect(deviation(1)).toBeCloseTo(0.01, 3);
    const mean = made.reduce((sum, a) => sum + a[0]!, 0) / made.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.06);
  });

  it("keeps to the bounds", () => {
    const rng = Rng.fromSeed(3);
    for (let i = 0; i < 200; i++) {
      const [push, grip] = noisyAction(Float32Array.of(10, 0), ACTION, 5, rng);
      expect(Math.abs(push!)).toBeLessThanOrEqual(10);
      expect(grip).toBeGreaterThanOrEqual(0);
      expect(grip).toBeLessThanOrEqual(1);
    }
  });

  it("without noise gives the action itself and draws nothing", () => {
    const rng = Rng.fromSeed(3);
    const planned = Float32Array.of(1, 0.5);
    expect(noisyAction(planned, ACTION, [0, 0], rng)).toBe(planned);
    expect(noisyAction(planned, ACTION, 0, rng)).toBe(planned);
    expect(rng.normal()).toBe(Rng.fromSeed(3).normal());
  });

  it("needs one number, or one for each action", () => {
    const call = () => noisyAction(Float32Array.of(1, 0.5), ACTION, [0.1], Rng.fromSeed(3));
    expect(call).toThrow(/loop\.explorationStd.*got 1 number; .*one for each of 2 actions/s);
  });
});
