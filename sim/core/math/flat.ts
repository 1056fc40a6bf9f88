// The control law runs at every physics step: vectors and matrices inside flat arrays, read and written in place.
// Indices are the callers' affair, so reads do not check them.

/** a · b of the vectors `[3]` at `aAt` and `bAt`. */
export function dotAt(a: Float64Array, aAt: number, b: Float64Array, bAt: number): number {
  return a[aAt]! * b[bAt]! + a[aAt + 1]! * b[bAt + 1]! + a[aAt + 2]! * b[bAt + 2]!;
}

/** Writes a × (x, y, z), with a `[3]` at `aAt`, to `out` at `outAt`. */
export function crossAt(
  a: Float64Array,
  aAt: number,
  x: number,
  y: number,
  z: number,
  out: Float64Array,
  outAt: number,
): void {
  out[outAt] = a[aAt + 1]! * z - a[aAt + 2]! * y;
  out[outAt + 1] = a[aAt + 2]! * x - a[aAt]! * z;
  out[outAt + 2] = a[aAt]! * y - a[aAt + 1]! * x;
}

/** Writes R v, with R `[9]` row-major at `matrixAt` and v `[3]` at `vectorAt`, to `out` at `outAt`. */
export function transformAt(
  r: Float64Array,
  matrixAt: number,
  v: Float64Array,
  vectorAt: number,
  out: Float64Array,
  outAt: number,
): void {
  const x = v[vectorAt]!;
  const y = v[vectorAt + 1]!;
  const z = v[vectorAt + 2]!;
  out[outAt] = r[matrixAt]! * x + r[matrixAt + 1]! * y + r[matrixAt + 2]! * z;
  out[outAt + 1] = r[matrixAt + 3]! * x + r[matrixAt + 4]! * y + r[matrixAt + 5]! * z;
  out[outAt + 2] = r[matrixAt + 6]! * x + r[matrixAt + 7]! * y + r[matrixAt + 8]! * z;
}

/** Writes the rotation matrix `[9]` of the quaternion (x, y, z, w) at `qAt` to `out` at `outAt`. */
export function matrixAt(q: ArrayLike<number>, qAt: number, out: Float64Array, outAt: number): void {
  const x = q[qAt]!;
  const y = q[qAt + 1]!;
  const z = q[qAt + 2]!;
  const w = q[qAt + 3]!;
  out[outAt] = 1 - 2 * (y * y + z * z);
  out[outAt + 1] = 2 * (x * y - w * z);
  out[outAt + 2] = 2 * (x * z + w * y);
  out[outAt + 3] = 2 * (x * y + w * z);
  out[outAt + 4] = 1 - 2 * (x * x + z * z);
  out[outAt + 5] = 2 * (y * z - w * x);
  out[outAt + 6] = 2 * (x * z - w * y);
  out[outAt + 7] = 2 * (y * z + w * x);
  out[outAt + 8] = 1 - 2 * (x * x + y * y);
}
