import { armBase, armBodies } from "../../sim/arm/visuals.js";
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
import { box, goalBody, tableBody } from "../tabletop/table-visuals.js";
import { addGround, TableArm } from "../tabletop/tabletop.js";
import { FIRST_FRICTION, SLIDE_BLOCK, SLIDE_DENSITY, SLIDE_GOAL_CORNERS, SLIDE_TABLE } from "./layout.js";

/** s. */
export const CONTROL_PERIOD = 0.1;
const PHYSICS_STEP = { timestep: 0.01, solverIterations: 8 } as const;

/** Height of the blocks' middles, m. */
export const BLOCK_HEIGHT = SLIDE_TABLE.height + SLIDE_BLOCK[2];
const FIRST_START: Vec3 = [-0.04, 0, BLOCK_HEIGHT];
const SECOND_START: Vec3 = [0.04, 0, BLOCK_HEIGHT];
/** Height of the end effector throughout, m. */
export const GRIPPER_HEIGHT = 0.84;
const GRIPPER_START: Vec3 = [-0.1, 0, GRIPPER_HEIGHT];
const GOAL = { corners: SLIDE_GOAL_CORNERS, center: [0.28, 0] } as const;
const FIRST_COLOR = [0.25, 0.65, 0.4, 1] as const;
const SECOND_COLOR = [0.25, 0.4, 0.8, 1] as const;

/**
 * Arm, table and two blocks in a row: the gripper pushes the first, the first strikes the second, and the second
 * slides on to where its friction stops it. Every episode starts from the same pose.
 */
export class PushSlideScene implements Scene {
  readonly bodies: readonly VisualBody[];
  readonly #identity: string;
  readonly #world: PhysicsWorld;
  readonly #arm: TableArm;
  readonly #blocks: readonly Handle[];
  /** Corners, then the middle of the bottom. */
  readonly #first: BlockPoints;
  /** Corners. */
  readonly #second: BlockPoints;
  readonly #pristine: Uint8Array;

  /** @param friction of the second block on the table */
  constructor(name: string, friction: number) {
    const { timestep, solverIterations } = PHYSICS_STEP;
    this.#identity = `push-slide/${name}, ${physicsVersion()}`;
    this.#world = new PhysicsWorld({ gravity: [0, 0, -9.81], timestep, solverIterations });
    addGround(this.#world, SLIDE_TABLE);
    this.#blocks = [
      addSlider(this.#world, FIRST_START, FIRST_FRICTION),
      addSlider(this.#world, SECOND_START, friction),
    ];
    const corners = bottomCorners(SLIDE_BLOCK);
    this.#first = new BlockPoints(this.#world, this.#blocks[0], [...corners, [0, 0, -SLIDE_BLOCK[2]]]);
    this.#second = new BlockPoints(this.#world, this.#blocks[1], corners);
    this.#arm = new TableArm(this.#world, GRIPPER_START, substepsPerControl(CONTROL_PERIOD, timestep));
    this.bodies = [
      tableBody(SLIDE_TABLE),
      ...armBodies(this.#arm.arm.start),
      { name: "firstBlock", fixed: false, shapes: [box(SLIDE_BLOCK, [0, 0, 0], FIRST_COLOR)] },
      { name: "secondBlock", fixed: false, shapes: [box(SLIDE_BLOCK, [0, 0, 0], SECOND_COLOR)] },
      goalBody(SLIDE_GOAL_CORNERS, SLIDE_TABLE),
      armBase(this.#arm.arm.start),
    ];
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
    this.#first.read();
    this.#second.read();
    const end = this.#arm.readEnd();
    const { points } = this.#first;
    out[0] = points[8] - end[0];
    out[1] = points[9] - end[1];
    for (let i = 0; i < 8; i++) {
      out[2 + i] = points[i];
      out[10 + i] = this.#second.points[i];
    }
  }

  /** Of the second block; see `BlockPoints.measure`. */
  measure(): Readonly<Record<string, number>> {
    return this.#second.measure(GOAL, SECOND_START);
  }

  bodyPose(index: number): Pose {
    const { name, fixed } = this.bodies[index];
    if (fixed) return { position: [0, 0, 0], rotation: IDENTITY };
    if (name === "firstBlock") return this.#world.pose(this.#blocks[0]);
    if (name === "secondBlock") return this.#world.pose(this.#blocks[1]);
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

/** Rapier averages frictions unless told otherwise: the table's 1 would hide coefficients of thousandths. */
function addSlider(world: PhysicsWorld, start: Vec3, friction: number): Handle {
  return addBlock(world, {
    start,
    parts: [{ y: 0, half: SLIDE_BLOCK, density: SLIDE_DENSITY }],
    footFriction: friction,
    footRule: CoefficientCombineRule.Min,
    sideFriction: FIRST_FRICTION,
    touchesBlocks: true,
  });
}
