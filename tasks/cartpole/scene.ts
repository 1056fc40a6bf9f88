import { angleFromHalf, continueAngle } from "../../sim/core/math/angle.js";
import { IDENTITY } from "../../sim/core/math/vector.js";
import { decodeSnapshot, encodeSnapshot } from "../../sim/snapshot.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import {
  type Handle,
  JointData,
  MotorModel,
  PhysicsWorld,
  type PrismaticImpulseJoint,
  physicsVersion,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
  substepsPerControl,
} from "../../sim/world.js";
import { cartPoleBodies, RAIL } from "./visuals.js";

/** s, as in PETS (two MuJoCo steps of 0.02 s). */
export const CONTROL_PERIOD = 0.04;
/** Force on the cart for an action of one, N. */
const FORCE = 100;
const PHYSICS_STEP = 0.01;
const SOLVER_ITERATIONS = 4;
/** Masses and the rail's damping as in PETS' model, whose capsules weigh 1000 kg/m³: kg, kg/m, N·s/m. */
const CART_MASS = 10.5;
const POLE_DENSITY = 7.54;
const RAIL_DAMPING = 1;
/** N·m·s/rad. With PETS' 1 the shortest pole is so slow that planning found no way to swing it up. */
const HINGE_DAMPING = 0.1;
/** Half the width of the uniform start of cart position (m) and pole angle (rad). */
const START_SPREAD = 0.1;

const vector = (x: number, y: number, z: number) => ({ x, y, z });
const NO_ROTATION = { x: 0, y: 0, z: 0, w: 1 };

/**
 * A cart on a rail along x with a pole of uniform density that turns freely about y. Nothing touches; joints hold it
 * all in the x-z plane. The pole's angle is 0 upright and grows toward +x, over as many turns as it makes.
 */
export class CartPoleScene implements Scene {
  readonly bodies: readonly VisualBody[];
  readonly #identity: string;
  readonly #length: number;
  readonly #world: PhysicsWorld;
  readonly #cart: Handle;
  readonly #pole: Handle;
  readonly #pristine: Uint8Array;
  readonly #substeps = substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP);
  /** Pole angle, rad: the whole turns are all that the world does not know. */
  readonly #angle = new Float64Array(1);
  readonly #vector = new Float32Array(3);
  readonly #rotation = new Float32Array(4);

