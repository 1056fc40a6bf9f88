import { twistAngle } from "../../sim/core/math/atan.js";
import { add, axisAngle, multiply, type Quat, rotate, sub, type Vec3 } from "../../sim/core/math/vector.js";
import type { Pose } from "../../sim/task.js";
import {
  ColliderDesc,
  type Handle,
  JointAxesMask,
  JointData,
  MotorModel,
  type PhysicsWorld,
  type RevoluteImpulseJoint,
  type RigidBody,
  RigidBodyDesc,
} from "../../sim/world.js";
import { type CheetahLink, type Hinge, ZERO_POSE_HEIGHT } from "./layout.js";

/**
 * Moment of inertia of each motor about its joint, kg·m². In the reference it resists the relative motion of two
 * links; Rapier's joints have none, so it is part of the lower link.
 */
const ARMATURE = 0.1;
const Y: Vec3 = [0, 1, 0];
const ORIGIN: Vec3 = [0, 0, 0];

const xyz = ([x, y, z]: Vec3) => ({ x, y, z });
const xyzw = ([x, y, z, w]: Quat) => ({ x, y, z, w });
/** Velocity at `offset` from the centre of a turn about y at `spin` rad/s. */
const swing = (spin: number, [x, , z]: Vec3): Vec3 => [spin * z, 0, -spin * x];

/** One joint, or the torso's pitch: angle (rad) and angular velocity (rad/s). */
export interface Turn {
  readonly angle: number;
  readonly velocity: number;
}

export interface TorsoStart {
  readonly height: number;
  /** Of the torso's frame: x, z, m/s. */
  readonly velocity: readonly [number, number];
}

interface LinkMotion {
  readonly position: Vec3;
  readonly rotation: Quat;
  /** Of the frame's origin, m/s. */
  readonly velocity: Vec3;
  readonly spin: number;
}

export interface CheetahOptions {
  readonly friction: number;
  readonly collisionGroups: number;
}

/**
 * The links of a half-cheetah, joined by hinges with springs and dampers. Only the torso is held in the plane
 * y = 0, the legs follow through their hinges: Rapier turns to NaN when every link is held. It keeps handles and
 * constants, no state.
 */
export class CheetahRobot {
  readonly handles: readonly Handle[];
  readonly #world: PhysicsWorld;
  readonly #links: readonly CheetahLink[];
  /** Centres of mass in the links' frames. */
  readonly #centers: readonly Vec3[];
  readonly #turns: Float64Array;
  readonly #vector = new Float32Array(3);
  readonly #rotation = new Float32Array(4);

  constructor(world: PhysicsWorld, links: readonly CheetahLink[], options: CheetahOptions) {
    this.#world = world;
    this.#links = links;
    this.#turns = new Float64Array(3 * links.length);
    this.handles = addLinks(world, links, options);
    holdInPlane(world, world.body(this.handles[0]));
    this.#centers = this.handles.map((handle) => {
      const { x, y, z } = world.body(handle).localCom();
      return [x, y, z];
    });
  }

  /** Moves every link into a pose with given velocities. @param turns the torso's pitch, then the six joints */
  place(torso: TorsoStart, turns: readonly Turn[]): void {
    const motions: LinkMotion[] = [];
    this.#links.forEach(({ hinge }, i) => {
      const rotation = axisAngle(Y, turns[i].angle);
      motions.push(
        hinge
          ? follow(motions[hinge.parent], hinge, rotation, turns[i].velocity)
          : {
              position: [0, 0, torso.height],
              rotation,
              velocity: [torso.velocity[0], 0, torso.velocity[1]],
              spin: turns[i].velocity,
            },
      );
    });
    motions.forEach(({ position, rotation, velocity, spin }, i) => {
      const body = this.#world.body(this.handles[i]);
      const ofCenter = add(velocity, swing(spin, rotate(rotation, this.#centers[i])));
      body.setTranslation(xyz(position), true);
      body.setRotation(xyzw(rotation), true);
      body.setLinvel(xyz(ofCenter), true);
      body.setAngvel({ x: 0, y: spin, z: 0 }, true);
    });
  }

  /** Applies motor torques for actions `[6]` in ±1; they act until replaced. */
  drive(action: ArrayLike<number>): void {
    const torque = new Float64Array(this.#links.length);
    this.#links.forEach(({ hinge }, i) => {
      if (!hinge) return;
      torque[i] += hinge.gear * action[i - 1];
      torque[hinge.parent] -= hinge.gear * action[i - 1];
    });
    this.handles.forEach((handle, i) => {
      this.#world.setTorque(handle, 0, torque[i], 0);
    });
  }

  /** x of the torso's frame, m. */
  readX(): number {
    this.#world.readPosition(this.handles[0], this.#vector);
    return this.#vector[0];
  }

  /**
   * Writes the torso's height (m), pitch in (-π, π] and six joint angles (rad) to `out[0 … 7]`, and their rates,
   * with the torso's forward velocity first, to `out[8 … 16]`.
   */
  readMotion(out: Float64Array): void {
    const turns = this.#turns;
    this.#readTurns();
    out[1] = twistAngle(turns[0], turns[1]);
    out[10] = turns[2];
    this.#links.forEach(({ hinge }, i) => {
      if (!hinge) return;
      const [own, parent] = [3 * i, 3 * hinge.parent];
      const sine = turns[parent + 1] * turns[own] - turns[parent] * turns[own + 1];
      const cosine = turns[parent + 1] * turns[own + 1] + turns[parent] * turns[own];
      out[1 + i] = twistAngle(sine, cosine);
      out[10 + i] = turns[own + 2] - turns[parent + 2];
    });
    this.#world.readPosition(this.handles[0], this.#vector);
    out[0] = this.#vector[2];
    this.#world.readLinearVelocity(this.handles[0], this.#vector);
    const y = turns[0];
    const w = turns[1];
    const [cx, , cz] = this.#centers[0];
    // The centre of mass seen from the frame, turned by the pitch.
    const x = (w * w - y * y) * cx + 2 * w * y * cz;
    const z = (w * w - y * y) * cz - 2 * w * y * cx;
    out[8] = this.#vector[0] - turns[2] * z;
    out[9] = this.#vector[2] + turns[2] * x;
  }

  /** Largest separation of a joint's two anchors, m: how far the solver let the body come apart. */
  jointSeparation(): number {
    let worst = 0;
    this.#links.forEach(({ hinge }, i) => {
      if (!hinge) return;
      const parent = this.#world.pose(this.handles[hinge.parent]);
      const anchor = add(parent.position, rotate(parent.rotation, hinge.anchor));
      worst = Math.max(worst, Math.hypot(...sub(anchor, this.#world.pose(this.handles[i]).position)));
    });
    return worst;
  }

  pose(link: number): Pose {
    return this.#world.pose(this.handles[link]);
  }

  /** Of every link: y and w of its quaternion and its angular velocity about y. */
  #readTurns(): void {
    this.handles.forEach((handle, i) => {
      this.#world.readRotation(handle, this.#rotation);
      this.#world.readAngularVelocity(handle, this.#vector);
      this.#turns[3 * i] = this.#rotation[1];
      this.#turns[3 * i + 1] = this.#rotation[3];
      this.#turns[3 * i + 2] = this.#vector[1];
    });
  }
}

