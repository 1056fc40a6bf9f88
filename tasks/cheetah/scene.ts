import { IDENTITY } from "../../sim/core/math/vector.js";
import { decodeSnapshot, encodeSnapshot } from "../../sim/snapshot.js";
import type { Pose, Scene, VisualBody } from "../../sim/task.js";
import { ColliderDesc, PhysicsWorld, physicsVersion, substepsPerControl } from "../../sim/world.js";
import { type CheetahBody, cheetahLinks, ZERO_POSE_HEIGHT } from "./layout.js";
import { CheetahRobot } from "./robot.js";
import { cheetahBodies } from "./visuals.js";

/** s. */
export const CONTROL_PERIOD = 0.05;
const PHYSICS_STEP = { timestep: 0.005, solverIterations: 8 } as const;
const FRICTION = 0.4;
/** Half extents of the ground, m; its top is at z = 0. An episode lasts 50 s. */
const GROUND = [1000, 4, 0.5] as const;
/** Half ranges of the random start: height and angles (m, rad), velocities (m/s, rad/s). */
const START = { pose: 0.1, velocity: 0.1 * Math.sqrt(3) } as const;

// Rapier's collision groups, membership in the upper half: links touch the ground, but not each other.
const GROUND_GROUPS = (0x1 << 16) | 0x2;
const LINK_GROUPS = (0x2 << 16) | 0x1;

/** A half-cheetah on flat ground. */
export class CheetahScene implements Scene {
  readonly bodies: readonly VisualBody[];
  readonly #identity: string;
  readonly #world: PhysicsWorld;
  readonly #robot: CheetahRobot;
  readonly #substeps: number;
  readonly #pristine: Uint8Array;
  /** Mean forward velocity of the last control step (m/s), pitch with its full turns (rad). */
  readonly #state = new Float64Array(2);
  readonly #motion = new Float64Array(17);

  constructor(body: CheetahBody) {
    const links = cheetahLinks(body);
    this.#identity = `cheetah/${body}, ${physicsVersion()}`;
    this.#substeps = substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP.timestep);
    this.#world = new PhysicsWorld({ gravity: [0, 0, -9.81], ...PHYSICS_STEP });
    const ground = ColliderDesc.cuboid(...GROUND).setTranslation(0, 0, -GROUND[2]);
    this.#world.rapier.createCollider(ground.setFriction(FRICTION).setCollisionGroups(GROUND_GROUPS));
    this.#robot = new CheetahRobot(this.#world, links, { friction: FRICTION, collisionGroups: LINK_GROUPS });
    this.bodies = cheetahBodies(links);
    this.#pristine = this.#world.snapshot();
  }

  /**
   * Zero pose with height, pitch and joint angles moved by up to ±0.1 and velocities of up to ±0.17: the spread of
   * the reference's start, whose velocities are normal with a deviation of 0.1.
   */
  reset(random: () => number): void {
    this.#world.restore(this.#pristine);
    const draw = (half: number): number => half * (2 * random() - 1);
    const height = ZERO_POSE_HEIGHT + draw(START.pose);
    const velocity = [draw(START.velocity), draw(START.velocity)] as const;
    const turns = this.#robot.handles.map(() => ({
      angle: draw(START.pose),
      velocity: draw(START.velocity),
    }));
    this.#robot.place({ height, velocity }, turns);
    this.#state.fill(0);
  }

  advance(action: ArrayLike<number>): void {
    const x = this.#robot.readX();
    this.#robot.drive(action);
    for (let i = 0; i < this.#substeps; i++) this.#world.step();
    this.#robot.readMotion(this.#motion);
    this.#state[1] = this.#fullPitch();
    this.#state[0] = (this.#robot.readX() - x) / CONTROL_PERIOD;
  }

  observe(out: Float32Array): void {
    this.#robot.readMotion(this.#motion);
    out[0] = this.#state[0];
    for (let i = 0; i < this.#motion.length; i++) out[1 + i] = this.#motion[i];
    out[2] = this.#fullPitch();
  }

  /** `distanceM` is how far the torso came since the start, `heightM` how high it is, `pitchDeg` how far it leans. */
  measure(): Readonly<Record<string, number>> {
    this.#robot.readMotion(this.#motion);
    return {
      distanceM: this.#robot.readX(),
      heightM: this.#motion[0],
      pitchDeg: (this.#motion[1] * 180) / Math.PI,
    };
  }

  bodyPose(index: number): Pose {
    if (this.bodies[index].fixed) return { position: [0, 0, 0], rotation: IDENTITY };
    return this.#robot.pose(index - 1);
  }

  snapshot(): Uint8Array {
    return encodeSnapshot(this.#identity, { controller: this.#state, world: this.#world.snapshot() });
  }

  restore(snapshot: Uint8Array): void {
    const { controller, world } = decodeSnapshot(this.#identity, snapshot);
    this.#world.restore(world);
    this.#state.set(controller);
  }

  close(): void {
    this.#world.close();
  }

  /** Largest separation of a joint's two anchors, m. */
  jointSeparation(): number {
    return this.#robot.jointSeparation();
  }

  /** The pitch last read, with the full turns made so far: a control step turns by less than half a turn. */
  #fullPitch(): number {
    const pitch = this.#motion[1];
    return pitch + 2 * Math.PI * Math.round((this.#state[1] - pitch) / (2 * Math.PI));
  }
}
