import type { Vec3 } from "../sim/math/vector.js";

/** Densities of the left (+y) and right (-y) half, kg/m³. */
export type BlockDensities = readonly [left: number, right: number];

/** Half edge and height of the table's top, m. */
export const TABLE = { half: 0.4, height: 0.8 } as const;
/** Half extents of one of the two halves, m. */
export const HALF_BLOCK: Vec3 = [0.08, 0.04, 0.04];
