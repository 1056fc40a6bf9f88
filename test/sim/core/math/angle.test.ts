import { describe, expect, it } from "vitest";
import { angleFromHalf, continueAngle } from "../../../../sim/core/math/angle.js";

describe("angleFromHalf", () => {
  it.each([-3.1, -Math.PI / 2, -1e-6, 0, 0.3, 2, 3.14])("finds %f rad from either quaternion", (angle) => {
    const [s, c] = [Math.sin(angle / 2), Math.cos(angle / 2)];
    expect(angleFromHalf(s, c)).toBeCloseTo(angle, 12);
    expect(angleFromHalf(-s, -c)).toBeCloseTo(angle, 12);
  });

  it("takes rotations by more than half a turn the short way round", () => {
    expect(angleFromHalf(Math.sin(2), Math.cos(2))).toBeCloseTo(4 - 2 * Math.PI, 12);
  });
});

describe("continueAngle", () => {
  it("follows a wheel over several turns and back", () => {
    const path = Array.from({ length: 80 }, (_, i) => 20 * Math.sin(0.05 * i));
    let angle = 0;
    for (const turned of path) {
      angle = continueAngle(angle, Math.atan2(Math.sin(turned), Math.cos(turned)));
      expect(angle).toBeCloseTo(turned, 12);
    }
    expect(Math.max(...path)).toBeGreaterThan(6 * Math.PI);
  });

  it("leaves an angle that is near already", () => {
    expect(continueAngle(0.1, 0.2)).toBe(0.2);
    expect(continueAngle(0, -3)).toBe(-3);
  });
});
