import { angleFromHalf, continueAngle } from "../../sim/core/math/angle.js";
import { IDENTITY } from "../../sim/core/math/vector.js";
import { decodeSnapshot, encodeSnapshot } from "../../sim/snapshot.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import {
  type Handle,
  JointData,
  MotorModel,
  PhysicsWorld,
  physicsVersion,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
  substepsPerControl,
} from "../../sim/world.js";
import { PLANE_HEIGHT, reacherBodies } from "./visuals.js";

/** s. */
export const CONTROL_PERIOD = 0.05;
const PHYSICS_STEP = 0.01;
const SOLVER_ITERATIONS = 4;
/** Length of the upper arm, m. */
export const UPPER_LENGTH = 0.5;
/** Torques for an action of one at shoulder and elbow, N·m. */
const TORQUE = [4, 2] as const;
/** kg/m and N·m·s/rad, both links and joints. */
const LINK_DENSITY = 1;
const DAMPING = 0.3;
/** Half the width of the uniform start of both angles around a bent elbow, rad. */
const START_SPREAD = 0.1;
const START_ANGLES = [0, Math.PI / 2] as const;
/** Goals lie in the ring that every task's arm reaches, m. */
const GOAL_RADIUS = [0.3, 0.7] as const;

const vector = (x: number, y: number, z: number) => ({ x, y, z });
const NO_ROTATION = { x: 0, y: 0, z: 0, w: 1 };

/**
 * Two links that turn about z in a horizontal plane, driven by torques, and a goal for the fingertip. Joint angles go
 * on over as many turns as they make.
 */
export class ReacherScene implements Scene {
  readonly bodies: readonly VisualBody[];
  readonly #identity: string;
  readonly #foreLength: number;
  readonly #world: PhysicsWorld;
  readonly #upper: Handle;
  readonly #fore: Handle;
  readonly #pristine: Uint8Array;
  readonly #substeps = substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP);
  /** Shoulder and elbow angle (rad), goal x and y (m). */
  readonly #state = new Float64Array(4);
  readonly #vector = new Float32Array(3);
  readonly #upperRotation = new Float32Array(4);
  readonly #foreRotation = new Float32Array(4);

