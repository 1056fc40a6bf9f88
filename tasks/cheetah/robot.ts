import { angleFromHalf } from "../../sim/core/math/angle.js";
import {
  add,
  axisAngle,
  multiply,
  type Quat,
  rotate,
  type Vec3,
  xyz,
  xyzw,
} from "../../sim/core/math/vector.js";
import type { Pose } from "../../sim/task.js";
import type { Handle, PhysicsWorld, RigidBody } from "../../sim/world.js";
import type { CheetahLinks, Hinge } from "./layout.js";
import { addLinks, type CheetahOptions, HINGE_AXIS, holdInPlane } from "./robot-links.js";

/** Velocity at `offset` from the centre of a turn about y at `spin` rad/s. */
const swing = (spin: number, [x, , z]: Vec3): Vec3 => [spin * z, 0, -spin * x];

/** One joint, or the torso's pitch: angle (rad) and angular velocity (rad/s). */
export interface Turn {
  readonly angle: number;
  readonly velocity: number;
}

export interface TorsoStart {
  /** m. */
  readonly height: number;
  /** Of the torso's frame: x, z, m/s. */
  readonly velocity: readonly [number, number];
  readonly pitch: Turn;
}

/** Positions and velocities as the observation has them. */
export interface CheetahMotion {
  /** Of the torso's frame, m. */
  readonly height: number;
  /** Of the torso in (-π, π], rad. */
  readonly pitch: number;
  /** `[6]`, rad. */
  readonly jointAngles: readonly number[];
  /** Of the torso's frame, m/s. */
  readonly velocityX: number;
  readonly velocityZ: number;
  /** rad/s. */
  readonly pitchVelocity: number;
  /** `[6]`, rad/s. */
  readonly jointVelocities: readonly number[];
}

/** Rotation of a link about y: the parts of its quaternion that are not zero, and its angular velocity, rad/s. */
interface LinkTurn {
  readonly y: number;
  readonly w: number;
  readonly spin: number;
}

interface LinkMotion {
  readonly position: Vec3;
  readonly rotation: Quat;
  /** Of the frame's origin, m/s. */
  readonly velocity: Vec3;
  readonly spin: number;
}

/**
 * The links of a half-cheetah, joined by hinges with springs and dampers. Only the torso is held in the plane
 * y = 0, the legs follow through their hinges: Rapier turns to NaN when every link is held. It keeps handles and
 * constants, no state.
 */
export class CheetahRobot {
  /** The six joints, back leg first, each from thigh to foot. */
  readonly joints: readonly Hinge[];
  readonly #world: PhysicsWorld;
  readonly #torso: Handle;
  /** Bodies of all links, the torso's first. */
  readonly #handles: readonly Handle[];
  readonly #names: readonly string[];
  /** Of mass, in the torso's frame, m. */
  readonly #torsoCenter: Vec3;

  constructor(world: PhysicsWorld, links: CheetahLinks, options: CheetahOptions) {
    const [, ...legs] = links;
    this.#world = world;
    this.joints = legs.map(({ hinge }) => hinge);
    const [torso, ...others] = addLinks(world, links, options);
    this.#torso = torso;
    this.#handles = [torso, ...others];
    this.#names = links.map(({ name }) => name);
    holdInPlane(world, world.body(torso));
    this.#torsoCenter = centerOf(world.body(torso));
  }

  /** Moves every link into a pose with given velocities. @param turns of the six joints */
  place({ height, velocity, pitch }: TorsoStart, turns: readonly Turn[]): void {
    const torso: LinkMotion = {
      position: [0, 0, height],
      rotation: axisAngle(HINGE_AXIS, pitch.angle),
      velocity: [velocity[0], 0, velocity[1]],
      spin: pitch.velocity,
    };
    const motions = [torso];
    for (const [i, hinge] of this.joints.entries()) {
      motions.push(follow(motions[hinge.parent]!, hinge, turns[i]!));
    }
    for (const [i, motion] of motions.entries()) this.#move(this.#handles[i]!, motion);
  }

  /** Applies motor torques for actions `[6]` in ±1; they act until replaced. */
  drive(action: ArrayLike<number>): void {
    const torque = new Float64Array(this.#handles.length);
    for (const [i, hinge] of this.joints.entries()) {
      torque[i + 1]! += hinge.gear * action[i]!;
      torque[hinge.parent]! -= hinge.gear * action[i]!;
    }
    for (const [i, handle] of this.#handles.entries()) this.#world.setTorque(handle, 0, torque[i]!, 0);
  }

  /** x of the torso's frame, m. */
  readX(): number {
    return this.#world.position(this.#torso)[0];
  }

  readMotion(): CheetahMotion {
    const turns = this.#handles.map((handle) => this.#readTurn(handle));
    const joints = this.joints.map(({ parent }, i) => relativeTurn(turns[parent]!, turns[i + 1]!));
    const { y, w, spin } = turns[0]!;
    const [, , height] = this.#world.position(this.#torso);
    const [vx, , vz] = this.#world.linearVelocity(this.#torso);
    const [centerX, , centerZ] = this.#torsoCenter;
    // The centre of mass seen from the frame, turned by the pitch.
    const x = (w * w - y * y) * centerX + 2 * w * y * centerZ;
    const z = (w * w - y * y) * centerZ - 2 * w * y * centerX;
    return {
      height,
      pitch: angleFromHalf(y, w),
      jointAngles: joints.map(({ angle }) => angle),
      velocityX: vx - spin * z,
      velocityZ: vz + spin * x,
      pitchVelocity: spin,
      jointVelocities: joints.map(({ velocity }) => velocity),
    };
  }

  /** World pose of a link. */
  pose(name: string): Pose {
    const handle = this.#handles[this.#names.indexOf(name)];
    if (handle === undefined) throw new RangeError(`The cheetah has no link ${name}.`);
    return this.#world.pose(handle);
  }

  #move(handle: Handle, { position, rotation, velocity, spin }: LinkMotion): void {
    const body = this.#world.body(handle);
    const ofCenter = add(velocity, swing(spin, rotate(rotation, centerOf(body))));
    body.setTranslation(xyz(position), true);
    body.setRotation(xyzw(rotation), true);
    body.setLinvel(xyz(ofCenter), true);
    body.setAngvel({ x: 0, y: spin, z: 0 }, true);
  }

  #readTurn(handle: Handle): LinkTurn {
    const [, y, , w] = this.#world.rotation(handle);
    const [, spin] = this.#world.angularVelocity(handle);
    return { y, w, spin };
  }
}

/** Centre of mass in a body's frame, m. */
function centerOf(body: RigidBody): Vec3 {
  const { x, y, z } = body.localCom();
  return [x, y, z];
}

/** Of a link against its parent. */
function relativeTurn(parent: LinkTurn, link: LinkTurn): Turn {
  const sine = parent.w * link.y - parent.y * link.w;
  const cosine = parent.w * link.w + parent.y * link.y;
  return { angle: angleFromHalf(sine, cosine), velocity: link.spin - parent.spin };
}

/** Motion of a link on its hinge. */
function follow(parent: LinkMotion, { anchor }: Hinge, turn: Turn): LinkMotion {
  const arm = rotate(parent.rotation, anchor);
  return {
    position: add(parent.position, arm),
    rotation: multiply(parent.rotation, axisAngle(HINGE_AXIS, turn.angle)),
    velocity: add(parent.velocity, swing(parent.spin, arm)),
    spin: parent.spin + turn.velocity,
  };
}
