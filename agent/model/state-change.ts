import { UsageError } from "../../sim/core/errors.js";
import { canonical } from "../../sim/core/math/rotation.js";
import { conjugate, multiply, normalize, type Quat, quatAt } from "../../sim/core/math/vector.js";
import type { TaskSpec } from "../../sim/task.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";

/**
 * Where the quaternions of an observation begin.
 * @throws UsageError when the channels marked as `quaternion` do not come in fours
 */
export function quaternionStarts({ observation }: TaskSpec): number[] {
  const starts: number[] = [];
  for (let i = 0; i < observation.length; i++) {
    if (!observation[i]!.quaternion) continue;
    const four = observation.slice(i, i + 4);
    if (four.length < 4 || !four.every((c) => c.quaternion)) {
      throw new UsageError({
        what: "The channels of a quaternion must come in fours: x, y, z, w",
        got: `${four.filter((c) => c.quaternion).length} from ${observation[i]!.name}`,
        expected: "four channels marked as quaternion, one after the other",
        todo: "Mark them so in the task's `spec.observation`",
      });
    }
    starts.push(i);
    i += 3;
  }
  return starts;
}

/** Observations of which the model predicts something else than their difference. */
export interface ChangeKinds {
  /** Where unit quaternions begin. */
  readonly quaternions: readonly number[];
  /** Channels predicted themselves. */
  readonly absolute: readonly number[];
}

/** @throws UsageError when the channels marked as `quaternion` do not come in fours */
export function changeKinds(spec: TaskSpec): ChangeKinds {
  const absolute = spec.observation.flatMap((channel, i) => (channel.absolute ? [i] : []));
  return { quaternions: quaternionStarts(spec), absolute };
}

/**
 * Writes what the dynamics model is to predict, the change from `before` to `after`, observations `[X]`, to
 * `out [X]`: their difference, but for a unit quaternion q the rotation q' q⁻¹ less the quaternion of no rotation,
 * (0, 0, 0, 1), so that no change is zero everywhere; and `after` itself of absolute channels.
 */
export function encodeChange(
  { quaternions, absolute }: ChangeKinds,
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  out: Float32Array,
): void {
  for (let i = 0; i < out.length; i++) out[i] = after[i]! - before[i]!;
  for (const start of quaternions) {
    const [x, y, z, w] = canonical(multiply(quatAt(after, start), conjugate(quatAt(before, start))));
    out.set([x, y, z, w - 1], start);
  }
  for (const i of absolute) out[i] = after[i]!;
}

/** The rotation that a predicted change of a quaternion stands for. */
const rotationOf = (change: ArrayLike<number>, start: number): Quat => {
  const [x, y, z, w] = quatAt(change, start);
  return [x, y, z, w + 1];
};

/** Writes the observation that follows `before` by a predicted change to `after`, all `[X]`; see `encodeChange`. */
export function decodeChange(
  { quaternions, absolute }: ChangeKinds,
  before: Float32Array,
  change: Float32Array,
  after: Float32Array,
): void {
  for (let i = 0; i < after.length; i++) after[i] = before[i]! + change[i]!;
  for (const i of absolute) after[i] = change[i]!;
  for (const start of quaternions)
    after.set(normalize(multiply(rotationOf(change, start), quatAt(before, start))), start);
}

/** What `decodeChange` takes and gives, or the derivatives with respect to each; all `[X]`. */
export interface DecodedChange {
  readonly before: Float32Array;
  readonly change: Float32Array;
  readonly after: Float32Array;
}

/**
 * The backward pass of `decodeChange`: takes the derivatives with respect to `after`, writes those with respect to `change` and
 * adds those with respect to `before` to theirs. Those with respect to `after` are overwritten.
 */
export function decodeChangeBackward(
  { quaternions, absolute }: ChangeKinds,
  values: Pick<DecodedChange, "before" | "change">,
  slopes: DecodedChange,
): void {
  slopes.change.set(slopes.after);
  for (const start of quaternions) {
    const [rotation, before] = [rotationOf(values.change, start), quatAt(values.before, start)];
    const slope = normalizeBackward(multiply(rotation, before), quatAt(slopes.after, start));
    slopes.change.set(multiply(slope, conjugate(before)), start);
    slopes.after.set(multiply(conjugate(rotation), slope), start);
  }
  for (const i of absolute) slopes.after[i] = 0;
  for (let i = 0; i < slopes.before.length; i++) slopes.before[i]! += slopes.after[i]!;
}

/** The backward pass of `normalize(q)`: from the derivatives with respect to its result, those with respect to q. */
function normalizeBackward(q: Quat, slope: Quat): Quat {
  const dot = (a: Quat, b: Quat) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const scale = 1 / Math.sqrt(dot(q, q));
  const along = dot(q, slope) * scale * scale;
  const [x, y, z, w] = q.map((v, i) => (slope[i]! - v * along) * scale);
  return [x!, y!, z!, w!];
}

// The product d q, summed up from 16 products of one entry of d and one of q: rows of the result, and for each entry
// of d (x, y, z, w) the entry of q and the sign.
const PRODUCT = [
  [+4, +3, -2, +1],
  [-3, +4, +1, +2],
  [+2, -1, +4, +3],
  [-1, -2, -3, +4],
] as const;

const matrix = (
  rows: number,
  columns: number,
  entry: (row: number, column: number) => number,
): [number[], [number, number]] => [
  Array.from({ length: rows * columns }, (_, i) => entry(Math.floor(i / columns), i % columns)),
  [rows, columns],
];

/** Unit quaternions q `[4, N]` turned by 1 + d, `[4, N]`, and made unit length again. */
function turned(q: Tensor, d: Tensor): Tensor {
  const { graph } = q;
  const left = graph.constant(...matrix(16, 4, (row, column) => (row % 4 === column ? 1 : 0)));
  const right = graph.constant(
    ...matrix(16, 4, (row, column) => {
      const term = PRODUCT[Math.floor(row / 4)]![row % 4]!;
      return Math.abs(term) === column + 1 ? Math.sign(term) : 0;
    }),
  );
  const total = graph.constant(...matrix(4, 16, (row, column) => (Math.floor(column / 4) === row ? 1 : 0)));
  const products = ops.mul(ops.gemm(left, d), ops.gemm(right, q));
  const next = ops.gemm(total, products, q);
  return ops.div(next, ops.sqrt(ops.reduceSum(ops.square(next), [0], true)));
}

/** `x [X, N]` with zeros in some rows. */
function withoutRows(x: Tensor, rows: readonly number[]): Tensor {
  const kept = Float32Array.from({ length: x.shape[0] as number }, (_, i) => (rows.includes(i) ? 0 : 1));
  return ops.mul(x, x.graph.constant(kept, [kept.length, 1]));
}

/** States after a predicted change, all `[X, N]`. */
export function applyChange({ quaternions, absolute }: ChangeKinds, x: Tensor, change: Tensor): Tensor {
  const next = ops.add(absolute.length === 0 ? x : withoutRows(x, absolute), change);
  if (quaternions.length === 0) return next;
  const parts: Tensor[] = [];
  let from = 0;
  for (const start of quaternions) {
    if (start > from) parts.push(ops.slice(next, from, start, 0));
    from = start + 4;
    parts.push(turned(ops.slice(x, start, from, 0), ops.slice(change, start, from, 0)));
  }
  const end = x.shape[0] as number;
  if (end > from) parts.push(ops.slice(next, from, end, 0));
  return ops.concat(parts, 0);
}
