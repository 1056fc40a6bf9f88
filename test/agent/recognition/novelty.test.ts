import { describe, expect, it } from "vitest";
import { Novelty } from "../../../agent/recognition/novelty.js";

describe("Novelty", () => {
  it("is 1 - exp(-d²/2ℓ²) of the distance from the last input, and 1 at first", () => {
    const novelty = new Novelty([2, 0.5]);
    expect(novelty.share(Float32Array.of(1, 4))).toBe(1);
    // 0.5 · 2 = 1 and 2 · 0.5 = 1 standard deviations: d = 1, and ℓ = 1.5.
    expect(novelty.share(Float32Array.of(1.5, 6))).toBeCloseTo(1 - Math.exp(-1 / 4.5), 12);
    expect(novelty.share(Float32Array.of(1.5, 6))).toBe(0);
    expect(novelty.share(Float32Array.of(100, 6))).toBeCloseTo(1, 12);
  });

  it("compares with the input as it was, and forgets it when told to", () => {
    const novelty = new Novelty([1]);
    const input = Float32Array.of(1);
    novelty.share(input);
    input[0] = 2;
    expect(novelty.share(input)).toBeGreaterThan(0.1);
    novelty.restart();
    expect(novelty.share(input)).toBe(1);
  });
});
