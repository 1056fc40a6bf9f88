import { Arm } from "../../sim/arm/arm.js";
import { MAX_TRANSLATION, OperationalSpaceController } from "../../sim/arm/controller.js";
import {
  type ArmFrames,
  forwardKinematics,
  inverseKinematics,
  reachingAngles,
} from "../../sim/arm/kinematics.js";
import { HOME_ANGLES } from "../../sim/arm/panda.js";
import { IDENTITY, type Quat, type Vec3 } from "../../sim/core/math/vector.js";
import { tuple } from "../../sim/core/tuple.js";
import type { Pose } from "../../sim/task.js";
import { ColliderDesc, collisionGroups, type PhysicsWorld, RigidBodyDesc } from "../../sim/world.js";
import { ARM_BASE, type PlanePoint, type Tabletop } from "./layout.js";

/** Bits of what is on a table in Rapier's collision groups. */
export const COLLISION = { arm: 0x2, table: 0x4, block: 0x8, floor: 0x10 } as const;

/** The table, and a floor that catches a block pushed over its edge. */
export function addGround({ rapier }: PhysicsWorld, { centerX, half, height }: Tabletop): void {
  const table = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(centerX, 0, height / 2));
  const top = ColliderDesc.cuboid(half[0], half[1], height / 2).setFriction(1);
  rapier.createCollider(top.setCollisionGroups(collisionGroups(COLLISION.table, 0xffff)), table);
  const floor = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, -0.5));
  const ground = ColliderDesc.cuboid(5, 5, 0.5);
  rapier.createCollider(ground.setCollisionGroups(collisionGroups(COLLISION.floor, 0xffff)), floor);
}

const BASE: Pose = { position: ARM_BASE, rotation: IDENTITY };

/** An arm whose closed gripper moves at a fixed height without turning. */
export class TableArm {
  /** Where the last control step told the gripper to go, m. */
  readonly goal: { x: number; y: number; z: number };
  readonly #arm: Arm;
  readonly #world: PhysicsWorld;
  readonly #controller: OperationalSpaceController;
  readonly #substeps: number;
  readonly #handRotation: Quat;

  /**
   * @param start of the gripper, m
   * @param substeps physics steps per control step
   */
  constructor(world: PhysicsWorld, start: Vec3, substeps: number) {
    const { rotation } = forwardKinematics(HOME_ANGLES, BASE).endEffector;
    const startAngles = inverseKinematics({ position: start, rotation }, BASE);
    const [x, y, z] = start;
    this.goal = { x, y, z };
    this.#world = world;
    this.#substeps = substeps;
    this.#handRotation = rotation;
    this.#arm = new Arm(world, {
      base: ARM_BASE,
      startAngles,
      gripper: "fixed",
      fingerFriction: 1,
      collisionGroups: collisionGroups(COLLISION.arm, 0xffff & ~COLLISION.arm),
    });
    this.#controller = new OperationalSpaceController(startAngles);
  }

  /** Puts the arm at rest with its gripper over a place (m) of the table, if it reaches that; returns whether it does. */
  place([x, y]: PlanePoint): boolean {
    const target: Pose = { position: [x, y, this.goal.z], rotation: this.#handRotation };
    const angles = reachingAngles(target, BASE);
    if (angles === undefined) return false;
    this.#arm.place(angles);
    this.goal.x = x;
    this.goal.y = y;
    return true;
  }

  /** World frames at the start. */
  get frames(): ArmFrames {
    return this.#arm.start;
  }

  /** One control step toward a point `action` (dx, dy) times 0.05 m from where the gripper is. */
  advance(action: ArrayLike<number>): void {
    const [dx, dy] = tuple(action, 2);
    const [x, y] = this.readGripper();
    this.goal.x = x + MAX_TRANSLATION * dx;
    this.goal.y = y + MAX_TRANSLATION * dy;
    const goal: Vec3 = [this.goal.x, this.goal.y, this.goal.z];
    for (let i = 0; i < this.#substeps; i++) {
      this.#controller.update(this.#arm.read(), goal, this.#handRotation);
      this.#arm.applyTorques(this.#controller.torque);
      this.#world.step();
    }
  }

  /** Position of the gripper, m. */
  readGripper(): Vec3 {
    return this.#arm.readEnd().position;
  }

  /** World pose of a link, see `Arm.pose`. */
  pose(name: string): Pose {
    return this.#arm.pose(name);
  }
}
