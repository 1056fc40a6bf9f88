import { angleFromHalf, continueAngle } from "../../sim/core/math/angle.js";
import { NO_ROTATION, xyz } from "../../sim/core/math/vector.js";
import { tuple } from "../../sim/core/tuple.js";
import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import {
  type Handle,
  JointData,
  PhysicsWorld,
  type PrismaticImpulseJoint,
  physicsVersion,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
  substepsPerControl,
} from "../../sim/world.js";
import { dampen, rod } from "../mechanics.js";
import { RAIL } from "./layout.js";
import { cartPoleBodies } from "./visuals.js";

/** s, as in PETS (two MuJoCo steps of 0.02 s). */
export const CONTROL_PERIOD = 0.04;
/** Force on the cart for an action of one, N. */
const FORCE = 100;
const PHYSICS_STEP = { timestep: 0.01, solverIterations: 4 } as const;
/** Masses and the rail's damping as in PETS' model, whose capsules weigh 1000 kg/m³: kg, kg/m, N·s/m. */
const CART_MASS = 10.5;
const POLE_DENSITY = 7.54;
const RAIL_DAMPING = 1;
/** N·m·s/rad. With PETS' 1 the shortest pole is so slow that planning found no way to swing it up. */
const HINGE_DAMPING = 0.1;
/** Half the width of the uniform start of cart position (m) and pole angle (rad). */
const START_SPREAD = 0.1;

/**
 * A cart on a rail along x with a pole of uniform density that turns freely about y. Nothing touches; joints hold it
 * all in the x-z plane. The pole's angle is 0 upright and grows toward +x, over as many turns as it makes.
 * @param length of the pole from hinge to tip, m
 */
export function createCartPoleScene(length: number): Scene {
  const world = new PhysicsWorld({ gravity: [0, 0, -9.81], ...PHYSICS_STEP });
  return createPhysicsScene(
    `cartpole/${length}, ${physicsVersion()}`,
    world,
    new CartPoleContent(world, length),
  );
}

class CartPoleContent implements SceneContent {
  readonly family = "cartpole";
  readonly bodies: readonly VisualBody[];
  /** Angle in rad: its whole turns are all that the world does not know. */
  readonly extra = { poleAngle: Math.PI };
  readonly #length: number;
  readonly #world: PhysicsWorld;
  readonly #cart: Handle;
  readonly #pole: Handle;
  readonly #substeps = substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP.timestep);

  constructor(world: PhysicsWorld, length: number) {
    this.#world = world;
    this.#length = length;
    this.#cart = addCart(world);
    this.#pole = addPole(world, this.#cart, length);
    this.bodies = cartPoleBodies(length);
  }

  /** The pole hangs at rest near the rail's middle. */
  start(random: () => number): void {
    const x = START_SPREAD * (2 * random() - 1);
    const angle = Math.PI + START_SPREAD * (2 * random() - 1);
    const hinge = xyz([x, 0, RAIL.height]);
    this.#world.body(this.#cart).setTranslation(hinge, true);
    this.#world.body(this.#pole).setTranslation(hinge, true);
    const rotation = { x: 0, y: Math.sin(angle / 2), z: 0, w: Math.cos(angle / 2) };
    this.#world.body(this.#pole).setRotation(rotation, true);
    this.#readAngle();
  }

  advance(action: ArrayLike<number>): void {
    const [force] = tuple(action, 1);
    const cart = this.#world.body(this.#cart);
    cart.resetForces(false);
    cart.addForce(xyz([FORCE * force, 0, 0]), false);
    for (let i = 0; i < this.#substeps; i++) {
      this.#world.step();
      // At every substep: a fast pole may turn by more than half a turn in a control step.
      this.#readAngle();
    }
  }

  observe(out: Float32Array): void {
    const cartVelocity = this.#world.body(this.#cart).linvel().x;
    const [, poleVelocity] = this.#world.angularVelocity(this.#pole);
    out.set([this.#cartPosition(), cartVelocity, this.extra.poleAngle, poleVelocity]);
  }

  /**
   * `tipErrorMm` is the distance of the pole's tip from its goal, upright above the rail's middle; `poleErrorDeg` the
   * angle from upright; `cartErrorMm` the cart's distance from the middle.
   */
  measure(): Readonly<Record<string, number>> {
    const x = this.#cartPosition();
    const angle = continueAngle(0, this.extra.poleAngle);
    const across = x + this.#length * Math.sin(angle);
    const short = this.#length * (1 - Math.cos(angle));
    return {
      tipErrorMm: Math.hypot(across, short) * 1e3,
      poleErrorDeg: (Math.abs(angle) * 180) / Math.PI,
      cartErrorMm: Math.abs(x) * 1e3,
    };
  }

  pose(name: string): Pose {
    return this.#world.pose(name === "cart" ? this.#cart : this.#pole);
  }

  /** m from the rail's middle. */
  #cartPosition(): number {
    return this.#world.position(this.#cart)[0];
  }

  #readAngle(): void {
    const [, y, , w] = this.#world.rotation(this.#pole);
    this.extra.poleAngle = continueAngle(this.extra.poleAngle, angleFromHalf(y, w));
  }
}

function addCart({ rapier }: PhysicsWorld): Handle {
  const rail = rapier.createRigidBody(RigidBodyDesc.fixed().setTranslation(0, 0, RAIL.height));
  const cart = rapier.createRigidBody(
    RigidBodyDesc.dynamic()
      .setTranslation(0, 0, RAIL.height)
      .setCanSleep(false)
      .setAdditionalMassProperties(CART_MASS, xyz([0, 0, 0]), xyz([0.1, 0.1, 0.1]), NO_ROTATION),
  );
  const data = JointData.prismatic(xyz([0, 0, 0]), xyz([0, 0, 0]), xyz([1, 0, 0]));
  const joint = rapier.createImpulseJoint(data, rail, cart, true) as PrismaticImpulseJoint;
  joint.setLimits(-RAIL.half, RAIL.half);
  dampen(joint, RAIL_DAMPING);
  return cart.handle;
}

/** A rod whose frame's origin is the hinge. */
function addPole({ rapier }: PhysicsWorld, cart: Handle, length: number): Handle {
  const pole = rapier.createRigidBody(rod(POLE_DENSITY, length, "z").setTranslation(0, 0, RAIL.height));
  const data = JointData.revolute(xyz([0, 0, 0]), xyz([0, 0, 0]), xyz([0, 1, 0]));
  const joint = rapier.createImpulseJoint(
    data,
    rapier.getRigidBody(cart),
    pole,
    true,
  ) as RevoluteImpulseJoint;
  dampen(joint, HINGE_DAMPING);
  return pole.handle;
}
