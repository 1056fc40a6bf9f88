import { add, NO_ROTATION, rotate, scale, sub, type Vec3, xyz, xyzw } from "../core/math/vector.js";
import {
  CoefficientCombineRule,
  ColliderDesc,
  type Handle,
  JointData,
  MotorModel,
  type PhysicsWorld,
  type PrismaticImpulseJoint,
  RigidBodyDesc,
} from "../world.js";
import type { ArmFrames } from "./kinematics.js";
import { FINGER, JOINTS } from "./panda.js";

export interface Fingers {
  readonly bodies: readonly Handle[];
  readonly joints: readonly Handle[];
}

interface FingerOptions {
  readonly fingerFriction: number;
  readonly collisionGroups: number;
}

const SIDES = [1, -1] as const;

/** Direction in which the finger of `side` opens, and the centre of its pad at an opening (m), in the world. */
function pad({ hand }: ArmFrames, side: number, opening: number): { slide: Vec3; center: Vec3 } {
  const slide = scale(rotate(hand.rotation, [0, 1, 0]), side);
  const depth = add(hand.position, rotate(hand.rotation, [0, 0, FINGER.depth]));
  return { slide, center: add(depth, scale(slide, opening + FINGER.half[1])) };
}

/** Centres of the two pads when the fingers are open, in the world. */
export function openPads(frames: ArmFrames): Vec3[] {
  return SIDES.map((side) => pad(frames, side, FINGER.travel).center);
}

function padCollider({ hand }: ArmFrames, options: FingerOptions): ColliderDesc {
  return ColliderDesc.cuboid(...FINGER.half)
    .setRotation(xyzw(hand.rotation))
    .setDensity(0)
    .setFriction(options.fingerFriction)
    .setCollisionGroups(options.collisionGroups);
}

/** Two closed pads as part of link 7. */
export function fixFingers(
  world: PhysicsWorld,
  link: Handle,
  start: ArmFrames,
  options: FingerOptions,
): void {
  for (const side of SIDES) {
    const center = sub(pad(start, side, 0).center, start.links[JOINTS - 1]!.position);
    world.rapier.createCollider(padCollider(start, options).setTranslation(...center), world.body(link));
  }
}

/** Two open fingers on sliding joints whose position motors are limited in force. Joint value 0 is open. */
export function addFingers(
  world: PhysicsWorld,
  link: Handle,
  start: ArmFrames,
  options: FingerOptions,
): Fingers {
  const { rapier } = world;
  const bodies: Handle[] = [];
  const joints: Handle[] = [];
  for (const side of SIDES) {
    const { slide, center } = pad(start, side, FINGER.travel);
    const desc = RigidBodyDesc.dynamic()
      .setTranslation(...center)
      .setCanSleep(false)
      .setGravityScale(0)
      .setAdditionalMassProperties(FINGER.mass, xyz([0, 0, 0]), xyz(FINGER.inertia), NO_ROTATION);
    const body = rapier.createRigidBody(desc);
    const collider = padCollider(start, options).setFrictionCombineRule(CoefficientCombineRule.Max);
    rapier.createCollider(collider, body);
    const anchor = sub(center, start.links[JOINTS - 1]!.position);
    const data = JointData.prismatic(xyz(anchor), xyz([0, 0, 0]), xyz(slide));
    data.limitsEnabled = true;
    data.limits = [-FINGER.travel, 0];
    const joint = rapier.createImpulseJoint(data, world.body(link), body, true) as PrismaticImpulseJoint;
    joint.setContactsEnabled(false);
    joint.configureMotorModel(MotorModel.ForceBased);
    bodies.push(body.handle);
    joints.push(joint.handle);
  }
  return { bodies, joints };
}
