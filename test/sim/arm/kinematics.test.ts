import { describe, expect, test } from "vitest";
import { forwardKinematics, inverseKinematics, jacobian } from "../../../sim/arm/kinematics.js";
import { HOME_ANGLES, JOINTS, PANDA } from "../../../sim/arm/panda.js";
import { atanUnit } from "../../../sim/core/math/atan.js";
import { factor, solve } from "../../../sim/core/math/cholesky.js";
import {
  IDENTITY,
  length,
  rotate,
  rotationBetween,
  sub,
  type Vec3,
  vec3At,
} from "../../../sim/core/math/vector.js";

const base = { position: [-0.56, 0, 0.913] as Vec3, rotation: IDENTITY };
const poses = [HOME_ANGLES, [0.4, -0.3, 0.5, -1.4, -0.6, 1.9, 0.2], [-1.2, 0.9, -0.7, -2.2, 1.3, 2.8, -1.5]];

describe("forward kinematics", () => {
  test("the stretched arm is as tall as its offsets add up", () => {
    const { endEffector } = forwardKinematics(new Float64Array(JOINTS), {
      position: [0, 0, 0],
      rotation: IDENTITY,
    });
    // 0.333 + 0.316 + 0.384 up, then flange 0.1065 and grip 0.097 down from the wrist, which sticks out by 0.088.
    expect(endEffector.position[0]).toBeCloseTo(0.088, 12);
    expect(endEffector.position[1]).toBeCloseTo(0, 12);
    expect(endEffector.position[2]).toBeCloseTo(0.333 + 0.316 + 0.384 - 0.1065 - 0.097, 12);
    expect(rotate(endEffector.rotation, [0, 0, 1])[2]).toBeCloseTo(-1, 12);
  });

  test.each(poses.map((p) => [p]))("the Jacobian is the derivative (central differences) at %j", (angles) => {
    const h = 1e-6;
    const j = jacobian(forwardKinematics(angles, base));
    for (let i = 0; i < JOINTS; i++) {
      const at = (s: number) => forwardKinematics(angles.with(i, angles[i]! + s), base).endEffector;
      const [low, high] = [at(-h), at(h)];
      const numeric = [
        ...sub(high.position, low.position),
        ...rotationBetween(low.rotation, high.rotation),
      ].map((v) => v / (2 * h));
      numeric.forEach((v, r) => {
        expect(Math.abs(v - j[r * JOINTS + i]!)).toBeLessThan(1e-8);
      });
    }
  });

  test("following the Jacobian for 1 s ends where forward kinematics says", () => {
    const speed = [0.3, -0.2, 0.25, 0.4, -0.5, 0.3, 0.6];
    const angles = [...poses[1]!];
    const start = forwardKinematics(angles, base).endEffector.position;
    const moved = [0, 0, 0];
    const steps = 2000;
    const dt = 1 / steps;
    for (let k = 0; k < steps; k++) {
      const middle = angles.map((a, i) => a + 0.5 * dt * speed[i]!);
      const j = jacobian(forwardKinematics(middle, base));
      for (let r = 0; r < 3; r++)
        for (let i = 0; i < JOINTS; i++) moved[r]! += j[r * JOINTS + i]! * speed[i]! * dt;
      for (let i = 0; i < JOINTS; i++) angles[i]! += dt * speed[i]!;
    }
    const end = sub(forwardKinematics(angles, base).endEffector.position, start);
    expect(length(end)).toBeGreaterThan(0.05);
    expect(length(sub(vec3At(moved), end))).toBeLessThan(1e-6);
  });
});

describe("inverse kinematics", () => {
  const home = forwardKinematics(HOME_ANGLES, base).endEffector;
  const inside = (angles: Float64Array) =>
    angles.every(
      (a, i) => a >= PANDA[i]!.limits[0] + 0.01 - 1e-12 && a <= PANDA[i]!.limits[1] - 0.01 + 1e-12,
    );

  test.each<[Vec3]>([[[-0.23, 0, 0.86]], [[0, 0.2, 0.95]], [[-0.1, -0.25, 0.86]]])(
    "reaches %j with the hand down, within the limits",
    (position) => {
      const angles = inverseKinematics({ position, rotation: home.rotation }, base);
      const { endEffector } = forwardKinematics(angles, base);
      expect(length(sub(endEffector.position, position))).toBeLessThan(5e-5);
      expect(length(rotationBetween(endEffector.rotation, home.rotation))).toBeLessThan(5e-4);
      expect(inside(angles)).toBe(true);
    },
  );

  test("out of reach it stretches toward the goal and respects the limits", () => {
    const angles = inverseKinematics({ position: [2, 0, 0.9], rotation: home.rotation }, base);
    const { position } = forwardKinematics(angles, base).endEffector;
    expect(inside(angles)).toBe(true);
    expect(angles.every(Number.isFinite)).toBe(true);
    expect(length(sub(position, [2, 0, 0.9]))).toBeGreaterThan(1);
  });
});

describe("arithmetic", () => {
  test("atanUnit agrees with Math.atan to 1e-15", () => {
    for (let t = -1; t <= 1; t += 1 / 512) expect(Math.abs(atanUnit(t) - Math.atan(t))).toBeLessThan(1e-15);
  });

  test("Cholesky solves a system whose answer is known", () => {
    const a = Float64Array.of(4, 0, 0, 2, 5, 0, -1, 1, 3);
    const full = [
      [4, 2, -1],
      [2, 5, 1],
      [-1, 1, 3],
    ];
    const x = [1, -2, 0.5];
    const b = Float64Array.from(full, (row) => row.reduce((s, v, i) => s + v * x[i]!, 0));
    factor(a, 3);
    solve(a, 3, b);
    x.forEach((v, i) => {
      expect(b[i]).toBeCloseTo(v, 12);
    });
  });
});
