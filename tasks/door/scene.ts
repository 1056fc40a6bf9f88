import { Arm } from "../../sim/arm/arm.js";
import { MAX_ROTATION, MAX_TRANSLATION, OperationalSpaceController } from "../../sim/arm/controller.js";
import { FINGER, JOINTS } from "../../sim/arm/panda.js";
import { canonical, fromRotationVector } from "../../sim/core/math/rotation.js";
import {
  conjugate,
  IDENTITY,
  length,
  multiply,
  type Quat,
  rotate,
  sub,
  type Vec3,
} from "../../sim/core/math/vector.js";
import { decodeSnapshot, encodeSnapshot } from "../../sim/snapshot.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import { type Handle, PhysicsWorld, physicsVersion, substepsPerControl } from "../../sim/world.js";
import { type DoorKind, GRASP_ROTATION } from "./layout.js";
import { DoorMechanism } from "./mechanism.js";
import { ARM_BASE, START_ANGLES } from "./start.js";
import { doorBodies } from "./visuals.js";

/** s. */
export const DOOR_CONTROL_PERIOD = 0.1;
const TIMESTEP = 0.01;
const SOLVER_ITERATIONS = 8;
const FINGER_FRICTION = 2;

// Rapier's collision groups, membership in the upper half and partners in the lower: the arm meets the door, door
// and handle do not meet each other.
const ARM_GROUPS = 0x0002_0004;
const DOOR_GROUPS = 0x0004_0002;

/**
 * Arm with a two-finger gripper before a door. Every episode starts from the same pose: `reset` restores a
 * snapshot taken at construction. Goals of the controller are renewed from the arm's pose at each control step, so
 * all of the mutable state is the world's, but for the largest door angle of the episode.
 */
export class DoorScene implements Scene {
  readonly bodies: readonly VisualBody[];
  readonly #identity: string;
  readonly #world: PhysicsWorld;
  readonly #arm: Arm;
  readonly #controller = new OperationalSpaceController(START_ANGLES);
  readonly #mechanism: DoorMechanism;
  readonly #substeps = substepsPerControl(DOOR_CONTROL_PERIOD, TIMESTEP);
  readonly #pristine: Uint8Array;
  /** At the ends of the episode's control steps, rad. */
  #largestDoorAngle = 0;
  /** Rapier's bodies of `bodies`, from the second on, without the fixed base, which comes last. */
  readonly #moving: readonly Handle[];

  /** @param name of the task, for refusing other tasks' snapshots */
  constructor(name: string, kind: DoorKind) {
    this.#identity = `door/${name} with largest angle, ${physicsVersion()}`;
    this.#world = new PhysicsWorld({
      gravity: [0, 0, -9.81],
      timestep: TIMESTEP,
      solverIterations: SOLVER_ITERATIONS,
    });
    this.#mechanism = new DoorMechanism(this.#world, kind, DOOR_GROUPS);
    this.#arm = new Arm(this.#world, {
      base: ARM_BASE,
      startAngles: START_ANGLES,
      gripper: "active",
      fingerFriction: FINGER_FRICTION,
      collisionGroups: ARM_GROUPS,
    });
    this.#arm.setOpening(FINGER.travel);
    const { door, handle } = this.#mechanism;
    this.#moving = [
      ...this.#arm.links,
      ...this.#arm.fingers,
      door,
      ...(handle === undefined ? [] : [handle]),
    ];
    this.bodies = doorBodies(this.#arm.start, kind);
    this.#pristine = this.#world.snapshot();
  }

  reset(): void {
    this.#world.restore(this.#pristine);
    this.#largestDoorAngle = 0;
  }

  advance(action: ArrayLike<number>): void {
    const { state } = this.#arm;
    state.readEnd(this.#world);
    const [x, y, z] = state.endPosition;
    const move = MAX_TRANSLATION;
    const turn = MAX_ROTATION;
    const goal: Vec3 = [x + move * action[0], y + move * action[1], z + move * action[2]];
    const change = fromRotationVector([turn * action[3], turn * action[4], turn * action[5]]);
    const rotation = multiply(change, this.#endRotation());
    this.#arm.setOpening((FINGER.travel * (1 - action[6])) / 2);
    for (let i = 0; i < this.#substeps; i++) {
      this.#controller.update(this.#arm.read(), goal, rotation);
      this.#arm.applyTorques(this.#controller.torque);
      this.#mechanism.updateLatch();
      this.#world.step();
    }
    this.#largestDoorAngle = Math.max(this.#largestDoorAngle, this.#mechanism.state().doorAngle);
  }

  observe(out: Float32Array): void {
    const { angles, velocities, endPosition } = this.#arm.read();
    const grasp = this.#mechanism.grasp();
    const back = conjugate(grasp.rotation);
    const [x, y, z] = endPosition;
    const offset = rotate(back, sub([x, y, z], grasp.position));
    // As seen from a hand that holds the handle as it should.
    const turned = multiply(conjugate(GRASP_ROTATION), multiply(back, this.#endRotation()));
    out.set(offset, 0);
    out.set(canonical(turned), 3);
    out[7] = this.#opening();
    out.set(angles, 8);
    out.set(velocities, 8 + JOINTS);
    const { doorVelocity, handleVelocity, doorAngle, handleAngle } = this.#mechanism.state();
    out.set([doorVelocity, handleVelocity, doorAngle, handleAngle], 8 + 2 * JOINTS);
  }

  /** `doorAngle` (from closed), `largestDoorAngle` of the episode so far and `handleAngle` (signed), rad. */
  measure(): Readonly<Record<string, number>> {
    const { doorAngle, handleAngle } = this.#mechanism.state();
    return { doorAngle, largestDoorAngle: this.#largestDoorAngle, handleAngle };
  }

  bodyPose(index: number): Pose {
    if (this.bodies[index].fixed) return { position: [0, 0, 0], rotation: IDENTITY };
    return this.#world.pose(this.#moving[index - 1]);
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.#identity, {
      controller: Float64Array.of(this.#largestDoorAngle),
      world: this.#world.snapshot(),
    });
  }

  restore(snapshot: Uint8Array): void {
    const { controller, world } = decodeSnapshot(this.#identity, snapshot);
    this.#world.restore(world);
    this.#largestDoorAngle = controller[0];
  }

  close(): void {
    this.#world.close();
  }

  #endRotation(): Quat {
    const [x, y, z, w] = this.#arm.state.endRotation;
    return [x, y, z, w];
  }

  /** Mean opening of the two fingers, m. */
  #opening(): number {
    const [one, other] = this.#arm.fingers.map((finger) => this.#world.pose(finger).position);
    return length(sub(one, other)) / 2 - FINGER.half[1];
  }
}
