import { IDENTITY, type Vec3 } from "../../sim/core/math/vector.js";
import { decodeSnapshot, encodeSnapshot } from "../../sim/snapshot.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import {
  CoefficientCombineRule,
  type Handle,
  PhysicsWorld,
  physicsVersion,
  substepsPerControl,
} from "../../sim/world.js";
import { addBlock, BlockPoints, bottomCorners } from "../tabletop/block.js";
import { type BlockDensities, HALF_BLOCK, TABLE } from "../tabletop/layout.js";
import { addGround, TableArm } from "../tabletop/tabletop.js";
import { pushBodies } from "./visuals.js";

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

const BLOCK_START: Vec3 = [-0.1, 0, TABLE.height + HALF_BLOCK[2]];
/** Height of the end effector throughout, m. */
export const GRIPPER_HEIGHT = 0.86;
const GRIPPER_START: Vec3 = [BLOCK_START[0] - HALF_BLOCK[0] - 0.05, 0, GRIPPER_HEIGHT];
const GOAL_CENTER = [0.15, 0] as const;

/**
 * Arm, table and block. Every episode starts from the same published pose, so `reset` restores a snapshot taken at
 * construction and nothing of an episode can outlive it.
 */
export class PushScene implements Scene {
  readonly bodies: readonly VisualBody[];
  readonly #identity: string;
  readonly #goalCorners: readonly number[];
  readonly #world: PhysicsWorld;
  readonly #arm: TableArm;
  readonly #block: Handle;
  /** The block's corners, then the marker, the middle of the face that looks at the robot. */
  readonly #points: BlockPoints;
  readonly #pristine: Uint8Array;

  constructor({ name, densities, goalCorners, physicsStep }: PushSceneOptions) {
    const { timestep, solverIterations } = physicsStep ?? PHYSICS_STEP;
    const step = physicsStep ? `, ${timestep} s, ${solverIterations} iterations` : "";
    this.#identity = `push/${name}, ${physicsVersion()}${step}`;
    this.#goalCorners = goalCorners;
    this.#world = new PhysicsWorld({
      gravity: [0, 0, -9.81],
      timestep,
      solverIterations,
    });
    addGround(this.#world, TABLE);
    this.#block = addPushBlock(this.#world, densities);
    const [hx, hy, hz] = HALF_BLOCK;
    const local: Vec3[] = [...bottomCorners([hx, 2 * hy, hz]), [-hx, 0, 0]];
    this.#points = new BlockPoints(this.#world, this.#block, local);
    this.#arm = new TableArm(this.#world, GRIPPER_START, substepsPerControl(CONTROL_PERIOD, timestep));
    this.bodies = pushBodies(this.#arm.arm.start, densities, goalCorners);
    this.#pristine = this.#world.snapshot();
  }

  reset(): void {
    this.#world.restore(this.#pristine);
    this.#arm.reset();
  }

  advance(action: ArrayLike<number>): void {
    this.#arm.advance(action);
  }

  observe(out: Float32Array): void {
    this.#points.read();
    const { points } = this.#points;
    const end = this.#arm.readEnd();
    out[0] = points[8] - end[0];
    out[1] = points[9] - end[1];
    for (let i = 0; i < 8; i++) out[2 + i] = points[i];
  }

  /** See `BlockPoints.measure`. */
  measure(): Readonly<Record<string, number>> {
    return this.#points.measure({ corners: this.#goalCorners, center: GOAL_CENTER }, BLOCK_START);
  }

  bodyPose(index: number): Pose {
    const { name, fixed } = this.bodies[index];
    if (fixed) return { position: [0, 0, 0], rotation: IDENTITY };
    if (name === "block") return this.#world.pose(this.#block);
    return this.#world.pose(this.#arm.arm.links[index - 1]);
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.#identity, { controller: this.#arm.goal, world: this.#world.snapshot() });
  }

  restore(snapshot: Uint8Array): void {
    const { controller, world } = decodeSnapshot(this.#identity, snapshot);
    this.#world.restore(world);
    this.#arm.goal.set(controller);
  }

  close(): void {
    this.#world.close();
  }
}

/** Two glued halves, left and right. */
function addPushBlock(world: PhysicsWorld, densities: BlockDensities): Handle {
  return addBlock(world, {
    start: BLOCK_START,
    parts: densities.map((density, i) => ({
      y: (i === 0 ? 1 : -1) * HALF_BLOCK[1],
      half: HALF_BLOCK,
      density,
    })),
    footFriction: 1,
    footRule: CoefficientCombineRule.Average,
    sideFriction: 1,
    touchesBlocks: false,
  });
}
