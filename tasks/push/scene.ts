import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import { CoefficientCombineRule, PhysicsWorld, physicsVersion, substepsPerControl } from "../../sim/world.js";
import { addBlock, type Block } from "../tabletop/block.js";
import { bottomCorners } from "../tabletop/layout.js";
import { addGround, TableArm } from "../tabletop/tabletop.js";
import {
  BLOCK_HALF,
  BLOCK_START,
  type BlockDensities,
  GOAL,
  GRIPPER_START,
  halves,
  MARKER,
  PART_HALF,
  TABLE,
} from "./layout.js";
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
  /** For measuring what another step does; its snapshots do not fit scenes of the usual one. */
  readonly physicsStep?: PhysicsStep;
}

/** s. */
export const CONTROL_PERIOD = 0.1;
/** Settings of every task. `npm run bench -- physics` shows what other ones do. */
const PHYSICS_STEP: PhysicsStep = { timestep: 0.01, solverIterations: 8 };

/** Arm, table and block. Every episode starts from the same published pose. */
export function createPushScene({ name, densities, physicsStep }: PushSceneOptions): Scene {
  const { timestep, solverIterations } = physicsStep ?? PHYSICS_STEP;
  const step = physicsStep ? `, ${timestep} s, ${solverIterations} iterations` : "";
  const world = new PhysicsWorld({ gravity: [0, 0, -9.81], timestep, solverIterations });
  const substeps = substepsPerControl(CONTROL_PERIOD, timestep);
  const content = new PushContent(world, densities, substeps);
  return createPhysicsScene(`push/${name}, ${physicsVersion()}${step}`, world, content);
}

class PushContent implements SceneContent {
  readonly bodies: readonly VisualBody[];
  readonly extra;
  readonly #arm: TableArm;
  readonly #block: Block;

  constructor(world: PhysicsWorld, densities: BlockDensities, substeps: number) {
    addGround(world, TABLE);
    this.#block = addBlock(world, {
      start: BLOCK_START,
      parts: halves(densities).map((part) => ({ ...part, half: PART_HALF })),
      footFriction: 1,
      footRule: CoefficientCombineRule.Average,
      sideFriction: 1,
      touchesBlocks: false,
    });
    this.#arm = new TableArm(world, GRIPPER_START, substeps);
    this.extra = this.#arm.goal;
    this.bodies = pushBodies(this.#arm.frames, densities);
  }

  advance(action: ArrayLike<number>): void {
    this.#arm.advance(action);
  }

  observe(out: Float32Array): void {
    const corners = this.#block.locate(bottomCorners(BLOCK_HALF));
    const [[markerX, markerY]] = this.#block.locate([MARKER]);
    const [gripperX, gripperY] = this.#arm.readGripper();
    out.set([markerX - gripperX, markerY - gripperY, ...corners.flat()]);
  }

  /** See `Block.measure`. */
  measure(): Readonly<Record<string, number>> {
    return this.#block.measure(BLOCK_HALF, GOAL);
  }

  pose(name: string): Pose {
    return name === "block" ? this.#block.pose() : this.#arm.pose(name);
  }
}
