import type { Vec3 } from "../../sim/core/math/vector.js";
import type { BlockGoal, Tabletop } from "../tabletop/layout.js";

/** Densities of the left (+y) and right (-y) half, kg/m³. */
export type BlockDensities = readonly [left: number, right: number];

export const TABLE: Tabletop = { centerX: 0, half: [0.4, 0.4], height: 0.8 };

/** Half extents of one of the two halves, m. */
export const PART_HALF: Vec3 = [0.08, 0.04, 0.04];
const [HALF_LENGTH, HALF_WIDTH, HALF_HEIGHT] = PART_HALF;
/** Half extents of the whole block, m. */
export const BLOCK_HALF: Vec3 = [HALF_LENGTH, 2 * HALF_WIDTH, HALF_HEIGHT];
/** Centres of the two halves in the block's frame, with their densities: left, then right. */
export const halves = ([left, right]: BlockDensities) =>
  [
    { center: [0, HALF_WIDTH, 0], density: left },
    { center: [0, -HALF_WIDTH, 0], density: right },
  ] as const;
/** Middle of the face that looks at the robot, in the block's frame, m. */
export const MARKER: Vec3 = [-HALF_LENGTH, 0, 0];

/** Height of the middle of a block that stands on the table, m. */
export const BLOCK_HEIGHT = TABLE.height + HALF_HEIGHT;
/** Of the block's middle, m. */
export const BLOCK_START: Vec3 = [-0.1, 0, BLOCK_HEIGHT];
/** Height of the end effector throughout, m. */
export const GRIPPER_HEIGHT = 0.86;
/** Of the end effector, m. */
export const GRIPPER_START: Vec3 = [BLOCK_START[0] - HALF_LENGTH - 0.05, 0, GRIPPER_HEIGHT];

/**
 * What learning starts are drawn from, where they are to vary: states that pushing passes through. Lengths in m, angles in
 * rad; ranges are uniform.
 */
export const VARIED_START = {
  /** Share of the starts that are the published one, which evaluations have. */
  published: 0.5,
  /** Of the block's middle, on its way to the goal. */
  x: [-0.1, 0.15],
  y: [-0.03, 0.03],
  yaw: [-0.25, 0.25],
  /** Share with the gripper behind the block; of the others it is on either side. */
  behind: 0.8,
  /** Of the gripper from the face of the block that it is beside. */
  gap: [0.03, 0.06],
  /** Of the gripper along that face, from its middle, as a share of half its length. */
  along: [-0.6, 0.6],
} as const;

/** Where the block must come to rest. */
export const GOAL: BlockGoal = {
  corners: [
    [0.07, -0.08],
    [0.07, 0.08],
    [0.23, -0.08],
    [0.23, 0.08],
  ],
  center: [0.15, 0],
};
