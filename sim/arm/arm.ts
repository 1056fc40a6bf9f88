import {
  add,
  conjugate,
  IDENTITY,
  length,
  multiply,
  NO_ROTATION,
  quatAt,
  rotate,
  scale,
  sub,
  type Vec3,
  vec3At,
  xyz,
  xyzw,
} from "../core/math/vector.js";
import type { Pose } from "../task.js";
import {
  ColliderDesc,
  type Handle,
  JointData,
  type PhysicsWorld,
  type PrismaticImpulseJoint,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
} from "../world.js";
import { ArmState } from "./arm-state.js";
import { addFingers, type Fingers, fixFingers, openPads } from "./fingers.js";
import { type ArmFrames, forwardKinematics } from "./kinematics.js";
import { type AttachedMass, FINGER, HAND, JOINTS, PANDA } from "./panda.js";
import { addTubes, LINK_FRICTION } from "./tubes.js";

export interface ArmOptions {
  /** Pose of the base; the arm's links are aligned with the world, so only its position may be chosen. */
  readonly base: Vec3;
  /** Joint angles at the reset pose `[7]`, rad. */
  readonly startAngles: ArrayLike<number>;
  /** `fixed`: closed finger pads that belong to link 7. `active`: two sliding fingers with a force limit. */
  readonly gripper: "fixed" | "active";
  readonly fingerFriction: number;
  /** Rapier's membership and filter bits of what collides. */
  readonly collisionGroups: number;
  /** Whether the links collide too, as they are drawn (`linkTubes`); default no, hand and fingers alone do. */
  readonly linksCollide?: boolean;
}

/**
 * A seven-joint arm with a two-finger hand, from impulse joints. The links do not feel gravity: the controller
 * would cancel it anyway. The arm keeps handles and constants, no state.
 */
export class Arm {
  readonly links: readonly Handle[];
  readonly state: ArmState;
  /** World frames at the reset pose. */
  readonly start: ArmFrames;
  readonly #world: PhysicsWorld;
  readonly #base: Vec3;
  readonly #fingers: Fingers | undefined;

  constructor(world: PhysicsWorld, options: ArmOptions) {
    this.#world = world;
    this.#base = options.base;
    const start = forwardKinematics(options.startAngles, { position: options.base, rotation: IDENTITY });
    const extra = options.gripper === "fixed" ? [...HAND.masses, FINGER.fixedPair] : HAND.masses;
    const properties = PANDA.map((_, i) => massProperties(start, i, extra));
    this.start = start;
    this.links = addLinks(world, options, start, properties);
    if (options.linksCollide) addTubes(world, this.links, start, options.collisionGroups);
    addPalm(world, this.links[JOINTS - 1]!, start, options);
    if (options.gripper === "fixed") fixFingers(world, this.links[JOINTS - 1]!, start, options);
    else this.#fingers = addFingers(world, this.links[JOINTS - 1]!, start, options);
    this.state = new ArmState({
      links: this.links,
      base: options.base,
      startAngles: Float64Array.from(options.startAngles),
      start,
      masses: Float64Array.from(properties, (p) => p.mass),
      centers: Float64Array.from(properties.flatMap((p) => p.center)),
      inertias: Float64Array.from(properties, (p) => p.inertia),
    });
  }

  /** Bodies of the two fingers; none when the gripper is fixed. */
  get fingers(): readonly Handle[] {
    return this.#fingers?.bodies ?? [];
  }

