import { describe, expect, test } from "vitest";
import { angleAbout, canonical, fromRotationVector } from "../../../../sim/core/math/rotation.js";
import { axisAngle, length, normalize, scale, type Vec3 } from "../../../../sim/core/math/vector.js";
import { Rng } from "../../../../sim/core/rng.js";

const rng = Rng.fromSeed(1);
const direction = (): Vec3 => {
  const v: Vec3 = [rng.uniform() - 0.5, rng.uniform() - 0.5, rng.uniform() - 0.5];
  return scale(v, 1 / length(v));
};

describe("rotation vectors", () => {
  test.each([0, 1e-9, 0.01, 0.5, 0.87, 1])("%d rad: the same as by sine and cosine", (angle) => {
    const axis = direction();
    const wanted = axisAngle(axis, angle);
    fromRotationVector(scale(axis, angle)).forEach((v, i) => {
      expect(Math.abs(v - wanted[i]!)).toBeLessThan(1e-12);
    });
  });
});

describe("angle about an axis", () => {
  test.each([-3.1, -1.57, -0.65, 0, 1e-6, 0.3, 2, 3.1])("%d rad is found again, of either sign", (angle) => {
    const axis = direction();
    const q = axisAngle(axis, angle);
    expect(angleAbout(q, axis)).toBeCloseTo(angle, 12);
    expect(angleAbout([-q[0], -q[1], -q[2], -q[3]], axis)).toBeCloseTo(angle, 12);
  });
});

test("the canonical quaternion is the same rotation with w ≥ 0", () => {
  const q = normalize([0.1, -0.2, 0.3, -0.4]);
  expect(canonical(q)).toEqual([-q[0], -q[1], -q[2], -q[3]]);
  expect(canonical(canonical(q))).toEqual(canonical(q));
});
