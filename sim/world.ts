// Rapier's declarations need `Symbol.dispose`, which programs that use this package may not have in their `lib`.
/// <reference lib="esnext.disposable" preserve="true" />
import { createHash } from "node:crypto";
import type RAPIER from "@dimforge/rapier3d";
import { InputError, RunError, UsageError } from "./core/errors.js";
import { foreign } from "./core/foreign.js";
import { type Quat, quatAt, type Vec3, vec3At } from "./core/math/vector.js";
import { hasSimd } from "./core/wasm.js";
import type { Pose } from "./task.js";

export type {
  PrismaticImpulseJoint,
  RevoluteImpulseJoint,
  RigidBody,
} from "@dimforge/rapier3d";

// The SIMD build takes half the time of the scalar one of the same version; its bits are other ones.
const BUILD = hasSimd() ? "simd" : "scalar";
const engine: typeof RAPIER =
  BUILD === "simd"
    ? (await import("@dimforge/rapier3d")).default
    : foreign((await import("@dimforge/rapier3d-scalar")).default);

export const { CoefficientCombineRule, JointAxesMask } = engine;
export type CoefficientCombineRule = RAPIER.CoefficientCombineRule;
/** Rapier's description of a collider: shape, density, friction. */
export const ColliderDesc = engine.ColliderDesc;
/** Rapier's description of a collider: shape, density, friction. */
export type ColliderDesc = RAPIER.ColliderDesc;
/** Rapier's description of a joint between two bodies. */
export const JointData = engine.JointData;
/** How Rapier's joint motors act: as accelerations or as forces. */
export const MotorModel = engine.MotorModel;
/** Rapier's description of a rigid body: kind, place, damping, additional mass. */
export const RigidBodyDesc = engine.RigidBodyDesc;
/** Rapier's description of a rigid body: kind, place, damping, additional mass. */
export type RigidBodyDesc = RAPIER.RigidBodyDesc;

/** Rapier's collision groups: the bits of what a collider is in the upper half, of what it meets in the lower. */
export const collisionGroups = (member: number, partners: number): number =>
  ((member << 16) | partners) >>> 0;

/** Names a body or a joint for as long as the world lives, across snapshots too. */
export type Handle = number;

// The WASM module exists once per process and cannot be unloaded, so its state is the module's.
let loading: Promise<void> | undefined;
let loaded = false;

/** Loads the physics engine; call it before creating a scene. Calling it again does nothing. */
export function initPhysics(): Promise<void> {
  loading ??= engine.init().then(() => {
    loaded = true;
  });
  return loading;
}

function checkLoaded(): void {
  if (loaded) return;
  throw new RunError({
    what: "The physics engine is not loaded",
    expected: "a finished initPhysics()",
    todo: "Write `await initPhysics()` before creating a scene or environment",
  });
}

/** Build and version of the engine, e.g. `rapier3d simd 0.20.0`: part of what decides the bits. */
export function physicsVersion(): string {
  checkLoaded();
  return `rapier3d ${BUILD} ${engine.version()}`;
}

/**
 * Physics steps per control step.
 * @throws UsageError when `controlPeriod` (s) is not a whole multiple of `timestep` (s).
 */
export function substepsPerControl(controlPeriod: number, timestep: number): number {
  const ratio = controlPeriod / timestep;
  const whole = Math.round(ratio);
  if (whole >= 1 && Math.abs(ratio - whole) < 1e-9 * whole) return whole;
  throw new UsageError({
    what: "The control period must be a whole multiple of the physics step",
    got: `control period ${controlPeriod} s, physics step ${timestep} s (ratio ${ratio})`,
    expected: "a ratio of 1, 2, 3, …",
  });
}

/** What a physics world is made with. */
export interface WorldOptions {
  /** m/s². */
  readonly gravity: Vec3;
  /** Physics step, s. */
  readonly timestep: number;
  readonly solverIterations: number;
}

/** Whether an error comes from inside the physics engine: its world is then lost, and cannot even be freed. */
export function isEngineFailure(error: unknown): error is Error {
  return error instanceof Error && (error.name === "RuntimeError" || /\brust\b/i.test(error.message));
}

/**
 * A Rapier world addressed by handles. `restore` replaces the world behind it, so callers keep handles and fetch
 * `body` or `joint` at each use. The read and torque methods go straight to the WASM functions with reused
 * buffers: they run several times per physics step, where Rapier's own wrappers cost eight times as much.
 */
