import { continueAngle } from "../../sim/core/math/angle.js";
import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import {
  ColliderDesc,
  collisionGroups,
  PhysicsWorld,
  physicsVersion,
  substepsPerControl,
} from "../../sim/world.js";
import { type CheetahBody, cheetahLinks, GROUND_HALF, ZERO_POSE_HEIGHT } from "./layout.js";
import { type CheetahMotion, CheetahRobot } from "./robot.js";
import { cheetahBodies } from "./visuals.js";

/** s. */
export const CONTROL_PERIOD = 0.05;
const PHYSICS_STEP = { timestep: 0.005, solverIterations: 8 } as const;
const FRICTION = 0.4;
/** Half ranges of the random start: height and angles (m, rad), velocities (m/s, rad/s). */
const START = { pose: 0.1, velocity: 0.1 * Math.sqrt(3) } as const;

const COLLISION = { ground: 0x1, link: 0x2 } as const;
// Links touch the ground, but not each other.
const GROUND_GROUPS = collisionGroups(COLLISION.ground, COLLISION.link);
const LINK_GROUPS = collisionGroups(COLLISION.link, COLLISION.ground);

/** A half-cheetah on flat ground. */
export function createCheetahScene(body: CheetahBody): Scene {
  const world = new PhysicsWorld({ gravity: [0, 0, -9.81], ...PHYSICS_STEP });
  return createPhysicsScene(`cheetah/${body}, ${physicsVersion()}`, world, new CheetahContent(world, body));
}

class CheetahContent implements SceneContent {
  readonly family = "cheetah";
  readonly bodies: readonly VisualBody[];
  /** Mean forward velocity of the last control step (m/s), pitch with its full turns (rad). */
  readonly extra = { forwardVelocity: 0, pitch: 0 };
  readonly #world: PhysicsWorld;
  readonly #robot: CheetahRobot;
  readonly #substeps = substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP.timestep);

  constructor(world: PhysicsWorld, body: CheetahBody) {
    const links = cheetahLinks(body);
    this.#world = world;
    const ground = ColliderDesc.cuboid(...GROUND_HALF).setTranslation(0, 0, -GROUND_HALF[2]);
    world.rapier.createCollider(ground.setFriction(FRICTION).setCollisionGroups(GROUND_GROUPS));
    this.#robot = new CheetahRobot(world, links, { friction: FRICTION, collisionGroups: LINK_GROUPS });
    this.bodies = cheetahBodies(links);
  }

  /**
   * Zero pose with height, pitch and joint angles moved by up to ±0.1 and velocities of up to ±0.17: the spread of
   * the reference's start, whose velocities are normal with a deviation of 0.1.
   */
  start(random: () => number): void {
    const draw = (half: number): number => half * (2 * random() - 1);
    const height = ZERO_POSE_HEIGHT + draw(START.pose);
    const velocity = [draw(START.velocity), draw(START.velocity)] as const;
    const drawTurn = () => ({ angle: draw(START.pose), velocity: draw(START.velocity) });
    const pitch = drawTurn();
    this.#robot.place({ height, velocity, pitch }, this.#robot.joints.map(drawTurn));
  }

  advance(action: ArrayLike<number>): void {
    const x = this.#robot.readX();
    this.#robot.drive(action);
    for (let i = 0; i < this.#substeps; i++) this.#world.step();
    this.extra.pitch = this.#fullPitch(this.#robot.readMotion());
    this.extra.forwardVelocity = (this.#robot.readX() - x) / CONTROL_PERIOD;
  }

  observe(out: Float32Array): void {
    const motion = this.#robot.readMotion();
    out.set([
      this.extra.forwardVelocity,
      motion.height,
      this.#fullPitch(motion),
      ...motion.jointAngles,
      motion.velocityX,
      motion.velocityZ,
      motion.pitchVelocity,
      ...motion.jointVelocities,
    ]);
  }

  /** `distanceM` is how far the torso came since the start, `heightM` how high it is, `pitchDeg` how far it leans. */
  measure(): Readonly<Record<string, number>> {
    const { height, pitch } = this.#robot.readMotion();
    return { distanceM: this.#robot.readX(), heightM: height, pitchDeg: (pitch * 180) / Math.PI };
  }

  pose(name: string): Pose {
    return this.#robot.pose(name);
  }

  /** The pitch with the full turns made so far: a control step turns by less than half a turn. */
  #fullPitch({ pitch }: CheetahMotion): number {
    return continueAngle(this.extra.pitch, pitch);
  }
}
