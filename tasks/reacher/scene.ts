import { angleFromHalf, continueAngle } from "../../sim/core/math/angle.js";
import { IDENTITY, xyz } from "../../sim/core/math/vector.js";
import { tuple } from "../../sim/core/tuple.js";
import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import {
  type Handle,
  JointData,
  PhysicsWorld,
  physicsVersion,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
  substepsPerControl,
} from "../../sim/world.js";
import { dampen, rod } from "../mechanics.js";
import { GOAL_RING, PLANE_HEIGHT, UPPER_LENGTH } from "./layout.js";
import { reacherBodies } from "./visuals.js";

/** s. */
export const CONTROL_PERIOD = 0.05;
const PHYSICS_STEP = { timestep: 0.01, solverIterations: 4 } as const;
/** Torques for an action of one, N·m. */
const TORQUE = { shoulder: 4, elbow: 2 } as const;
/** kg/m and N·m·s/rad, both links and joints. */
const LINK_DENSITY = 1;
const DAMPING = 0.3;
/** Middle of the uniform start of both angles, a bent elbow, and half its width, rad. */
const START = { shoulder: 0, elbow: Math.PI / 2, spread: 0.1 };

/**
 * Two links that turn about z in a horizontal plane, driven by torques, and a goal for the fingertip. Joint angles go
 * on over as many turns as they make.
 * @param foreLength length of the forearm from elbow to fingertip, m
 */
export function createReacherScene(foreLength: number): Scene {
  const world = new PhysicsWorld({ gravity: [0, 0, 0], ...PHYSICS_STEP });
  return createPhysicsScene(
    `reacher/${foreLength}, ${physicsVersion()}`,
    world,
    new ReacherContent(world, foreLength),
  );
}

class ReacherContent implements SceneContent {
  readonly family = "reacher";
  readonly bodies: readonly VisualBody[];
  /** Angles in rad with their whole turns, and the goal, m. */
  readonly extra = { shoulderAngle: START.shoulder, elbowAngle: START.elbow, goalX: 0, goalY: 0 };
  readonly #foreLength: number;
  readonly #world: PhysicsWorld;
  readonly #upper: Handle;
  readonly #fore: Handle;
  readonly #substeps = substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP.timestep);

  constructor(world: PhysicsWorld, foreLength: number) {
    this.#world = world;
    this.#foreLength = foreLength;
    const post = world.rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, PLANE_HEIGHT));
    const shoulder = { parent: post.handle, x: 0, anchor: 0 };
    this.#upper = addLink(world, shoulder, UPPER_LENGTH);
    const elbow = { parent: this.#upper, x: UPPER_LENGTH, anchor: UPPER_LENGTH };
    this.#fore = addLink(world, elbow, foreLength);
    this.bodies = reacherBodies(foreLength);
  }

  /** The arm rests with its elbow bent; the goal is uniform over the ring. */
  start(random: () => number): void {
    const near = (angle: number) => angle + START.spread * (2 * random() - 1);
    const shoulder = near(START.shoulder);
    const elbow = near(START.elbow);
    this.#place(this.#upper, 0, 0, shoulder);
    const elbowX = UPPER_LENGTH * Math.cos(shoulder);
    const elbowY = UPPER_LENGTH * Math.sin(shoulder);
    this.#place(this.#fore, elbowX, elbowY, shoulder + elbow);
    const { inner, outer } = GOAL_RING;
    const radius = Math.sqrt(inner * inner + (outer * outer - inner * inner) * random());
    const bearing = 2 * Math.PI * random();
    this.extra.goalX = radius * Math.cos(bearing);
    this.extra.goalY = radius * Math.sin(bearing);
    this.#readAngles();
  }

  advance(action: ArrayLike<number>): void {
    const [shoulderInput, elbowInput] = tuple(action, 2);
    const shoulderTorque = TORQUE.shoulder * shoulderInput;
    const elbowTorque = TORQUE.elbow * elbowInput;
    // The elbow's motor sits on the upper arm and pushes back on it.
    this.#world.setTorque(this.#upper, 0, 0, shoulderTorque - elbowTorque);
    this.#world.setTorque(this.#fore, 0, 0, elbowTorque);
    for (let i = 0; i < this.#substeps; i++) {
      this.#world.step();
      this.#readAngles();
    }
  }

  observe(out: Float32Array): void {
    const { shoulderAngle, elbowAngle } = this.extra;
    const shoulderVelocity = this.#spin(this.#upper);
    const elbowVelocity = this.#spin(this.#fore) - shoulderVelocity;
    out.set([shoulderAngle, elbowAngle, shoulderVelocity, elbowVelocity, ...this.#tipMinusGoal()]);
  }

  /** `tipErrorMm` is the distance of the fingertip from the goal. */
  measure(): Readonly<Record<string, number>> {
    return { tipErrorMm: Math.hypot(...this.#tipMinusGoal()) * 1e3 };
  }

  pose(name: string): Pose {
    if (name === "upperArm") return this.#world.pose(this.#upper);
    if (name === "forearm") return this.#world.pose(this.#fore);
    return { position: [this.extra.goalX, this.extra.goalY, PLANE_HEIGHT], rotation: IDENTITY };
  }

  #place(link: Handle, x: number, y: number, angle: number): void {
    const body = this.#world.body(link);
    body.setTranslation(xyz([x, y, PLANE_HEIGHT]), true);
    body.setRotation({ x: 0, y: 0, z: Math.sin(angle / 2), w: Math.cos(angle / 2) }, true);
  }

  #readAngles(): void {
    const upper = this.#turn(this.#upper);
    const fore = this.#turn(this.#fore);
    const shoulder = angleFromHalf(upper.z, upper.w);
    // Rotations about one axis multiply like complex numbers.
    const elbow = angleFromHalf(fore.z * upper.w - fore.w * upper.z, fore.w * upper.w + fore.z * upper.z);
    this.extra.shoulderAngle = continueAngle(this.extra.shoulderAngle, shoulder);
    this.extra.elbowAngle = continueAngle(this.extra.elbowAngle, elbow);
  }

  /** x, y, m. */
  #tipMinusGoal(): [number, number] {
    const [elbowX, elbowY] = this.#world.position(this.#fore);
    const { z, w } = this.#turn(this.#fore);
    const x = elbowX + this.#foreLength * (w * w - z * z);
    const y = elbowY + this.#foreLength * 2 * w * z;
    return [x - this.extra.goalX, y - this.extra.goalY];
  }

  /** The parts of a link's quaternion that are not zero. */
  #turn(link: Handle): { z: number; w: number } {
    const [, , z, w] = this.#world.rotation(link);
    return { z, w };
  }

  /** rad/s. */
  #spin(link: Handle): number {
    return this.#world.angularVelocity(link)[2];
  }
}

/** The joint of a link. */
interface LinkJoint {
  readonly parent: Handle;
  /** m, with y = 0. */
  readonly x: number;
  /** The joint's place along the parent, m. */
  readonly anchor: number;
}

/** A rod along its own x axis whose frame's origin is the joint. */
function addLink(world: PhysicsWorld, { parent, x, anchor }: LinkJoint, length: number): Handle {
  const { rapier } = world;
  const link = rapier.createRigidBody(rod(LINK_DENSITY, length, "x").setTranslation(x, 0, PLANE_HEIGHT));
  const data = JointData.revolute(xyz([anchor, 0, 0]), xyz([0, 0, 0]), xyz([0, 0, 1]));
  const joint = rapier.createImpulseJoint(data, world.body(parent), link, true) as RevoluteImpulseJoint;
  dampen(joint, DAMPING);
  return link.handle;
}