/** Motion of a link whose hinge turns by `turn` at `speed` (rad/s). */
function follow(parent: LinkMotion, { anchor }: Hinge, turn: Quat, speed: number): LinkMotion {
  const arm = rotate(parent.rotation, anchor);
  return {
    position: add(parent.position, arm),
    rotation: multiply(parent.rotation, turn),
    velocity: add(parent.velocity, swing(parent.spin, arm)),
    spin: parent.spin + speed,
  };
}

function addLinks(world: PhysicsWorld, links: readonly CheetahLink[], options: CheetahOptions): Handle[] {
  const bodies: RigidBody[] = [];
  const positions: Vec3[] = [];
  links.forEach(({ hinge, capsules }, i) => {
    positions.push(hinge ? add(positions[hinge.parent], hinge.anchor) : [0, 0, ZERO_POSE_HEIGHT]);
    const desc = RigidBodyDesc.dynamic()
      .setTranslation(...positions[i])
      .setCanSleep(false);
    if (hinge) desc.setAdditionalMassProperties(0, xyz(ORIGIN), xyz([0, ARMATURE, 0]), xyzw([0, 0, 0, 1]));
    const body = world.rapier.createRigidBody(desc);
    for (const { center, angle, radius, half, mass } of capsules) {
      // Rapier's capsules lie along y: a quarter turn about x brings them to z first.
      const rotation = multiply(axisAngle(Y, angle), axisAngle([1, 0, 0], Math.PI / 2));
      const collider = ColliderDesc.capsule(half, radius).setMass(mass).setFriction(options.friction);
      collider.setTranslation(...center).setRotation(xyzw(rotation));
      world.rapier.createCollider(collider.setCollisionGroups(options.collisionGroups), body);
    }
    if (hinge) addHinge(world, bodies[hinge.parent], body, hinge);
    body.recomputeMassPropertiesFromColliders();
    bodies.push(body);
  });
  return bodies.map(({ handle }) => handle);
}

function addHinge(world: PhysicsWorld, parent: RigidBody, body: RigidBody, hinge: Hinge): void {
  const data = JointData.revolute(xyz(hinge.anchor), xyz(ORIGIN), xyz(Y));
  const joint = world.rapier.createImpulseJoint(data, parent, body, true) as RevoluteImpulseJoint;
  joint.setContactsEnabled(false);
  joint.setLimits(...hinge.limits);
  joint.configureMotorModel(MotorModel.ForceBased);
  joint.configureMotorPosition(0, hinge.stiffness, hinge.damping);
}

function holdInPlane(world: PhysicsWorld, torso: RigidBody): void {
  const anchor = world.rapier.createRigidBody(RigidBodyDesc.fixed());
  const locked = JointAxesMask.LinY | JointAxesMask.AngX | JointAxesMask.AngZ;
  const data = JointData.generic(xyz([0, 0, ZERO_POSE_HEIGHT]), xyz(ORIGIN), xyz([1, 0, 0]), locked);
  world.rapier.createImpulseJoint(data, anchor, torso, true).setContactsEnabled(false);
}
