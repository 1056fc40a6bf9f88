import { angleAbout } from "../../sim/core/math/rotation.js";
import {
  add,
  axisAngle,
  conjugate,
  dot,
  multiply,
  NO_ROTATION,
  rotate,
  sub,
  type Vec3,
  xyz,
  xyzw,
} from "../../sim/core/math/vector.js";
import type { Pose } from "../../sim/task.js";
import {
  ColliderDesc,
  type Handle,
  JointData,
  MotorModel,
  type PhysicsWorld,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
} from "../../sim/world.js";
import { dampen } from "../mechanics.js";
import {
  DOOR,
  type DoorKind,
  frameBoxes,
  graspPoint,
  HANDLE,
  HANDLE_AXIS,
  HANDLE_PARTS,
  type HandlePart,
  hingeAxis,
  hingePoint,
  hingeSide,
  LATCH,
  sided,
  turnSign,
} from "./layout.js";

/** Position and velocity of the two joints, rad and rad/s. A pull handle does not turn. */
export interface DoorState {
  readonly doorAngle: number;
  readonly doorVelocity: number;
  readonly handleAngle: number;
  readonly handleVelocity: number;
}

/** Of panel and frame. */
const PANEL_FRICTION = 0.5;

/** Turns Rapier's axis of capsules and cylinders, y, to x. */
const Y_TO_X = { x: 0, y: 0, z: Math.SQRT1_2, w: Math.SQRT1_2 };

/**
 * A door in its frame, on a hinge, with its handle and latch. The latch is a limit of the hinge: until the handle has turned far
 * enough, the hinge has only a little play. All of its state is the world's.
 */
export class DoorMechanism {
  readonly door: Handle;
  /** The turning handle; a pull handle belongs to the door. */
  readonly handle: Handle | undefined;
  readonly #world: PhysicsWorld;
  readonly #kind: DoorKind;
  readonly #hinge: Handle;
  readonly #axis: Vec3;
  /** The handle's centre in the frame of the body that it belongs to, m. */
  readonly #center: Vec3;

