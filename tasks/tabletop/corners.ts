import type { Ops } from "../../sim/core/ops.js";
import type { ActionChannel, ObservationChannel, Point } from "../../sim/task.js";

const CORNERS = ["backRight", "backLeft", "frontRight", "frontLeft"];
// Keeps the gradient of a length finite where the length is zero; changes a reward by at most 5e-5.
const SMOOTHING = 1e-12;

/** Moving the gripper on the table. */
export const GRIPPER_ACTION: readonly ActionChannel[] = [
  { name: "dx", unit: "0.05 m", low: -1, high: 1 },
  { name: "dy", unit: "0.05 m", low: -1, high: 1 },
];

/** x and y of a block's four bottom corners, in the order of `bottomCorners`. */
export function cornerChannels(block?: string): ObservationChannel[] {
  return CORNERS.flatMap((corner) => {
    const name = block === undefined ? corner : `${block}${corner[0].toUpperCase()}${corner.slice(1)}`;
    return [
      { name: `${name}X`, unit: "m" },
      { name: `${name}Y`, unit: "m" },
    ];
  });
}

/**
 * Σ_i (1 - tanh(10 d_i)) - `effort` ‖u‖ with d_i the distance of corner i from its goal (m) and u the action; 0 … 4
 * without the action's cost.
 * @param corners x, y of the four corners `[..., 8]`
 * @param action `[..., U]`
 * @returns `[..., 1]`
 */
export function cornerReward<T>(
  ops: Ops<T>,
  corners: T,
  goal: readonly number[],
  action: T,
  effort: number,
): T {
  const norm = (x: T): T => ops.sqrt(ops.add(ops.sum(ops.mul(x, x)), ops.constant([SMOOTHING])));
  const offsets = ops.sub(corners, ops.constant(goal));
  const distances = ops.concat(CORNERS.map((_, i) => norm(ops.slice(offsets, 2 * i, 2 * i + 2))));
  const far = ops.sum(ops.tanh(ops.scale(distances, 10)));
  return ops.sub(ops.sub(ops.constant([4]), far), ops.scale(norm(action), effort));
}

/**
 * Mean of corners, from x and y of a block's four, in the order of the observation.
 * @param which corners, by index
 * @param z height of the point, m
 */
export function cornerMean(corners: ArrayLike<number>, which: readonly number[], z: number): Point {
  const mean = (axis: number) => which.reduce((sum, i) => sum + corners[2 * i + axis], 0) / which.length;
  return [mean(0), mean(1), z];
}
