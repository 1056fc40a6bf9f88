import type { Vec3 } from "../../sim/core/math/vector.js";
import type { Tabletop } from "../tabletop/layout.js";

/** Longer than that of `push`, away from the robot: a block struck too hard stays on it. */
export const SLIDE_TABLE: Tabletop = { centerX: 0.2, half: [0.6, 0.4], height: 0.8 };
/** Half extents of both blocks, m; their goal corners are as far apart. */
export const SLIDE_BLOCK: Vec3 = [0.03, 0.03, 0.03];
/** kg/m³: a block weighs 10.8 g. */
export const SLIDE_DENSITY = 50;
/** Of the struck block's feet on the table, and of the blocks' sides on each other. */
export const FIRST_FRICTION = 0.011;
/** Published friction of the second block on the table, in the order of the five tasks. */
export const SLIDE_FRICTIONS: readonly number[] = [0.001, 0.0005, 0.002, 0.0026, 0.005];
/** Where the second block's bottom corners must come to rest, m: x, y of each, in the order of the observation. */
export const SLIDE_GOAL_CORNERS: readonly number[] = [0.25, -0.03, 0.25, 0.03, 0.31, -0.03, 0.31, 0.03];
