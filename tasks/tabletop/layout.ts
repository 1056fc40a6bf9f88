import type { Vec3 } from "../../sim/core/math/vector.js";

/** Densities of the left (+y) and right (-y) half, kg/m³. */
export type BlockDensities = readonly [left: number, right: number];

export interface Tabletop {
  /** The top's centre is at y = 0 and this x, m. */
  readonly centerX: number;
  /** Half edges of the top along x and y, m. */
  readonly half: readonly [x: number, y: number];
  /** m. */
  readonly height: number;
}

export const TABLE: Tabletop = { centerX: 0, half: [0.4, 0.4], height: 0.8 };
/** Half extents of one of the two halves, m. */
export const HALF_BLOCK: Vec3 = [0.08, 0.04, 0.04];
