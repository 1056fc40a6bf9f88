import type { Vec3 } from "../../sim/core/math/vector.js";
import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import { CoefficientCombineRule, PhysicsWorld, physicsVersion, substepsPerControl } from "../../sim/world.js";
import { addBlock, type Block } from "../tabletop/block.js";
import { bottomCorners, turnedAbout } from "../tabletop/layout.js";
import { addGround, TableArm } from "../tabletop/tabletop.js";
import { between, firstPossible, type Random } from "../varied-starts.js";
import {
  BLOCK_HALF,
  BOTTOM,
  FIRST_START,
  GOAL,
  GRIPPER_START,
  SECOND_START,
  TABLE,
  VARIED_START,
} from "./layout.js";
import { pushSlideBodies } from "./visuals.js";

/** s. */
export const CONTROL_PERIOD = 0.1;
const PHYSICS_STEP = { timestep: 0.01, solverIterations: 8 } as const;
/** kg/m³: a block weighs 10.8 g. */
const DENSITY = 50;
/** Of the first block's feet on the table, and of the blocks' sides on each other. */
const FIRST_FRICTION = 0.011;

/**
 * Arm, table and two blocks in a row: the gripper pushes the first, the first strikes the second, and the second
 * slides on to where its friction stops it. Every episode starts from the same pose, unless starts are to vary.
 * @param friction of the second block on the table
 */
export function createPushSlideScene(name: string, friction: number, variedStarts = false): Scene {
  const world = new PhysicsWorld({ gravity: [0, 0, -9.81], ...PHYSICS_STEP });
  return createPhysicsScene(
    `push-slide/${name} with a damped reach, ${physicsVersion()}`,
    world,
    new PushSlideContent(world, friction, variedStarts),
  );
}

class PushSlideContent implements SceneContent {
  readonly family = "push-slide";
  readonly bodies: readonly VisualBody[];
  /** The arm's goal, and the smallest `maxCornerErrorMm` of the episode so far, its start included. */
  readonly extra: TableArm["goal"] & { closestCornerErrorMm: number };
  readonly start: SceneContent["start"];
  readonly #arm: TableArm;
  readonly #first: Block;
  readonly #second: Block;

  constructor(world: PhysicsWorld, friction: number, variedStarts: boolean) {
    addGround(world, TABLE);
    this.#first = addSlider(world, FIRST_START, FIRST_FRICTION);
    this.#second = addSlider(world, SECOND_START, friction);
    this.#arm = new TableArm(world, GRIPPER_START, substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP.timestep));
    // The arm's own object, extended: what a snapshot restores in `extra` is the goal that the arm follows.
    this.extra = Object.assign(this.#arm.goal, { closestCornerErrorMm: this.#cornerErrorMm() });
    this.bodies = pushSlideBodies(this.#arm.frames);
    if (variedStarts) this.start = (random) => this.#startAnywhere(random);
  }

  /** Gripper and blocks in a row somewhere else. */
  #startAnywhere(random: Random): void {
    const { x, y, bearing, yaw, ahead, across, behind } = VARIED_START;
    firstPossible(() => {
      const first = [between(random, x), between(random, y)] as const;
      const angle = between(random, bearing);
      const second = turnedAbout(first, angle, [between(random, ahead), between(random, across)]);
      const gripper = turnedAbout(first, angle, [-between(random, behind), between(random, across)]);
      const turns = [between(random, yaw), between(random, yaw)] as const;
      if (!this.#arm.place(gripper)) return false;
      this.#first.place(first, angle + turns[0]);
      this.#second.place(second, angle + turns[1]);
      return true;
    });
    this.extra.closestCornerErrorMm = this.#cornerErrorMm();
  }

  advance(action: ArrayLike<number>): void {
    this.#arm.advance(action);
    this.extra.closestCornerErrorMm = Math.min(this.extra.closestCornerErrorMm, this.#cornerErrorMm());
  }

  #cornerErrorMm(): number {
    return this.#second.measure(BLOCK_HALF, GOAL).maxCornerErrorMm;
  }

  observe(out: Float32Array): void {
    const corners = bottomCorners(BLOCK_HALF);
    const [[firstX, firstY]] = this.#first.locate([BOTTOM]);
    const [gripperX, gripperY] = this.#arm.readGripper();
    out.set([
      firstX - gripperX,
      firstY - gripperY,
      ...this.#first.locate(corners).flat(),
      ...this.#second.locate(corners).flat(),
    ]);
  }

  /** Of the second block, see `Block.measure`; `closestCornerErrorMm` is its smallest `maxCornerErrorMm` so far. */
  measure(): Readonly<Record<string, number>> {
    const { closestCornerErrorMm } = this.extra;
    return { ...this.#second.measure(BLOCK_HALF, GOAL), closestCornerErrorMm };
  }

  pose(name: string): Pose {
    if (name === "firstBlock") return this.#first.pose();
    if (name === "secondBlock") return this.#second.pose();
    return this.#arm.pose(name);
  }
}

/** Rapier averages frictions unless told otherwise: the table's 1 would hide coefficients of thousandths. */
function addSlider(world: PhysicsWorld, start: Vec3, friction: number): Block {
  return addBlock(world, {
    start,
    parts: [{ center: [0, 0, 0], half: BLOCK_HALF, density: DENSITY }],
    footFriction: friction,
    footRule: CoefficientCombineRule.Min,
    sideFriction: FIRST_FRICTION,
    touchesBlocks: true,
  });
}