  /** Puts links and fingers, open, where joint angles `[7]` (rad) have them; for an arm at rest at the start of an episode. */
  place(angles: ArrayLike<number>): void {
    const frames = forwardKinematics(angles, { position: this.#base, rotation: IDENTITY });
    // Bodies are aligned with the world at the reset pose.
    const turn = (from: Pose, to: Pose) => xyzw(multiply(to.rotation, conjugate(from.rotation)));
    frames.links.forEach((frame, i) => {
      const link = this.#world.body(this.links[i]!);
      link.setTranslation(xyz(frame.position), true);
      link.setRotation(turn(this.start.links[i]!, frame), true);
    });
    const centers = openPads(frames);
    this.fingers.forEach((handle, i) => {
      const finger = this.#world.body(handle);
      finger.setTranslation(xyz(centers[i]!), true);
      finger.setRotation(turn(this.start.hand, frames.hand), true);
    });
  }

  /** Reads the bodies into `state`. */
  read(): ArmState {
    this.state.read(this.#world);
    return this.state;
  }

  /** World pose of the end effector, read now. */
  readEnd(): Pose {
    this.state.readEnd(this.#world);
    return { position: vec3At(this.state.endPosition), rotation: quatAt(this.state.endRotation) };
  }

  /** World pose of a body by its name in `armBodies`: `link1` … `link7`, `finger1`, `finger2`. */
  pose(name: string): Pose {
    const [, kind, number] = /^(link|finger)([1-9])$/.exec(name) ?? [];
    const handle = (kind === "link" ? this.links : this.fingers)[Number(number) - 1];
    if (handle === undefined) throw new RangeError(`The arm has no body ${name}.`);
    return this.#world.pose(handle);
  }

  /** Applies joint torques `[7]` (N·m) along the axes last read; they act until replaced. */
  applyTorques(torque: Float64Array): void {
    const { axes } = this.state;
    for (let i = 0; i < JOINTS; i++) {
      const at = 3 * i;
      const own = torque[i]!;
      // A joint acts on its link and, reversed, on the parent: one net torque per link saves WASM calls.
      const next = i + 1 < JOINTS ? torque[i + 1]! : 0;
      const bt = i + 1 < JOINTS ? at + 3 : at;
      this.#world.setTorque(
        this.links[i]!,
        own * axes[at]! - next * axes[bt]!,
        own * axes[at + 1]! - next * axes[bt + 1]!,
        own * axes[at + 2]! - next * axes[bt + 2]!,
      );
    }
  }

  /** Moves both fingers toward an opening of 0 (closed) to 0.04 m each with at most 20 N; active gripper only. */
  setOpening(opening: number): void {
    const { maxForce, travel } = FINGER;
    for (const handle of this.#fingers?.joints ?? []) {
      const joint = this.#world.joint(handle) as PrismaticImpulseJoint;
      joint.configureMotorPosition(Math.min(Math.max(opening, 0), travel) - travel, 1e4, 200);
      joint.setMotorMaxForce(maxForce);
    }
  }

  /** Mean opening of the two fingers, m; 0 when the gripper is fixed. */
  fingerOpening(): number {
    const [one, other] = this.fingers.map((finger) => this.#world.pose(finger).position);
    return one === undefined || other === undefined ? 0 : length(sub(one, other)) / 2 - FINGER.half[1];
  }

  /** Largest separation of a joint's two anchors, m: how far the solver let the arm come apart. */
  anchorDrift(): number {
    const { links } = this.start;
    let parent: Pose = { position: this.#base, rotation: IDENTITY };
    let worst = 0;
    links.forEach((link, i) => {
      const anchor = sub(link.position, i === 0 ? this.#base : links[i - 1]!.position);
      const pose = this.#world.pose(this.links[i]!);
      const gap = sub(add(parent.position, rotate(parent.rotation, anchor)), pose.position);
      worst = Math.max(worst, Math.hypot(...gap));
      parent = pose;
    });
    return worst;
  }
}

/** Mass properties of link `i` in world-aligned axes about its joint; hand and fixed fingers belong to link 7. */
function massProperties(start: ArmFrames, i: number, attached: readonly AttachedMass[]): AttachedMass {
  const { mass, center, inertia } = PANDA[i]!;
  const frame = start.links[i]!;
  const own: AttachedMass = { mass, center: rotate(frame.rotation, center), inertia };
  if (i < JOINTS - 1) return own;
  const toLink = (v: Vec3): Vec3 =>
    sub(add(start.hand.position, rotate(start.hand.rotation, v)), frame.position);
  const parts = [own, ...attached.map((part) => ({ ...part, center: toLink(part.center) }))];
  const total = parts.reduce((s, p) => s + p.mass, 0);
  const middle = scale(
    parts.reduce<Vec3>((s, p) => add(s, scale(p.center, p.mass)), [0, 0, 0]),
    1 / total,
  );
  // The controller takes one moment for every axis: two thirds of m d² is the mean of the parallel-axis terms.
  const about = (p: AttachedMass) => p.inertia + (2 / 3) * p.mass * Math.hypot(...sub(p.center, middle)) ** 2;
  return { mass: total, center: middle, inertia: parts.reduce((s, p) => s + about(p), 0) };
}

function addLinks(
  world: PhysicsWorld,
  options: ArmOptions,
  start: ArmFrames,
  properties: readonly AttachedMass[],
): Handle[] {
  const { rapier } = world;
  let parent = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(...options.base));
  let parentPosition = options.base;
  return start.links.map((link, i) => {
    const { mass, center, inertia } = properties[i]!;
    const body = rapier.createRigidBody(
      RigidBodyDesc.dynamic()
        .setTranslation(...link.position)
        .setCanSleep(false)
        .setGravityScale(0)
        .setAdditionalMassProperties(mass, xyz(center), xyz([inertia, inertia, inertia]), NO_ROTATION),
    );
    const data = JointData.revolute(xyz(sub(link.position, parentPosition)), xyz([0, 0, 0]), xyz(link.axis));
    const joint = rapier.createImpulseJoint(data, parent, body, true) as RevoluteImpulseJoint;
    joint.setContactsEnabled(false);
    // Rapier measures from the reset pose and wraps beyond ±π.
    const [low, high] = PANDA[i]!.limits;
    const zero = options.startAngles[i]!;
    joint.setLimits(Math.max(low - zero, -3.1), Math.min(high - zero, 3.1));
    parent = body;
    parentPosition = link.position;
    return body.handle;
  });
}

function addPalm(world: PhysicsWorld, link: Handle, start: ArmFrames, options: ArmOptions): void {
  const { hand, links } = start;
  const center = add(hand.position, rotate(hand.rotation, HAND.palm.center));
  world.rapier.createCollider(
    ColliderDesc.cuboid(...HAND.palm.half)
      .setTranslation(...sub(center, links[JOINTS - 1]!.position))
      .setRotation(xyzw(hand.rotation))
      .setDensity(0)
      .setFriction(LINK_FRICTION)
      .setCollisionGroups(options.collisionGroups),
    world.body(link),
  );
}
