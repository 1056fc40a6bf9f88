import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import { CoefficientCombineRule, PhysicsWorld, physicsVersion, substepsPerControl } from "../../sim/world.js";
import { addBlock, type Block } from "../tabletop/block.js";
import { bottomCorners, type PlanePoint, turnedAbout } from "../tabletop/layout.js";
import { addGround, TableArm } from "../tabletop/tabletop.js";
import { between, firstPossible, type Random } from "../varied-starts.js";
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
  VARIED_START,
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
  /** Whether episodes start from states that pushing passes through; default no, from the published pose. */
  readonly variedStarts?: boolean;
}

/** s. */
export const CONTROL_PERIOD = 0.1;
/** Settings of every task. `npm run bench -- physics` shows what other ones do. */
const PHYSICS_STEP: PhysicsStep = { timestep: 0.01, solverIterations: 8 };

/** Arm, table and block. Every episode starts from the same published pose, unless starts are to vary. */
export function createPushScene({ name, densities, physicsStep, variedStarts }: PushSceneOptions): Scene {
  const { timestep, solverIterations } = physicsStep ?? PHYSICS_STEP;
  const step = physicsStep ? `, ${timestep} s, ${solverIterations} iterations` : "";
  const world = new PhysicsWorld({ gravity: [0, 0, -9.81], timestep, solverIterations });
  const substeps = substepsPerControl(CONTROL_PERIOD, timestep);
  const content = new PushContent(world, densities, substeps, variedStarts);
  return createPhysicsScene(`push/${name}, ${physicsVersion()}${step}`, world, content);
}

class PushContent implements SceneContent {
  readonly family = "push";
  readonly bodies: readonly VisualBody[];
  readonly extra;
  readonly start: SceneContent["start"];
  readonly #arm: TableArm;
  readonly #block: Block;

  constructor(world: PhysicsWorld, densities: BlockDensities, substeps: number, variedStarts = false) {
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
    if (variedStarts) this.start = (random) => this.#startAnywhere(random);
  }

  /** The published pose, or a place and heading of the block on its way with the gripper beside it. */
  #startAnywhere(random: Random): void {
    const { published, x, y, yaw, gap, along, behind } = VARIED_START;
    if (random() < published) return;
    firstPossible(() => {
      const middle = [between(random, x), between(random, y)] as const;
      const heading = between(random, yaw);
      const side = random() < 0.5 ? 1 : -1;
      const isBehind = random() < behind;
      const [away, across] = [between(random, gap), between(random, along)];
      const [halfX, halfY] = BLOCK_HALF;
      const beside: PlanePoint = isBehind
        ? [-halfX - away, across * halfY]
        : [across * halfX, side * (halfY + away)];
      if (!this.#arm.place(turnedAbout(middle, heading, beside))) return false;
      this.#block.place(middle, heading);
      return true;
    });
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
