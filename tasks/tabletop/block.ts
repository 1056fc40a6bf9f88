import { axisAngle, type Vec3, xyz, xyzw } from "../../sim/core/math/vector.js";
import type { Pose } from "../../sim/task.js";
import {
  type CoefficientCombineRule,
  ColliderDesc,
  collisionGroups,
  type Handle,
  type PhysicsWorld,
  RigidBodyDesc,
} from "../../sim/world.js";
import { type BlockGoal, bottomCorners, type Corners, type PlanePoint } from "./layout.js";
import { COLLISION } from "./tabletop.js";

const FOOT = { radius: 0.004, inset: 0.8 } as const;

/** A box of a block. */
interface BlockPart {
  /** On the block's y axis, m. */
  readonly center: Vec3;
  readonly half: Vec3;
  /** kg/m³. */
  readonly density: number;
}

export interface BlockOptions {
  /** Centre at the start, m. */
  readonly start: Vec3;
  readonly parts: readonly BlockPart[];
  readonly footFriction: number;
  /** How the feet's and the table's friction give the one that acts. */
  readonly footRule: CoefficientCombineRule;
  readonly sideFriction: number;
  /** Whether it touches other blocks. */
  readonly touchesBlocks: boolean;
}

/**
 * Adds a block of glued boxes on ball feet. Rapier gives a sliding box full resistance to turning, so a box pushed
 * off its centre would not turn and the densities would not matter. Weightless balls therefore carry the block, and
 * the boxes, which give it its mass, do not touch the table.
 */
export function addBlock(world: PhysicsWorld, options: BlockOptions): Block {
  const { rapier } = world;
  const block = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(...options.start)
      .setCanSleep(false),
  );
  const apart = options.touchesBlocks ? COLLISION.table : COLLISION.table | COLLISION.block;
  for (const { center, half, density } of options.parts) {
    for (const [x, y, z] of bottomCorners(half)) {
      const foot = ColliderDesc.ball(FOOT.radius).setDensity(0).setFriction(options.footFriction);
      foot.setFrictionCombineRule(options.footRule);
      foot.setTranslation(FOOT.inset * x, center[1] + FOOT.inset * y, FOOT.radius + z);
      rapier.createCollider(
        foot.setCollisionGroups(collisionGroups(COLLISION.block, COLLISION.table)),
        block,
      );
    }
    const box = ColliderDesc.cuboid(...half)
      .setDensity(density)
      .setFriction(options.sideFriction);
    box.setTranslation(...center);
    rapier.createCollider(box.setCollisionGroups(collisionGroups(COLLISION.block, 0xffff & ~apart)), block);
  }
  return new Block(world, block.handle, options.start);
}

/** See `Block.measure`. */
type BlockMeasures = Readonly<
  Record<
    "maxCornerErrorMm" | "positionErrorMm" | "yawErrorDeg" | "blockDisplacementMm" | "success20mm",
    number
  >
>;

/** A block on a table. */
export class Block {
  readonly #world: PhysicsWorld;
  readonly #handle: Handle;
  readonly #start: Vec3;

  /** @param start of its centre, m */
  constructor(world: PhysicsWorld, handle: Handle, start: Vec3) {
    this.#world = world;
    this.#handle = handle;
    this.#start = start;
  }

  /** World pose. */
  pose(): Pose {
    return this.#world.pose(this.#handle);
  }

  /** Puts it at rest with its middle over a place (m) of the table, turned by `yaw` (rad) about the vertical. */
  place([x, y]: PlanePoint, yaw: number): void {
    const body = this.#world.body(this.#handle);
    body.setTranslation(xyz([x, y, this.#start[2]]), true);
    body.setRotation(xyzw(axisAngle([0, 0, 1], yaw)), true);
  }

  /** Where points of the block's frame (m) are over the table. */
  locate<const Points extends readonly Vec3[]>(points: Points): { [P in keyof Points]: PlanePoint } {
    const [x, y, z, w] = this.#world.rotation(this.#handle);
    const [px, py] = this.#world.position(this.#handle);
    return points.map(
      ([lx, ly, lz]): PlanePoint => [
        px + (1 - 2 * (y * y + z * z)) * lx + 2 * (x * y - w * z) * ly + 2 * (x * z + w * y) * lz,
        py + 2 * (x * y + w * z) * lx + (1 - 2 * (x * x + z * z)) * ly + 2 * (y * z - w * x) * lz,
      ],
    ) as { [P in keyof Points]: PlanePoint };
  }

  /**
   * How far the block is from its goal. `maxCornerErrorMm` is the largest of the four corner distances;
   * `positionErrorMm` and `yawErrorDeg` are those of the block's centre and heading; `blockDisplacementMm` is the
   * centre's distance from the task's start.
   * @param half extents of the whole block, m
   */
  measure(half: Vec3, goal: BlockGoal): BlockMeasures {
    const corners: Corners = this.locate(bottomCorners(half));
    const [[x, y]] = this.locate([[0, 0, 0]]);
    const cornerErrors = goal.corners.map(([goalX, goalY], i) => {
      const [cornerX, cornerY] = corners[i]!;
      return Math.hypot(cornerX - goalX, cornerY - goalY);
    });
    const maxCornerErrorMm = Math.max(...cornerErrors) * 1e3;
    const [startX, startY] = this.#start;
    return {
      maxCornerErrorMm,
      positionErrorMm: Math.hypot(x - goal.center[0], y - goal.center[1]) * 1e3,
      yawErrorDeg: (Math.abs(heading(corners)) * 180) / Math.PI,
      blockDisplacementMm: Math.hypot(x - startX, y - startY) * 1e3,
      success20mm: maxCornerErrorMm <= 20 ? 1 : 0,
    };
  }
}

/** Direction from the middle of the back edge to that of the front edge, rad from the x axis. */
function heading([backRight, backLeft, frontRight, frontLeft]: Corners): number {
  return Math.atan2(
    frontRight[1] + frontLeft[1] - backRight[1] - backLeft[1],
    frontRight[0] + frontLeft[0] - backRight[0] - backLeft[0],
  );
}