  constructor(world: PhysicsWorld, kind: DoorKind, collisionGroups: number) {
    this.#world = world;
    this.#kind = kind;
    this.#axis = hingeAxis(kind);
    [this.door, this.#hinge] = addDoor(world, kind, collisionGroups);
    const offset = sub(HANDLE.center, hingePoint(kind));
    if (kind.handle !== "pull") this.handle = addHandle(world, this.door, kind, offset);
    this.#center = this.handle === undefined ? offset : [0, 0, 0];
    for (const part of HANDLE_PARTS[kind.handle]) {
      const collider = partCollider(part).setTranslation(...add(this.#center, sided(kind, part.center)));
      collider.setDensity(0).setFriction(0.95).setCollisionGroups(collisionGroups);
      world.rapier.createCollider(collider, world.body(this.handle ?? this.door));
    }
    this.updateLatch();
  }

  /** Puts door and handle at rest at angles (rad); that of a handle that turns counts from 0 in the direction it turns in. */
  place(doorAngle: number, handleAngle: number): void {
    const opened = axisAngle(this.#axis, doorAngle);
    this.#world.body(this.door).setRotation(xyzw(opened), true);
    if (this.handle !== undefined) {
      const offset = sub(HANDLE.center, hingePoint(this.#kind));
      const handle = this.#world.body(this.handle);
      handle.setTranslation(xyz(add(hingePoint(this.#kind), rotate(opened, offset))), true);
      const turned = axisAngle(HANDLE_AXIS, turnSign(this.#kind) * handleAngle);
      handle.setRotation(xyzw(multiply(opened, turned)), true);
    }
    this.updateLatch();
  }

  /** Locks or frees the hinge, by the angles of now. Call it before every physics step. */
  updateLatch(): void {
    if (this.handle === undefined) return;
    const free = Math.abs(this.#handleAngle()) > LATCH.handleAngle || this.#doorAngle() > LATCH.doorAngle;
    const limit = free ? DOOR.range : LATCH.play;
    const hinge = this.#world.joint(this.#hinge) as RevoluteImpulseJoint;
    if (Math.fround(limit) !== hinge.limitsMax()) hinge.setLimits(0, limit);
  }

  /** Angles and velocities of now. */
  state(): DoorState {
    const spin = this.#world.angularVelocity(this.door);
    const turning = this.handle === undefined ? spin : this.#world.angularVelocity(this.handle);
    const axis = rotate(this.#world.rotation(this.door), HANDLE_AXIS);
    return {
      doorAngle: this.#doorAngle(),
      doorVelocity: dot(spin, this.#axis),
      handleAngle: this.#handleAngle(),
      handleVelocity: this.handle === undefined ? 0 : dot(sub(turning, spin), axis),
    };
  }

  /** World position of the point to grasp, and rotation of the handle since it was unturned on a closed door. */
  grasp(): Pose {
    const body = this.handle ?? this.door;
    const rotation = this.#world.rotation(body);
    const offset = rotate(rotation, add(this.#center, graspPoint(this.#kind)));
    return { position: add(this.#world.position(body), offset), rotation };
  }

  /** World pose of `door` or `handle`; undefined for other bodies, and for the handle of a door that has it fixed. */
  pose(name: string): Pose | undefined {
    if (name === "door") return this.#world.pose(this.door);
    if (name === "handle" && this.handle !== undefined) return this.#world.pose(this.handle);
    return undefined;
  }

  #doorAngle(): number {
    return angleAbout(this.#world.rotation(this.door), this.#axis);
  }

  #handleAngle(): number {
    if (this.handle === undefined) return 0;
    const turn = multiply(conjugate(this.#world.rotation(this.door)), this.#world.rotation(this.handle));
    return angleAbout(turn, HANDLE_AXIS);
  }
}

/** The frame, and the panel on its hinge; returns the panel's body and joint. */
function addDoor(world: PhysicsWorld, kind: DoorKind, collisionGroups: number): [Handle, Handle] {
  const { rapier } = world;
  const [x, y, z] = hingePoint(kind);
  const frame = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(x, y, z));
  for (const { center, half } of frameBoxes(kind)) {
    const box = ColliderDesc.cuboid(...half).setTranslation(...sub(center, hingePoint(kind)));
    rapier.createCollider(box.setFriction(PANEL_FRICTION).setCollisionGroups(collisionGroups), frame);
  }
  const door = rapier.createRigidBody(
    RigidBodyDesc.dynamic().setTranslation(x, y, z).setCanSleep(false).setGravityScale(0),
  );
  const [thickness, width, height] = DOOR.size;
  const panel = ColliderDesc.cuboid(thickness / 2, width / 2, height / 2).setMass(DOOR.mass);
  panel.setTranslation(0, (-hingeSide(kind) * width) / 2, DOOR.bottom + height / 2 - z);
  rapier.createCollider(panel.setFriction(PANEL_FRICTION).setCollisionGroups(collisionGroups), door);
  const data = JointData.revolute(xyz([0, 0, 0]), xyz([0, 0, 0]), xyz(hingeAxis(kind)));
  const hinge = rapier.createImpulseJoint(data, frame, door, true) as RevoluteImpulseJoint;
  hinge.setContactsEnabled(false);
  hinge.setLimits(0, DOOR.range);
  dampen(hinge, DOOR.damping);
  return [door.handle, hinge.handle];
}

/** A handle's body on its joint, turned back by a weak spring. */
function addHandle(world: PhysicsWorld, door: Handle, kind: DoorKind, offset: Vec3): Handle {
  const { rapier } = world;
  const handle = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(...HANDLE.center)
      .setCanSleep(false)
      .setGravityScale(0)
      .setAdditionalMassProperties(HANDLE.mass, xyz([0, 0, 0]), xyz(HANDLE.inertia), NO_ROTATION),
  );
  const data = JointData.revolute(xyz(offset), xyz([0, 0, 0]), xyz(HANDLE_AXIS));
  const joint = rapier.createImpulseJoint(data, world.body(door), handle, true) as RevoluteImpulseJoint;
  joint.setContactsEnabled(false);
  const end = turnSign(kind) * HANDLE.range;
  joint.setLimits(Math.min(0, end), Math.max(0, end));
  joint.configureMotorModel(MotorModel.ForceBased);
  joint.configureMotorPosition(0, HANDLE.spring, HANDLE.damping);
  return handle.handle;
}

function partCollider({ shape, half, along }: HandlePart): ColliderDesc {
  if (shape === "box") return ColliderDesc.cuboid(...half);
  const [radius, length] = half;
  const collider =
    shape === "capsule" ? ColliderDesc.capsule(length, radius) : ColliderDesc.cylinder(length, radius);
  return along === "x" ? collider.setRotation(Y_TO_X) : collider;
}