  /** @param length of the pole from hinge to tip, m */
  constructor(length: number) {
    this.#identity = `cartpole/${length}, ${physicsVersion()}`;
    this.#length = length;
    this.#world = new PhysicsWorld({
      gravity: [0, 0, -9.81],
      timestep: PHYSICS_STEP,
      solverIterations: SOLVER_ITERATIONS,
    });
    this.#cart = addCart(this.#world);
    this.#pole = addPole(this.#world, this.#cart, length);
    this.bodies = cartPoleBodies(length);
    this.#pristine = this.#world.snapshot();
  }

  /** The pole hangs at rest near the rail's middle. */
  reset(random: () => number): void {
    this.#world.restore(this.#pristine);
    const x = START_SPREAD * (2 * random() - 1);
    const angle = Math.PI + START_SPREAD * (2 * random() - 1);
    const at = vector(x, 0, RAIL.height);
    this.#world.body(this.#cart).setTranslation(at, true);
    this.#world.body(this.#pole).setTranslation(at, true);
    const rotation = { x: 0, y: Math.sin(angle / 2), z: 0, w: Math.cos(angle / 2) };
    this.#world.body(this.#pole).setRotation(rotation, true);
    this.#angle[0] = Math.PI;
    this.#readAngle();
  }

  advance(action: ArrayLike<number>): void {
    const cart = this.#world.body(this.#cart);
    cart.resetForces(false);
    cart.addForce(vector(FORCE * action[0], 0, 0), false);
    for (let i = 0; i < this.#substeps; i++) {
      this.#world.step();
      // At every substep: a fast pole may turn by more than half a turn in a control step.
      this.#readAngle();
    }
  }

  observe(out: Float32Array): void {
    this.#world.readPosition(this.#cart, this.#vector);
    out[0] = this.#vector[0];
    out[1] = this.#world.body(this.#cart).linvel().x;
    out[2] = this.#angle[0];
    this.#world.readAngularVelocity(this.#pole, this.#vector);
    out[3] = this.#vector[1];
  }

  /**
   * `tipErrorMm` is the distance of the pole's tip from its goal, upright above the rail's middle; `poleErrorDeg` the
   * angle from upright; `cartErrorMm` the cart's distance from the middle.
   */
  measure(): Readonly<Record<string, number>> {
    this.#world.readPosition(this.#cart, this.#vector);
    const x = this.#vector[0];
    const angle = continueAngle(0, this.#angle[0]);
    const across = x + this.#length * Math.sin(angle);
    const short = this.#length * (1 - Math.cos(angle));
    return {
      tipErrorMm: Math.hypot(across, short) * 1e3,
      poleErrorDeg: (Math.abs(angle) * 180) / Math.PI,
      cartErrorMm: Math.abs(x) * 1e3,
    };
  }

  bodyPose(index: number): Pose {
    const { name, fixed } = this.bodies[index];
    if (fixed) return { position: [0, 0, 0], rotation: IDENTITY };
    return this.#world.pose(name === "cart" ? this.#cart : this.#pole);
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.#identity, { controller: this.#angle, world: this.#world.snapshot() });
  }

  restore(snapshot: Uint8Array): void {
    const { controller, world } = decodeSnapshot(this.#identity, snapshot);
    this.#world.restore(world);
    this.#angle.set(controller);
  }

  close(): void {
    this.#world.close();
  }

  #readAngle(): void {
    this.#world.readRotation(this.#pole, this.#rotation);
    const wrapped = angleFromHalf(this.#rotation[1], this.#rotation[3]);
    this.#angle[0] = continueAngle(this.#angle[0], wrapped);
  }
}

function addCart({ rapier }: PhysicsWorld): Handle {
  const rail = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, RAIL.height));
  const cart = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(0, 0, RAIL.height)
      .setCanSleep(false)
      .setAdditionalMassProperties(CART_MASS, vector(0, 0, 0), vector(0.1, 0.1, 0.1), NO_ROTATION),
  );
  const data = JointData.prismatic(vector(0, 0, 0), vector(0, 0, 0), vector(1, 0, 0));
  const joint = rapier.createImpulseJoint(data, rail, cart, true) as PrismaticImpulseJoint;
  joint.setLimits(-RAIL.half, RAIL.half);
  joint.configureMotorModel(MotorModel.ForceBased);
  joint.configureMotorVelocity(0, RAIL_DAMPING);
  return cart.handle;
}

/** A thin rod, whose inertia about its middle is m l² / 12; the frame's origin is the hinge. */
function addPole({ rapier }: PhysicsWorld, cart: Handle, length: number): Handle {
  const mass = POLE_DENSITY * length;
  const across = (mass * length * length) / 12;
  const pole = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(0, 0, RAIL.height)
      .setCanSleep(false)
      .setAdditionalMassProperties(
        mass,
        vector(0, 0, length / 2),
        // A rod without thickness has no inertia along itself; joints keep it from turning that way.
        vector(across, across, 0.1 * across),
        NO_ROTATION,
      ),
  );
  const data = JointData.revolute(vector(0, 0, 0), vector(0, 0, 0), vector(0, 1, 0));
  const joint = rapier.createImpulseJoint(
    data,
    rapier.getRigidBody(cart),
    pole,
    true,
  ) as RevoluteImpulseJoint;
  joint.configureMotorModel(MotorModel.ForceBased);
  joint.configureMotorVelocity(0, HINGE_DAMPING);
  return pole.handle;
}
