import { InputError } from "./core/errors.js";
import { IDENTITY } from "./core/math/vector.js";
import { bodyHandover, type ExtraState } from "./handover.js";
import { decodeSnapshot, encodeSnapshot } from "./snapshot.js";
import type { Pose, Scene, VisualBody } from "./task.js";
import type { PhysicsWorld } from "./world.js";

/** What a scene in a physics world has of its own; `createPhysicsScene` adds what all such scenes do alike. */
export interface SceneContent {
  /** Fixed bodies are in world coordinates. */
  readonly bodies: readonly VisualBody[];
  /**
   * Numbers that decide the future, or what is seen of it, and that the physics world does not hold, e.g. the whole
   * turns of an angle. A reset gives them back their first values; snapshots hold them in the order of their names here.
   */
  readonly extra: ExtraState;
  /**
   * Moves the world from its first state to the start of an episode drawn from `random`, a source of numbers in
   * [0, 1). Without it every episode starts from the first state.
   */
  readonly start?: ((random: () => number) => void) | undefined;
  /**
   * Names the bodies, where scenes of several tasks have the same ones: as many, made in the same order, joined at the same places of their
   * frames, with the same `extra`. Masses, inertias, shapes, frictions and dampings may differ. Such scenes take over from each other.
   */
  readonly family?: string;
  /** Applies an action `[U]` for one control period. */
  advance(action: ArrayLike<number>): void;
  /** Writes the observation `[X]`. */
  observe(out: Float32Array): void;
  /** Figures for people; see `Scene.measure`. */
  measure(): Readonly<Record<string, number>>;
  /** World pose of the body of this name; fixed ones are not asked for. */
  pose(name: string): Pose;
}

const ORIGIN: Pose = { position: [0, 0, 0], rotation: IDENTITY };

/**
 * A scene in a physics world: every reset returns to the state that the world has now, so that nothing of an episode
 * can outlive it; snapshots hold the world and the content's extra state.
 * @param identity names task and physics version: snapshots of scenes with another identity are refused
 * @param world with everything built; the scene closes it
 */
export function createPhysicsScene(identity: string, world: PhysicsWorld, content: SceneContent): Scene {
  const { bodies, extra } = content;
  const firstWorld = world.snapshot();
  const firstExtra = { ...extra };
  const begin = () => {
    world.restore(firstWorld);
    Object.assign(extra, firstExtra);
  };
  const { family } = content;
  return {
    bodies,
    reset(random) {
      begin();
      content.start?.(random);
    },
    advance: (action) => content.advance(action),
    observe: (out) => content.observe(out),
    measure: () => content.measure(),
    bodyPose(index) {
      const body = bodies[index];
      if (body === undefined) throw new RangeError(`Body ${index} of ${bodies.length}.`);
      return body.fixed ? ORIGIN : content.pose(body.name);
    },
    snapshot() {
      return encodeSnapshot(identity, {
        extra: Float64Array.from(Object.values(extra)),
        world: world.snapshot(),
      });
    },
    restore(snapshot) {
      const parts = decodeSnapshot(identity, snapshot);
      const restored = namedNumbers(Object.keys(extra), parts.extra);
      world.restore(parts.world);
      Object.assign(extra, restored);
    },
    ...(family !== undefined && { handover: bodyHandover(family, world, extra, begin) }),
    close: () => world.close(),
  };
}

/** @throws InputError unless there is one number for every name */
function namedNumbers(names: readonly string[], numbers: Float64Array): ExtraState {
  if (numbers.length !== names.length) {
    throw new InputError({
      what: "Cannot restore the scene snapshot",
      got: `${numbers.length} numbers beside the physics world`,
      expected: `${names.length} (${names.join(", ")})`,
      todo: "Restore a snapshot that the same version of the scene has made",
    });
  }
  return Object.fromEntries(names.map((name, i) => [name, numbers[i]!]));
}