  /** @param foreLength length of the forearm from elbow to fingertip, m */
  constructor(foreLength: number) {
    this.#identity = `reacher/${foreLength}, ${physicsVersion()}`;
    this.#foreLength = foreLength;
    this.#world = new PhysicsWorld({
      gravity: [0, 0, 0],
      timestep: PHYSICS_STEP,
      solverIterations: SOLVER_ITERATIONS,
    });
    const { rapier } = this.#world;
    const post = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, PLANE_HEIGHT));
    this.#upper = addLink(this.#world, { parent: post.handle, at: [0, 0], anchor: 0, length: UPPER_LENGTH });
    this.#fore = addLink(this.#world, {
      parent: this.#upper,
      at: [UPPER_LENGTH, 0],
      anchor: UPPER_LENGTH,
      length: foreLength,
    });
    this.bodies = reacherBodies(UPPER_LENGTH, foreLength);
    this.#pristine = this.#world.snapshot();
  }

  /** The arm rests with its elbow bent; the goal is uniform over the ring. */
  reset(random: () => number): void {
    this.#world.restore(this.#pristine);
    const [shoulder, elbow] = START_ANGLES.map((angle) => angle + START_SPREAD * (2 * random() - 1));
    this.#place(this.#upper, 0, 0, shoulder);
    const [x, y] = [UPPER_LENGTH * Math.cos(shoulder), UPPER_LENGTH * Math.sin(shoulder)];
    this.#place(this.#fore, x, y, shoulder + elbow);
    const [inner, outer] = GOAL_RADIUS;
    const radius = Math.sqrt(inner * inner + (outer * outer - inner * inner) * random());
    const bearing = 2 * Math.PI * random();
    this.#state.set([...START_ANGLES, radius * Math.cos(bearing), radius * Math.sin(bearing)]);
    this.#readAngles();
  }

  advance(action: ArrayLike<number>): void {
    const [shoulder, elbow] = [TORQUE[0] * action[0], TORQUE[1] * action[1]];
    // The elbow's motor sits on the upper arm and pushes back on it.
    this.#world.setTorque(this.#upper, 0, 0, shoulder - elbow);
    this.#world.setTorque(this.#fore, 0, 0, elbow);
    for (let i = 0; i < this.#substeps; i++) {
      this.#world.step();
      this.#readAngles();
    }
  }

  observe(out: Float32Array): void {
    const [x, y] = this.#tipMinusGoal();
    this.#world.readAngularVelocity(this.#upper, this.#vector);
    const shoulderVelocity = this.#vector[2];
    this.#world.readAngularVelocity(this.#fore, this.#vector);
    out[0] = this.#state[0];
    out[1] = this.#state[1];
    out[2] = shoulderVelocity;
    out[3] = this.#vector[2] - shoulderVelocity;
    out[4] = x;
    out[5] = y;
  }

  /** `tipErrorMm` is the distance of the fingertip from the goal. */
  measure(): Readonly<Record<string, number>> {
    return { tipErrorMm: Math.hypot(...this.#tipMinusGoal()) * 1e3 };
  }

  bodyPose(index: number): Pose {
    const { name, fixed } = this.bodies[index];
    if (fixed) return { position: [0, 0, 0], rotation: IDENTITY };
    if (name === "goal") {
      return { position: [this.#state[2], this.#state[3], PLANE_HEIGHT], rotation: IDENTITY };
    }
    return this.#world.pose(name === "upperArm" ? this.#upper : this.#fore);
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.#identity, { controller: this.#state, world: this.#world.snapshot() });
  }

  restore(snapshot: Uint8Array): void {
    const { controller, world } = decodeSnapshot(this.#identity, snapshot);
    this.#world.restore(world);
    this.#state.set(controller);
  }

  close(): void {
    this.#world.close();
  }

  #place(link: Handle, x: number, y: number, angle: number): void {
    const body = this.#world.body(link);
    body.setTranslation(vector(x, y, PLANE_HEIGHT), true);
    body.setRotation({ x: 0, y: 0, z: Math.sin(angle / 2), w: Math.cos(angle / 2) }, true);
  }

  #readAngles(): void {
    const [upper, fore] = [this.#upperRotation, this.#foreRotation];
    this.#world.readRotation(this.#upper, upper);
    this.#world.readRotation(this.#fore, fore);
    const shoulder = angleFromHalf(upper[2], upper[3]);
    // Rotations about one axis multiply like complex numbers.
    const sine = fore[2] * upper[3] - fore[3] * upper[2];
    const elbow = angleFromHalf(sine, fore[3] * upper[3] + fore[2] * upper[2]);
    this.#state[0] = continueAngle(this.#state[0], shoulder);
    this.#state[1] = continueAngle(this.#state[1], elbow);
  }

  /** x, y, m. */
  #tipMinusGoal(): [number, number] {
    this.#world.readPosition(this.#fore, this.#vector);
    this.#world.readRotation(this.#fore, this.#foreRotation);
    const [, , z, w] = this.#foreRotation;
    const x = this.#vector[0] + this.#foreLength * (w * w - z * z);
    const y = this.#vector[1] + this.#foreLength * 2 * w * z;
    return [x - this.#state[2], y - this.#state[3]];
  }
}

interface LinkOptions {
  readonly parent: Handle;
  /** x, y of the joint, m. */
  readonly at: readonly [number, number];
  /** The joint's place along the parent, m. */
  readonly anchor: number;
  /** m. */
  readonly length: number;
}

/** A thin rod along its own x axis whose frame's origin is the joint; its inertia about its middle is m l² / 12. */
function addLink(world: PhysicsWorld, { parent, at, anchor, length }: LinkOptions): Handle {
  const { rapier } = world;
  const mass = LINK_DENSITY * length;
  const across = (mass * length * length) / 12;
  const link = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(at[0], at[1], PLANE_HEIGHT)
      .setCanSleep(false)
      .setAdditionalMassProperties(
        mass,
        vector(length / 2, 0, 0),
        // A rod without thickness has no inertia along itself; joints keep it from turning that way.
        vector(0.1 * across, across, across),
        NO_ROTATION,
      ),
  );
  const data = JointData.revolute(vector(anchor, 0, 0), vector(0, 0, 0), vector(0, 0, 1));
  const joint = rapier.createImpulseJoint(data, world.body(parent), link, true) as RevoluteImpulseJoint;
  joint.configureMotorModel(MotorModel.ForceBased);
  joint.configureMotorVelocity(0, DAMPING);
  return link.handle;
}
