import { Arm } from "../sim/arm/arm.js";
import { MAX_TRANSLATION, OperationalSpaceController } from "../sim/arm/controller.js";
import { forwardKinematics, inverseKinematics } from "../sim/arm/kinematics.js";
import { HOME_ANGLES } from "../sim/arm/panda.js";
import { IDENTITY, type Vec3 } from "../sim/math/vector.js";
import { decodeSnapshot, encodeSnapshot } from "../sim/snapshot.js";
import type { Pose, Scene, VisualBody } from "../sim/task.js";
import {
  ColliderDesc,
  type Handle,
  PhysicsWorld,
  physicsVersion,
  RigidBodyDesc,
  substepsPerControl,
} from "../sim/world.js";
import { type BlockDensities, HALF_BLOCK, TABLE } from "./push-layout.js";
import { pushBodies } from "./push-visuals.js";

/** How finely the engine resolves a control period. */
export interface PhysicsStep {
  /** Physics step, s; the control period is a whole multiple of it. */
  readonly timestep: number;
  readonly solverIterations: number;
}

export interface PushSceneOptions {
  readonly name: string;
  readonly densities: BlockDensities;
  /** x, y of the four goal corners, m. */
  readonly goalCorners: readonly number[];
  /** For measuring what another step does; its snapshots do not fit scenes of the usual one. */
  readonly physicsStep?: PhysicsStep;
}

/** s. */
export const CONTROL_PERIOD = 0.1;
/** Settings of every task. `npm run bench -- physics` shows what other ones do. */
export const PHYSICS_STEP: PhysicsStep = { timestep: 0.01, solverIterations: 8 };

const ARM_BASE: Vec3 = [-0.56, 0, 0.913];
const BLOCK_START: Vec3 = [-0.1, 0, TABLE.height + HALF_BLOCK[2]];
/** Height of the end effector throughout, m. */
const GRIPPER_HEIGHT = 0.86;
const GRIPPER_START: Vec3 = [BLOCK_START[0] - HALF_BLOCK[0] - 0.05, 0, GRIPPER_HEIGHT];
const FOOT = { radius: 0.004, inset: 0.8 } as const;
const GOAL_CENTER = [0.15, 0] as const;

// Bits of Rapier's collision groups: membership in the upper half, partners in the lower.
const ARM = 0x2;
const TABLETOP = 0x4;
const BLOCK = 0x8;
const FLOOR = 0x10;
const groups = (member: number, partners: number): number => ((member << 16) | partners) >>> 0;

/** Bottom corners in the block's frame, m, in the order of the goal corners. */
const CORNERS: readonly Vec3[] = [-1, 1].flatMap((u) =>
  [-1, 1].map((v): Vec3 => [u * HALF_BLOCK[0], v * 2 * HALF_BLOCK[1], -HALF_BLOCK[2]]),
);

/**
 * Arm, table and block. Every episode starts from the same published pose, so `reset` restores a snapshot taken at
 * construction and nothing of an episode can outlive it.
 */
export class PushScene implements Scene {
  readonly bodies: readonly VisualBody[];
  readonly #identity: string;
  readonly #goalCorners: readonly number[];
  readonly #world: PhysicsWorld;
  readonly #arm: Arm;
  readonly #controller: OperationalSpaceController;
  readonly #block: Handle;
  readonly #substeps: number;
  readonly #handRotation: Float64Array;
  readonly #pristine: Uint8Array;
  /** Goal of the last control step, m; with the world it is all of the mutable state. */
  readonly #goal = new Float64Array(GRIPPER_START);
  readonly #position = new Float32Array(3);
  readonly #rotation = new Float32Array(4);
  /** x, y of the block's corners, then of the marker, m. */
  readonly #points = new Float64Array(10);

