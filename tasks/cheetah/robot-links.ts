import { add, axisAngle, multiply, NO_ROTATION, type Vec3, xyz, xyzw } from "../../sim/core/math/vector.js";
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
import { type CheetahLink, type CheetahLinks, type Hinge, ZERO_POSE_HEIGHT } from "./layout.js";

/**
 * Moment of inertia of each motor about its joint, kg·m². In the reference it resists the relative motion of two
 * links; Rapier's joints have none, so it is part of the lower link.
 */
const ARMATURE = 0.1;
/** The axis that all links turn about. */
export const HINGE_AXIS: Vec3 = [0, 1, 0];
const ORIGIN: Vec3 = [0, 0, 0];

export interface CheetahOptions {
  readonly friction: number;
  readonly collisionGroups: number;
}

/** Bodies of the links in their zero pose. */
export function addLinks(
  world: PhysicsWorld,
  [torsoLink, ...legs]: CheetahLinks,
  options: CheetahOptions,
): [torso: Handle, ...legs: Handle[]] {
  const torsoPosition: Vec3 = [0, 0, ZERO_POSE_HEIGHT];
  const torso = addBody(world, torsoLink, torsoPosition, options);
  torso.recomputeMassPropertiesFromColliders();
  const bodies = [torso];
  const positions = [torsoPosition];
  for (const link of legs) {
    const position = add(positions[link.hinge.parent]!, link.hinge.anchor);
    const body = addBody(world, link, position, options, ARMATURE);
    addHinge(world, bodies[link.hinge.parent]!, body, link.hinge);
    body.recomputeMassPropertiesFromColliders();
    bodies.push(body);
    positions.push(position);
  }
  const [, ...legBodies] = bodies;
  return [torso.handle, ...legBodies.map(({ handle }) => handle)];
}

/** @param armature moment of inertia beside that of the capsules, kg·m² */
function addBody(
  world: PhysicsWorld,
  { capsules }: CheetahLink,
  position: Vec3,
  options: CheetahOptions,
  armature?: number,
): RigidBody {
  const desc = RigidBodyDesc.dynamic()
    .setTranslation(...position)
    .setCanSleep(false);
  if (armature !== undefined) {
    desc.setAdditionalMassProperties(0, xyz(ORIGIN), xyz([0, armature, 0]), NO_ROTATION);
  }
  const body = world.rapier.createRigidBody(desc);
  for (const { center, angle, radius, half, mass } of capsules) {
    // Rapier's capsules lie along y: a quarter turn about x brings them to z first.
    const rotation = multiply(axisAngle(HINGE_AXIS, angle), axisAngle([1, 0, 0], Math.PI / 2));
    const collider = ColliderDesc.capsule(half, radius).setMass(mass).setFriction(options.friction);
    collider.setTranslation(...center).setRotation(xyzw(rotation));
    world.rapier.createCollider(collider.setCollisionGroups(options.collisionGroups), body);
  }
  return body;
}

function addHinge(world: PhysicsWorld, parent: RigidBody, body: RigidBody, hinge: Hinge): void {
  const data = JointData.revolute(xyz(hinge.anchor), xyz(ORIGIN), xyz(HINGE_AXIS));
  const joint = world.rapier.createImpulseJoint(data, parent, body, true) as RevoluteImpulseJoint;
  joint.setContactsEnabled(false);
  joint.setLimits(...hinge.limits);
  joint.configureMotorModel(MotorModel.ForceBased);
  joint.configureMotorPosition(0, hinge.stiffness, hinge.damping);
}

/** Holds the torso in the plane y = 0. */
export function holdInPlane(world: PhysicsWorld, torso: RigidBody): void {
  const anchor = world.rapier.createRigidBody(RigidBodyDesc.fixed());
  const locked = JointAxesMask.LinY | JointAxesMask.AngX | JointAxesMask.AngZ;
  const data = JointData.generic(xyz([0, 0, ZERO_POSE_HEIGHT]), xyz(ORIGIN), xyz([1, 0, 0]), locked);
  world.rapier.createImpulseJoint(data, anchor, torso, true).setContactsEnabled(false);
}
