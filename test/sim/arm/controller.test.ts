import { describe, expect, test } from "vitest";
import { OperationalSpaceController } from "../../../sim/arm/controller.js";
import { HOME_ANGLES, JOINTS } from "../../../sim/arm/panda.js";
import { axisAngle, multiply, type Quat, type Vec3 } from "../../../sim/core/math/vector.js";
import { Rng } from "../../../sim/core/rng.js";

type Matrix = number[][];

const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, c) => row.reduce((s, v, k) => s + v * b[k]![c]!, 0)));
const transpose = (a: Matrix): Matrix => a[0]!.map((_, c) => a.map((row) => row[c]!));
const column = (v: readonly number[]): Matrix => v.map((x) => [x]);

/** Gauss-Jordan without pivoting: enough for positive definite matrices. */
function inverse(a: Matrix): Matrix {
  const n = a.length;
  const work = a.map((row, i) => [...row, ...row.map((_, c) => (c === i ? 1 : 0))]);
  for (let i = 0; i < n; i++) {
    const pivot = work[i]![i]!;
    work[i] = work[i]!.map((v) => v / pivot);
    for (let r = 0; r < n; r++) {
      const f = work[r]![i]!;
      if (r !== i) work[r] = work[r]!.map((v, c) => v - f * work[i]![c]!);
    }
  }
  return work.map((row) => row.slice(n));
}

/** A state with random, well-conditioned J and M; `angles` and `velocities` are small. */
function randomState(rng: Rng, endRotation: Quat) {
  const j: Matrix = Array.from({ length: 6 }, () => Array.from({ length: JOINTS }, () => rng.normal()));
  const root: Matrix = Array.from({ length: JOINTS }, () =>
    Array.from({ length: JOINTS }, () => 0.3 * rng.normal()),
  );
  const m = product(root, transpose(root)).map((row, i) => row.map((v, c) => v + (i === c ? 1 : 0)));
  const angles = HOME_ANGLES.map((a) => a + 0.05 * rng.normal());
  const velocities = HOME_ANGLES.map(() => 0.05 * rng.normal());
  const state = {
    jacobian: Float64Array.from(j.flat()),
    mass: Float64Array.from(m.flat()),
    angles: Float64Array.from(angles),
    velocities: Float64Array.from(velocities),
    endPosition: Float64Array.of(0.1, -0.2, 0.3),
    endRotation: Float64Array.from(endRotation),
  };
  return { j, m, angles, velocities, state };
}

/** robosuite's formulas, matrix by matrix. */
function reference(
  { j, m, angles, velocities }: ReturnType<typeof randomState>,
  error: readonly number[],
): number[] {
  const minv = inverse(m);
  const speed = product(j, column(velocities));
  const wanted = error.map((e, i) => [150 * e - 2 * Math.sqrt(150) * speed[i]![0]!]);
  const effective = (rows: Matrix) => inverse(product(product(rows, minv), transpose(rows)));
  const force = [
    ...product(effective(j.slice(0, 3)), wanted.slice(0, 3)),
    ...product(effective(j.slice(3)), wanted.slice(3)),
  ];
  const jbar = product(product(minv, transpose(j)), effective(j));
  const posture = angles.map((a, i) => [10 * (HOME_ANGLES[i]! - a) - 2 * Math.sqrt(10) * velocities[i]!]);
  const pull = product(m, posture);
  const blocked = product(transpose(product(jbar, j)), pull);
  return product(transpose(j), force).map((t, i) => t[0]! + pull[i]![0]! - blocked[i]![0]!);
}

describe("operational-space law", () => {
  test("agrees with robosuite's formulas written out with inverses", () => {
    const rng = Rng.fromSeed(4);
    const axis: Vec3 = [0.6, 0, 0.8];
    for (let round = 0; round < 20; round++) {
      const current = axisAngle([0, 1, 0], 0.3 * rng.normal());
      const angle = 0.02 * rng.normal();
      const goal = multiply(axisAngle(axis, angle), current);
      const sample = randomState(rng, current);
      const offset = [0.004, -0.003, 0.002];
      const turn = axis.map((v) => v * Math.sin(angle));
      const controller = new OperationalSpaceController(HOME_ANGLES);
      // The same rotation has two quaternions; both must do.
      const sign = round % 2 === 0 ? 1 : -1;
      const goalRotation = goal.map((v) => sign * v);
      controller.update(sample.state, [0.104, -0.203, 0.302], goalRotation);
      const limit = [80, 80, 80, 80, 80, 12, 12];
      reference(sample, [...offset, ...turn]).forEach((t, i) => {
        const expected = Math.min(Math.max(t, -limit[i]!), limit[i]!);
        expect(Math.abs(controller.torque[i]! - expected)).toBeLessThan(1e-3 * (1 + Math.abs(expected)));
      });
    }
  });

  test("a posture error makes torques that do not accelerate the end effector", () => {
    const sample = randomState(Rng.fromSeed(6), [0, 0, 0, 1]);
    sample.state.velocities.fill(0);
    const controller = new OperationalSpaceController(HOME_ANGLES);
    controller.update(sample.state, sample.state.endPosition, [0, 0, 0, 1]);
    const torque = column([...controller.torque]);
    expect(Math.max(...controller.torque.map(Math.abs))).toBeGreaterThan(0.01);
    for (const a of product(product(sample.j, inverse(sample.m)), torque).flat())
      expect(Math.abs(a)).toBeLessThan(1e-5);
  });
});
