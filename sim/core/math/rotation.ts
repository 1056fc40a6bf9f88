import { angleFromHalf } from "./angle.js";
import type { Quat, Vec3 } from "./vector.js";

// Without trigonometric functions, whose last bit may differ between JavaScript engines: see `atanUnit`.

/** Rotation by the vector `v` (axis times angle, rad; |v| ≤ 1), exact to 1e-12. */
export function fromRotationVector(v: Vec3): Quat {
  const u = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / 4;
  // sin(h) / h of the half angle h, by its series in u = h².
  const sinc = 1 - (u / 6) * (1 - (u / 20) * (1 - (u / 42) * (1 - (u / 72) * (1 - u / 110))));
  return [(v[0] * sinc) / 2, (v[1] * sinc) / 2, (v[2] * sinc) / 2, Math.sqrt(1 - u * sinc * sinc)];
}

/** Angle in (-π, π] rad of the rotation `q` about a unit axis that it leaves in place. */
export function angleAbout(q: Quat, axis: Vec3): number {
  return angleFromHalf(q[0] * axis[0] + q[1] * axis[1] + q[2] * axis[2], q[3]);
}

/** The same rotation with w ≥ 0: of the two quaternions of a rotation the one nearer to none. */
export const canonical = (q: Quat): Quat => (q[3] < 0 ? [-q[0], -q[1], -q[2], -q[3]] : q);