export class PhysicsWorld {
  #world: RAPIER.World;
  readonly #vector = new Float32Array(3);
  readonly #quaternion = new Float32Array(4);
  readonly #torque: ReturnType<typeof RAPIER.VectorOps.intoRaw>;

  constructor(options: WorldOptions) {
    checkLoaded();
    const [x, y, z] = options.gravity;
    this.#world = new engine.World({ x, y, z });
    this.#world.timestep = options.timestep;
    this.#world.numSolverIterations = options.solverIterations;
    this.#torque = engine.VectorOps.intoRaw({ x: 0, y: 0, z: 0 });
  }

  /** Rapier's own world, for building a scene. Do not keep it: `restore` makes it invalid. */
  get rapier(): RAPIER.World {
    return this.#world;
  }

  /** Makes one physics step. */
  step(): void {
    this.#world.step();
  }

  /** Rapier's own rigid body; do not keep it beyond a `restore`. */
  body(handle: Handle): RAPIER.RigidBody {
    return this.#world.getRigidBody(handle);
  }

  /** Rapier's own joint; do not keep it beyond a `restore`. */
  joint(handle: Handle): RAPIER.ImpulseJoint {
    return this.#world.getImpulseJoint(handle);
  }

  /** Writes x, y, z in m. */
  readPosition(handle: Handle, out: Float32Array): void {
    this.#world.bodies.raw.rbTranslation(handle, out);
  }

  /** Writes the quaternion x, y, z, w. */
  readRotation(handle: Handle, out: Float32Array): void {
    this.#world.bodies.raw.rbRotation(handle, out);
  }

  /** Writes x, y, z in rad/s. */
  readAngularVelocity(handle: Handle, out: Float32Array): void {
    this.#world.bodies.raw.rbAngvel(handle, out);
  }

  /** Writes the velocity of the centre of mass: x, y, z in m/s. */
  readLinearVelocity(handle: Handle, out: Float32Array): void {
    this.#world.bodies.raw.rbLinvel(handle, out);
  }

  /** World position of a body's frame, m. */
  position(handle: Handle): Vec3 {
    this.readPosition(handle, this.#vector);
    return vec3At(this.#vector);
  }

  /** Rotation of a body from the world's axes. */
  rotation(handle: Handle): Quat {
    this.readRotation(handle, this.#quaternion);
    return quatAt(this.#quaternion);
  }

  /** Angular velocity of a body about the world's axes, rad/s. */
  angularVelocity(handle: Handle): Vec3 {
    this.readAngularVelocity(handle, this.#vector);
    return vec3At(this.#vector);
  }

  /** Velocity of a body's centre of mass, m/s. */
  linearVelocity(handle: Handle): Vec3 {
    this.readLinearVelocity(handle, this.#vector);
    return vec3At(this.#vector);
  }

  /** Replaces the external torque on a body (N·m, world frame); it acts until replaced. */
  setTorque(handle: Handle, x: number, y: number, z: number): void {
    const raw = this.#world.bodies.raw;
    this.#torque.x = x;
    this.#torque.y = y;
    this.#torque.z = z;
    raw.rbResetTorques(handle, false);
    raw.rbAddTorque(handle, this.#torque, false);
  }

  /** World pose of a body. */
  pose(handle: Handle): Pose {
    return { position: this.position(handle), rotation: this.rotation(handle) };
  }

  /** Rapier's bytes of the whole world. */
  snapshot(): Uint8Array {
    return this.#world.takeSnapshot();
  }

  /**
   * Continues from a snapshot of this world's own bodies.
   * @throws InputError when Rapier cannot read the bytes; the world is then unchanged.
   */
  restore(bytes: Uint8Array): void {
    // `World.restoreSnapshot` leaves its intermediate objects to the garbage collector, 2.5 KB of WASM memory each.
    // Rapier returns no object, against its types, for bytes that it cannot read.
    const raw = this.#world.serializationPipeline.raw.deserializeAll(bytes);
    if (!raw) {
      throw new InputError({
        what: "Rapier cannot read the world in the snapshot",
        got: `${bytes.length} bytes`,
      });
    }
    const next = engine.World.fromRaw(raw);
    raw.free();
    this.#world.free();
    this.#world = next;
  }

  /** SHA-256 of the snapshot, in hexadecimal: where it is equal, the future is. */
  stateHash(): string {
    return createHash("sha256").update(this.snapshot()).digest("hex");
  }

  /** Frees the WASM memory; calling it again does nothing. */
  close(): void {
    if (this.#world.bodies === undefined) return;
    this.#world.free();
    this.#torque.free();
  }
}
