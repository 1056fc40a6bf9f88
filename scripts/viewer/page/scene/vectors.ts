import { add, length, rotate, scale, sub, type Vec3 } from "../../../../sim/core/math/vector.js";
import type { Pose } from "../../../../sim/task.js";

export const unit = (a: Vec3): Vec3 => scale(a, 1 / length(a));

/** A point of the pose's frame, in the frame that the pose is given in. */
export const toOuter = ({ position, rotation }: Pose, point: Vec3): Vec3 =>
  add(position, rotate(rotation, point));

/** An axis-aligned box; empty while `min` is above `max`. */
export interface Box {
  min: Vec3;
  max: Vec3;
}

export const emptyBox = (): Box => ({
  min: [Infinity, Infinity, Infinity],
  max: [-Infinity, -Infinity, -Infinity],
});

export function extend(box: Box, p: Vec3): void {
  if (!p.every(Number.isFinite)) return;
  box.min = [Math.min(box.min[0], p[0]), Math.min(box.min[1], p[1]), Math.min(box.min[2], p[2])];
  box.max = [Math.max(box.max[0], p[0]), Math.max(box.max[1], p[1]), Math.max(box.max[2], p[2])];
}

export function join(box: Box, other: Box): void {
  extend(box, other.min);
  extend(box, other.max);
}

export const isEmpty = ({ min, max }: Box): boolean => min[0] > max[0];
export const sizeOf = ({ min, max }: Box): Vec3 => sub(max, min);
export const centerOf = ({ min, max }: Box): Vec3 => scale(add(min, max), 0.5);

export function cornersOf({ min, max }: Box): Vec3[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [
    i & 1 ? max[0] : min[0],
    i & 2 ? max[1] : min[1],
    i & 4 ? max[2] : min[2],
  ]);
}
