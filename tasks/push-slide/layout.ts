import type { Vec3 } from "../../sim/core/math/vector.js";
import type { BlockGoal, Tabletop } from "../tabletop/layout.js";

/** Longer than that of `push`, away from the robot: a block struck too hard stays on it. */
export const TABLE: Tabletop = { centerX: 0.2, half: [0.6, 0.4], height: 0.8 };
/** Half extents of both blocks, m; their goal corners are as far apart. */
export const BLOCK_HALF: Vec3 = [0.03, 0.03, 0.03];
/** Middle of a block's bottom in its frame, m. */
export const BOTTOM: Vec3 = [0, 0, -BLOCK_HALF[2]];

/** Height of the blocks' middles, m. */
export const BLOCK_HEIGHT = TABLE.height + BLOCK_HALF[2];
/** Of the blocks' middles, m: the gripper pushes the first, which strikes the second. */
export const FIRST_START: Vec3 = [-0.04, 0, BLOCK_HEIGHT];
export const SECOND_START: Vec3 = [0.04, 0, BLOCK_HEIGHT];
/** Height of the end effector throughout, m. */
export const GRIPPER_HEIGHT = 0.84;
/** Of the end effector, m. */
export const GRIPPER_START: Vec3 = [-0.1, 0, GRIPPER_HEIGHT];

/**
 * What learning starts are drawn from, where they are to vary: the gripper and both blocks in a row that points elsewhere
 * than ahead, neither quite in line. Lengths in m, angles in rad; ranges are uniform.
 */
export const VARIED_START = {
  /** Of the first block's middle. */
  x: [-0.08, 0.1],
  y: [-0.06, 0.06],
  /** Direction of the row. */
  bearing: [-0.3, 0.3],
  /** Of each block from that direction. */
  yaw: [-0.15, 0.15],
  /** Of the second block's middle from the first's, along the row and across; blocks that are turned so do not touch. */
  ahead: [0.075, 0.14],
  across: [-0.02, 0.02],
  /** Of the gripper from the first block's middle, against the row. */
  behind: [0.06, 0.1],
} as const;

/** Where the second block must come to rest. */
export const GOAL: BlockGoal = {
  corners: [
    [0.25, -0.03],
    [0.25, 0.03],
    [0.31, -0.03],
    [0.31, 0.03],
  ],
  center: [0.28, 0],
};