  constructor({ name, densities, goalCorners, physicsStep }: PushSceneOptions) {
    const { timestep, solverIterations } = physicsStep ?? PHYSICS_STEP;
    const step = physicsStep ? `, ${timestep} s, ${solverIterations} iterations` : "";
    this.#identity = `push/${name}, ${physicsVersion()}${step}`;
    this.#goalCorners = goalCorners;
    this.#substeps = substepsPerControl(CONTROL_PERIOD, timestep);
    this.#world = new PhysicsWorld({
      gravity: [0, 0, -9.81],
      timestep,
      solverIterations,
    });
    addGround(this.#world);
    this.#block = addBlock(this.#world, densities);
    const base: Pose = { position: ARM_BASE, rotation: IDENTITY };
    const { rotation } = forwardKinematics(HOME_ANGLES, base).endEffector;
    const startAngles = inverseKinematics({ position: GRIPPER_START, rotation }, base);
    this.#handRotation = Float64Array.from(rotation);
    this.#arm = new Arm(this.#world, {
      base: ARM_BASE,
      startAngles,
      gripper: "fixed",
      fingerFriction: 1,
      collisionGroups: groups(ARM, 0xffff & ~ARM),
    });
    this.#controller = new OperationalSpaceController(startAngles);
    this.bodies = pushBodies(this.#arm.start, densities, goalCorners);
    this.#pristine = this.#world.snapshot();
  }

  reset(): void {
    this.#world.restore(this.#pristine);
    this.#goal.set(GRIPPER_START);
  }

  advance(action: ArrayLike<number>): void {
    const { state } = this.#arm;
    const goal = this.#goal;
    state.readEnd(this.#world);
    goal[0] = state.endPosition[0] + MAX_TRANSLATION * action[0];
    goal[1] = state.endPosition[1] + MAX_TRANSLATION * action[1];
    for (let i = 0; i < this.#substeps; i++) {
      this.#controller.update(this.#arm.read(), goal, this.#handRotation);
      this.#arm.applyTorques(this.#controller.torque);
      this.#world.step();
    }
  }

  observe(out: Float32Array): void {
    this.#readPoints();
    const { state } = this.#arm;
    state.readEnd(this.#world);
    out[0] = this.#points[8] - state.endPosition[0];
    out[1] = this.#points[9] - state.endPosition[1];
    for (let i = 0; i < 8; i++) out[2 + i] = this.#points[i];
  }

  /**
   * `maxCornerErrorMm` is the largest of the four corner distances; `positionErrorMm` and `yawErrorDeg` are those
   * of the block's centre and heading; `blockDisplacementMm` is the centre's distance from its start.
   */
  measure(): Readonly<Record<string, number>> {
    this.#readPoints();
    const points = this.#points;
    let worst = 0;
    for (let i = 0; i < 8; i += 2) {
      const distance = Math.hypot(points[i] - this.#goalCorners[i], points[i + 1] - this.#goalCorners[i + 1]);
      worst = Math.max(worst, distance);
    }
    const [x, y] = this.#position;
    const maxCornerErrorMm = worst * 1e3;
    // From the back edge's middle to the front edge's: the block's heading.
    const yaw = Math.atan2(
      points[5] + points[7] - points[1] - points[3],
      points[4] + points[6] - points[0] - points[2],
    );
    return {
      maxCornerErrorMm,
      positionErrorMm: Math.hypot(x - GOAL_CENTER[0], y - GOAL_CENTER[1]) * 1e3,
      yawErrorDeg: (Math.abs(yaw) * 180) / Math.PI,
      blockDisplacementMm: Math.hypot(x - BLOCK_START[0], y - BLOCK_START[1]) * 1e3,
      success20mm: maxCornerErrorMm <= 20 ? 1 : 0,
    };
  }

  bodyPose(index: number): Pose {
    const { name, fixed } = this.bodies[index];
    if (fixed) return { position: [0, 0, 0], rotation: IDENTITY };
    if (name === "block") return this.#world.pose(this.#block);
    return this.#world.pose(this.#arm.links[index - 1]);
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.#identity, { controller: this.#goal, world: this.#world.snapshot() });
  }

  restore(snapshot: Uint8Array): void {
    const { controller, world } = decodeSnapshot(this.#identity, snapshot);
    this.#world.restore(world);
    this.#goal.set(controller);
  }

  close(): void {
    this.#world.close();
  }

  /** Reads the block's pose and places corners and marker, the middle of the face that looks at the robot. */
  #readPoints(): void {
    this.#world.readPosition(this.#block, this.#position);
    this.#world.readRotation(this.#block, this.#rotation);
    const [x, y, z, w] = this.#rotation;
    const [px, py] = this.#position;
    const write = (at: number, lx: number, ly: number, lz: number): void => {
      const points = this.#points;
      points[at] = px + (1 - 2 * (y * y + z * z)) * lx + 2 * (x * y - w * z) * ly + 2 * (x * z + w * y) * lz;
      points[at + 1] =
        py + 2 * (x * y + w * z) * lx + (1 - 2 * (x * x + z * z)) * ly + 2 * (y * z - w * x) * lz;
    };
    for (let i = 0; i < 4; i++) write(2 * i, CORNERS[i][0], CORNERS[i][1], CORNERS[i][2]);
    write(8, -HALF_BLOCK[0], 0, 0);
  }
}

/** The table, and a floor that catches a block pushed over its edge. */
function addGround({ rapier }: PhysicsWorld): void {
  const { half, height } = TABLE;
  const table = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, height / 2));
  const top = ColliderDesc.cuboid(half, half, height / 2).setFriction(1);
  rapier.createCollider(top.setCollisionGroups(groups(TABLETOP, 0xffff)), table);
  const floor = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, -0.5));
  rapier.createCollider(ColliderDesc.cuboid(5, 5, 0.5).setCollisionGroups(groups(FLOOR, 0xffff)), floor);
}

/**
 * Two glued halves on ball feet. Rapier gives a sliding box full resistance to turning, so a box pushed off its
 * centre would not turn and the densities would not matter. Weightless balls therefore carry the block, and the
 * boxes, which give it its mass, do not touch the table.
 */
function addBlock({ rapier }: PhysicsWorld, densities: BlockDensities): Handle {
  const block = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(...BLOCK_START)
      .setCanSleep(false),
  );
  const [hx, hy, hz] = HALF_BLOCK;
  [1, -1].forEach((side, i) => {
    for (const [u, v] of [-1, 1].flatMap((u) => [-1, 1].map((v) => [u, v]))) {
      const foot = ColliderDesc.ball(FOOT.radius).setDensity(0).setFriction(1);
      foot.setTranslation(u * FOOT.inset * hx, side * hy + v * FOOT.inset * hy, FOOT.radius - hz);
      rapier.createCollider(foot.setCollisionGroups(groups(BLOCK, TABLETOP)), block);
    }
    const box = ColliderDesc.cuboid(hx, hy, hz).setDensity(densities[i]).setFriction(1);
    box.setTranslation(0, side * hy, 0);
    rapier.createCollider(box.setCollisionGroups(groups(BLOCK, 0xffff & ~(TABLETOP | BLOCK))), block);
  });
  return block.handle;
}
