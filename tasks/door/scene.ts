import { Arm } from "../../sim/arm/arm.js";
import { MAX_ROTATION, MAX_TRANSLATION, OperationalSpaceController } from "../../sim/arm/controller.js";
import { reachingAngles } from "../../sim/arm/kinematics.js";
import { FINGER } from "../../sim/arm/panda.js";
import { canonical, fromRotationVector } from "../../sim/core/math/rotation.js";
import {
  add,
  conjugate,
  IDENTITY,
  multiply,
  rotate,
  scale,
  sub,
  type Vec3,
} from "../../sim/core/math/vector.js";
import { tuple } from "../../sim/core/tuple.js";
import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import { collisionGroups, PhysicsWorld, physicsVersion, substepsPerControl } from "../../sim/world.js";
import { between, firstPossible, type Random } from "../varied-starts.js";
import { type DoorKind, GRASP_ROTATION, graspPose, OPEN_ANGLE, turnSign, VARIED_START } from "./layout.js";
import { DoorMechanism } from "./mechanism.js";
import { ARM_BASE, START_ANGLES } from "./start.js";
import { doorBodies } from "./visuals.js";

/** s. */
export const DOOR_CONTROL_PERIOD = 0.1;
const PHYSICS_STEP = { timestep: 0.01, solverIterations: 8 } as const;
const FINGER_FRICTION = 2;

const COLLISION = { arm: 0x2, door: 0x4 } as const;
// The arm meets leaf, handle and frame, which do not meet each other.
const ARM_GROUPS = collisionGroups(COLLISION.arm, COLLISION.door);
const DOOR_GROUPS = collisionGroups(COLLISION.door, COLLISION.arm);

/**
 * Arm with a two-finger gripper before a door. Every episode starts from the same pose, unless starts are to vary. Goals of
 * the controller are renewed from the arm's pose at each control step.
 * @param name of the task, for refusing other tasks' snapshots
 */
export function createDoorScene(name: string, kind: DoorKind, variedStarts = false): Scene {
  const world = new PhysicsWorld({ gravity: [0, 0, -9.81], ...PHYSICS_STEP });
  const identity = `door/${name} with links that collide and a damped reach, ${physicsVersion()}`;
  return createPhysicsScene(identity, world, new DoorContent(world, kind, variedStarts));
}

class DoorContent implements SceneContent {
  readonly bodies: readonly VisualBody[];
  /** At the ends of the episode's control steps, rad. */
  readonly extra = { largestDoorAngle: 0 };
  readonly start: SceneContent["start"];
  readonly #kind: DoorKind;
  readonly #world: PhysicsWorld;
  readonly #arm: Arm;
  readonly #controller = new OperationalSpaceController(START_ANGLES);
  readonly #mechanism: DoorMechanism;
  readonly #substeps = substepsPerControl(DOOR_CONTROL_PERIOD, PHYSICS_STEP.timestep);

  constructor(world: PhysicsWorld, kind: DoorKind, variedStarts: boolean) {
    this.#world = world;
    this.#kind = kind;
    this.#mechanism = new DoorMechanism(world, kind, DOOR_GROUPS);
    this.#arm = new Arm(world, {
      base: ARM_BASE,
      startAngles: START_ANGLES,
      gripper: "active",
      fingerFriction: FINGER_FRICTION,
      collisionGroups: ARM_GROUPS,
      linksCollide: true,
    });
    this.#arm.setOpening(FINGER.travel);
    this.bodies = doorBodies(this.#arm.start, kind);
    if (variedStarts) this.start = (random) => this.#startAnywhere(random);
  }

  /** A door that is closed or ajar, a handle that is turned or not, and the open gripper before it. */
  #startAnywhere(random: Random): void {
    const { changed, doorAngle, handleAngle, back, aside } = VARIED_START;
    firstPossible(() => {
      const ajar = random() < changed;
      const turned = random() < changed && !ajar && this.#kind.handle !== "pull";
      const door = ajar ? between(random, doorAngle) : 0;
      const handle = turned ? between(random, handleAngle) : 0;
      // Level, as at the published start, whatever the handle's turn.
      const { position } = graspPose(this.#kind, door, turnSign(this.#kind) * handle);
      const { rotation } = graspPose(this.#kind, door, 0);
      const away: Vec3 = [between(random, aside), between(random, aside), -between(random, back)];
      const target = { position: add(position, rotate(rotation, away)), rotation };
      const angles = reachingAngles(
        target,
        { position: ARM_BASE, rotation: IDENTITY },
        { start: START_ANGLES, posture: START_ANGLES },
      );
      if (angles === undefined) return false;
      this.#arm.place(angles);
      this.#mechanism.place(door, handle);
      return true;
    });
  }

  advance(action: ArrayLike<number>): void {
    const [dx, dy, dz, turnX, turnY, turnZ, closing] = tuple(action, 7);
    const end = this.#arm.readEnd();
    const goal = add(end.position, scale([dx, dy, dz], MAX_TRANSLATION));
    const change = fromRotationVector(scale([turnX, turnY, turnZ], MAX_ROTATION));
    const rotation = multiply(change, end.rotation);
    this.#arm.setOpening((FINGER.travel * (1 - closing)) / 2);
    for (let i = 0; i < this.#substeps; i++) {
      this.#controller.update(this.#arm.read(), goal, rotation);
      this.#arm.applyTorques(this.#controller.torque);
      this.#mechanism.updateLatch();
      this.#world.step();
    }
    const { doorAngle } = this.#mechanism.state();
    this.extra.largestDoorAngle = Math.max(this.extra.largestDoorAngle, doorAngle);
  }

  observe(out: Float32Array): void {
    const { angles, velocities } = this.#arm.read();
    const end = this.#arm.readEnd();
    const grasp = this.#mechanism.grasp();
    const back = conjugate(grasp.rotation);
    const gripperInHandle = rotate(back, sub(end.position, grasp.position));
    // As seen from a hand that holds the handle as it should.
    const gripperTurn = canonical(multiply(conjugate(GRASP_ROTATION), multiply(back, end.rotation)));
    const { doorVelocity, handleVelocity, doorAngle, handleAngle } = this.#mechanism.state();
    out.set([
      ...gripperInHandle,
      ...gripperTurn,
      this.#arm.fingerOpening(),
      ...angles,
      ...velocities,
      doorVelocity,
      handleVelocity,
      doorAngle,
      handleAngle,
    ]);
  }

  /**
   * `doorAngle` (from closed), `largestDoorAngle` of the episode so far and `handleAngle` (signed), rad; `heldOpen` is 1
   * where the door is open now by as much as counts as opened, else 0.
   */
  measure(): Readonly<Record<string, number>> {
    const { doorAngle, handleAngle } = this.#mechanism.state();
    const { largestDoorAngle } = this.extra;
    return { heldOpen: doorAngle >= OPEN_ANGLE ? 1 : 0, doorAngle, largestDoorAngle, handleAngle };
  }

  pose(name: string): Pose {
    return this.#mechanism.pose(name) ?? this.#arm.pose(name);
  }
}
