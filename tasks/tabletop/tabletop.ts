import { Arm } from "../../sim/arm/arm.js";
import { MAX_TRANSLATION, OperationalSpaceController } from "../../sim/arm/controller.js";
import { forwardKinematics, inverseKinematics } from "../../sim/arm/kinematics.js";
import { HOME_ANGLES } from "../../sim/arm/panda.js";
import { IDENTITY, type Vec3 } from "../../sim/core/math/vector.js";
import type { Pose } from "../../sim/task.js";
import { ColliderDesc, type PhysicsWorld, RigidBodyDesc } from "../../sim/world.js";
import type { Tabletop } from "./layout.js";

const ARM_BASE: Vec3 = [-0.56, 0, 0.913];

// Bits of Rapier's collision groups: membership in the upper half, partners in the lower.
const ARM = 0x2;
export const TABLETOP = 0x4;
export const BLOCK = 0x8;
const FLOOR = 0x10;
export const groups = (member: number, partners: number): number => ((member << 16) | partners) >>> 0;

/** The table, and a floor that catches a block pushed over its edge. */
export function addGround({ rapier }: PhysicsWorld, { centerX, half, height }: Tabletop): void {
  const table = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(centerX, 0, height / 2));
  const top = ColliderDesc.cuboid(half[0], half[1], height / 2).setFriction(1);
  rapier.createCollider(top.setCollisionGroups(groups(TABLETOP, 0xffff)), table);
  const floor = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, -0.5));
  rapier.createCollider(ColliderDesc.cuboid(5, 5, 0.5).setCollisionGroups(groups(FLOOR, 0xffff)), floor);
}

/** An arm whose closed gripper moves at a fixed height without turning. */
export class TableArm {
  readonly arm: Arm;
  /** Goal of the last control step, m; with the world it is all of the mutable state. */
  readonly goal: Float64Array;
  readonly #world: PhysicsWorld;
  readonly #controller: OperationalSpaceController;
  readonly #start: Vec3;
  readonly #substeps: number;
  readonly #handRotation: Float64Array;

  /**
   * @param start of the gripper, m
   * @param substeps physics steps per control step
   */
  constructor(world: PhysicsWorld, start: Vec3, substeps: number) {
    const base: Pose = { position: ARM_BASE, rotation: IDENTITY };
    const { rotation } = forwardKinematics(HOME_ANGLES, base).endEffector;
    const startAngles = inverseKinematics({ position: start, rotation }, base);
    this.#world = world;
    this.#start = start;
    this.#substeps = substeps;
    this.#handRotation = Float64Array.from(rotation);
    this.goal = new Float64Array(start);
    this.arm = new Arm(world, {
      base: ARM_BASE,
      startAngles,
      gripper: "fixed",
      fingerFriction: 1,
      collisionGroups: groups(ARM, 0xffff & ~ARM),
    });
    this.#controller = new OperationalSpaceController(startAngles);
  }

  reset(): void {
    this.goal.set(this.#start);
  }

  /** One control step toward a point `action` (dx, dy) times 0.05 m from where the gripper is. */
  advance(action: ArrayLike<number>): void {
    const { arm, goal } = this;
    const end = this.readEnd();
    goal[0] = end[0] + MAX_TRANSLATION * action[0];
    goal[1] = end[1] + MAX_TRANSLATION * action[1];
    for (let i = 0; i < this.#substeps; i++) {
      this.#controller.update(arm.read(), goal, this.#handRotation);
      arm.applyTorques(this.#controller.torque);
      this.#world.step();
    }
  }

  /** Position of the gripper `[3]`, m; valid until the next call. */
  readEnd(): Float64Array {
    this.arm.state.readEnd(this.#world);
    return this.arm.state.endPosition;
  }
}
