import type { Vec3 } from "../../sim/core/math/vector.js";

/** A place on a table, m. */
export type PlanePoint = readonly [x: number, y: number];

/** Places of a block's four corners, in the order of `bottomCorners`. */
export type Corners = readonly [
  backRight: PlanePoint,
  backLeft: PlanePoint,
  frontRight: PlanePoint,
  frontLeft: PlanePoint,
];

/** Where a block is to come to rest. */
export interface BlockGoal {
  readonly corners: Corners;
  readonly center: PlanePoint;
}

/** A table whose top is centred at y = 0. */
export interface Tabletop {
  /** x of the top's centre, m. */
  readonly centerX: number;
  /** Half edges of the top along x and y, m. */
  readonly half: readonly [x: number, y: number];
  /** m. */
  readonly height: number;
}

/** Where a point lies that is given (m) from a middle, along axes turned by `yaw` (rad) from those of the table. */
export function turnedAbout([middleX, middleY]: PlanePoint, yaw: number, [x, y]: PlanePoint): PlanePoint {
  const [cos, sin] = [Math.cos(yaw), Math.sin(yaw)];
  return [middleX + cos * x - sin * y, middleY + sin * x + cos * y];
}

/** Where the arm stands before every table, m. */
export const ARM_BASE: Vec3 = [-0.56, 0, 0.913];

/** Bottom corners of a block with half extents `half` in its frame, m; the front looks away from the robot. */
export function bottomCorners([hx, hy, hz]: Vec3): readonly [Vec3, Vec3, Vec3, Vec3] {
  return [
    [-hx, -hy, -hz],
    [-hx, hy, -hz],
    [hx, -hy, -hz],
    [hx, hy, -hz],
  ];
}
