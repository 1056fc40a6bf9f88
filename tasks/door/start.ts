import type { Vec3 } from "../../sim/core/math/vector.js";

// Found by `npm run bench -- door-start`; what it is worth is in docs/experiments/door-suite.md.

/** Of the arm, m: on the floor, in the plane of symmetry between a door and its mirror image. */
export const ARM_BASE: Vec3 = [-0.65, 0, 0];
/** Where the gripper's tips start, level before the handle, m. */
export const START_POSITION: Vec3 = [-0.22, 0, 1];
/** Joint angles that bring them there, rad; the same for all doors, since they lie in the plane of symmetry. */
export const START_ANGLES: readonly number[] = [0, -0.4659, 0, -1.5262, 0, 2.6311, -0.785];
