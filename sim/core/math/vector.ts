/** Vector (x, y, z). */
export type Vec3 = readonly [number, number, number];
/** Unit quaternion (x, y, z, w). */
export type Quat = readonly [number, number, number, number];

/** A vector with named coordinates, as Rapier and Foxglove take it. */
export interface XYZ {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}
/** A quaternion with named parts. */
export interface XYZW extends XYZ {
  readonly w: number;
}

/** A vector for Rapier or Foxglove. */
export const xyz = ([x, y, z]: Vec3): XYZ => ({ x, y, z });
/** A quaternion for Rapier or Foxglove. */
export const xyzw = ([x, y, z, w]: Quat): XYZW => ({ x, y, z, w });

// Small immutable helpers for code that runs once per task or per control step. The control law, which runs at
// every physics step, works on flat arrays instead.

export const IDENTITY: Quat = [0, 0, 0, 1];
/** `IDENTITY` for Rapier or Foxglove. */
export const NO_ROTATION = xyzw(IDENTITY);

/** The vector in a flat array from `at` on. */
export const vec3At = (values: ArrayLike<number>, at = 0): Vec3 => [
  values[at]!,
  values[at + 1]!,
  values[at + 2]!,
];
/** The quaternion in a flat array from `at` on. */
export const quatAt = (values: ArrayLike<number>, at = 0): Quat => [
  values[at]!,
  values[at + 1]!,
  values[at + 2]!,
  values[at + 3]!,
];

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const sub = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vec3, s: number): Vec3 => [a[0] * s, a[1] * s, a[2] * s];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a: Vec3): number => Math.sqrt(dot(a, a));

export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Hamilton product: the rotation `b` followed by `a`. */
export const multiply = (a: Quat, b: Quat): Quat => [
  a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1],
  a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0],
  a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3],
  a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2],
];

export const conjugate = (q: Quat): Quat => [-q[0], -q[1], -q[2], q[3]];

export function rotate(q: Quat, v: Vec3): Vec3 {
  const axis: Vec3 = [q[0], q[1], q[2]];
  const t = scale(cross(axis, v), 2);
  return add(add(v, scale(t, q[3])), cross(axis, t));
}

/** Rotation by `angle` rad about a unit axis. */
export function axisAngle(axis: Vec3, angle: number): Quat {
  const s = Math.sin(angle / 2);
  return [axis[0] * s, axis[1] * s, axis[2] * s, Math.cos(angle / 2)];
}

export function normalize(q: Quat): Quat {
  const n = 1 / Math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  return [q[0] * n, q[1] * n, q[2] * n, q[3] * n];
}

/** Rotation vector (axis times angle, rad) that turns `from` into `to`, in the world frame. */
export function rotationBetween(from: Quat, to: Quat): Vec3 {
  const q = multiply(to, conjugate(from));
  const s = Math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2]);
  if (s < 1e-12) return [0, 0, 0];
  const factor = (q[3] < 0 ? -1 : 1) * ((2 * Math.atan2(s, Math.abs(q[3]))) / s);
  return [q[0] * factor, q[1] * factor, q[2] * factor];
}

/** Shortest rotation that turns the unit vector z into the direction of `v`. */
export function fromZAxis(v: Vec3): Quat {
  const n = length(v);
  if (n === 0) return IDENTITY;
  const c = v[2] / n;
  if (c < -0.999999) return [1, 0, 0, 0];
  return normalize([-v[1] / n, v[0] / n, 0, 1 + c]);
}
