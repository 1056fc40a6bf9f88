import type { Vec3 } from "../../sim/core/math/vector.js";
import {
  type CoefficientCombineRule,
  ColliderDesc,
  type Handle,
  type PhysicsWorld,
  RigidBodyDesc,
} from "../../sim/world.js";
import { BLOCK, groups, TABLETOP } from "./tabletop.js";

const FOOT = { radius: 0.004, inset: 0.8 } as const;

/** A box of a block; its centre lies on the block's y axis. */
export interface BlockPart {
  readonly y: number;
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
export function addBlock({ rapier }: PhysicsWorld, options: BlockOptions): Handle {
  const block = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(...options.start)
      .setCanSleep(false),
  );
  const apart = options.touchesBlocks ? TABLETOP : TABLETOP | BLOCK;
  for (const { y, half, density } of options.parts) {
    const [hx, hy, hz] = half;
    for (const [u, v] of [-1, 1].flatMap((u) => [-1, 1].map((v) => [u, v]))) {
      const foot = ColliderDesc.ball(FOOT.radius).setDensity(0).setFriction(options.footFriction);
      foot.setFrictionCombineRule(options.footRule);
      foot.setTranslation(u * FOOT.inset * hx, y + v * FOOT.inset * hy, FOOT.radius - hz);
      rapier.createCollider(foot.setCollisionGroups(groups(BLOCK, TABLETOP)), block);
    }
    const box = ColliderDesc.cuboid(hx, hy, hz).setDensity(density).setFriction(options.sideFriction);
    box.setTranslation(0, y, 0);
    rapier.createCollider(box.setCollisionGroups(groups(BLOCK, 0xffff & ~apart)), block);
  }
  return block.handle;
}

/** Bottom corners of a block with half extents `half` in its frame, m: back right, back left, front right, left. */
export function bottomCorners([hx, hy, hz]: Vec3): Vec3[] {
  return [-1, 1].flatMap((u) => [-1, 1].map((v): Vec3 => [u * hx, v * hy, -hz]));
}

/** Where a block is to come to rest. */
export interface BlockGoal {
  /** x, y of the four corners, m. */
  readonly corners: readonly number[];
  /** m. */
  readonly center: readonly [x: number, y: number];
}

/** Reads where points of a block are on the table. */
export class BlockPoints {
  /** x, y of every point, m. */
  readonly points: Float64Array;
  /** Of the block's centre, m. */
  readonly position = new Float32Array(3);
  readonly #world: PhysicsWorld;
  readonly #handle: Handle;
  readonly #local: readonly Vec3[];
  readonly #rotation = new Float32Array(4);

  /** @param local the points in the block's frame, m; its corners come first */
  constructor(world: PhysicsWorld, handle: Handle, local: readonly Vec3[]) {
    this.#world = world;
    this.#handle = handle;
    this.#local = local;
    this.points = new Float64Array(2 * local.length);
  }

  read(): void {
    this.#world.readPosition(this.#handle, this.position);
    this.#world.readRotation(this.#handle, this.#rotation);
    const [x, y, z, w] = this.#rotation;
    const [px, py] = this.position;
    const { points } = this;
    this.#local.forEach(([lx, ly, lz], i) => {
      const at = 2 * i;
      points[at] = px + (1 - 2 * (y * y + z * z)) * lx + 2 * (x * y - w * z) * ly + 2 * (x * z + w * y) * lz;
      points[at + 1] =
        py + 2 * (x * y + w * z) * lx + (1 - 2 * (x * x + z * z)) * ly + 2 * (y * z - w * x) * lz;
    });
  }

  /**
   * How far the block is from its goal, read now. `maxCornerErrorMm` is the largest of the four corner distances;
   * `positionErrorMm` and `yawErrorDeg` are those of the block's centre and heading; `blockDisplacementMm` is the
   * centre's distance from its start.
   */
  measure({ corners, center }: BlockGoal, start: Vec3): Readonly<Record<string, number>> {
    this.read();
    const { points } = this;
    let worst = 0;
    for (let i = 0; i < 8; i += 2) {
      worst = Math.max(worst, Math.hypot(points[i] - corners[i], points[i + 1] - corners[i + 1]));
    }
    const [x, y] = this.position;
    const maxCornerErrorMm = worst * 1e3;
    // From the back edge's middle to the front edge's: the block's heading.
    const yaw = Math.atan2(
      points[5] + points[7] - points[1] - points[3],
      points[4] + points[6] - points[0] - points[2],
    );
    return {
      maxCornerErrorMm,
      positionErrorMm: Math.hypot(x - center[0], y - center[1]) * 1e3,
      yawErrorDeg: (Math.abs(yaw) * 180) / Math.PI,
      blockDisplacementMm: Math.hypot(x - start[0], y - start[1]) * 1e3,
      success20mm: maxCornerErrorMm <= 20 ? 1 : 0,
    };
  }
}
