import { UsageError } from "./core/errors.js";
import {
  add,
  cross,
  type Quat,
  quatAt,
  rotate,
  sub,
  type Vec3,
  vec3At,
  xyz,
  xyzw,
} from "./core/math/vector.js";
import type { Handover, SceneMotion } from "./task.js";
import type { PhysicsWorld, RigidBody } from "./world.js";

/** Numbers by name, which their owner changes as the simulation goes on. */
export type ExtraState = Record<string, number>;

/** Position, quaternion, velocity of the frame's origin and angular velocity of a body. */
const PER_BODY = 13;

/**
 * Lets a scene take over from another one with the same bodies: every body has the place, the heading and the velocity field that its
 * counterpart had. A body is known by the velocity v of its centre of mass c, which lies elsewhere where the masses differ, so what is
 * handed over is the velocity of the frame's origin o, v - ω × (c - o), and back. Forces of contacts and joints, which a solver begins its
 * search with, are not handed over: it finds them anew in the first physics step.
 * @param world with bodies in their first state; those that are not dynamic stay where they are
 * @param extra numbers beside the world, handed over too
 * @param begin brings world and extra numbers back into their first state
 */
export function bodyHandover(
  family: string,
  world: PhysicsWorld,
  extra: ExtraState,
  begin: () => void,
): Handover {
  const bodies = dynamicBodies(world).map(({ handle }) => handle);
  const names = Object.keys(extra);
  const length = bodies.length * PER_BODY + names.length;
  return {
    read: () => ({
      family,
      numbers: Float64Array.from([
        ...bodies.flatMap((handle) => motionOf(world.body(handle))),
        ...names.map((name) => extra[name]!),
      ]),
    }),
    take(motion) {
      checkFamily(family, length, motion);
      begin();
      for (const [i, handle] of bodies.entries()) move(world.body(handle), motion.numbers, i * PER_BODY);
      for (const [i, name] of names.entries()) extra[name] = motion.numbers[bodies.length * PER_BODY + i]!;
    },
  };
}

function dynamicBodies({ rapier }: PhysicsWorld): RigidBody[] {
  const found: RigidBody[] = [];
  rapier.forEachRigidBody((body) => {
    if (body.isDynamic()) found.push(body);
  });
  return found;
}

/** Numbers of a body, `PER_BODY` of them. */
function motionOf(body: RigidBody): number[] {
  const [position, rotation] = [body.translation(), body.rotation()];
  const spin = vectorOf(body.angvel());
  const velocity = sub(vectorOf(body.linvel()), cross(spin, centerSeen(body, quaternionOf(rotation))));
  return [...vectorOf(position), ...quaternionOf(rotation), ...velocity, ...spin];
}

function move(body: RigidBody, numbers: Float64Array, at: number): void {
  const rotation = quatAt(numbers, at + 3);
  const spin = vec3At(numbers, at + 10);
  body.setTranslation(xyz(vec3At(numbers, at)), true);
  body.setRotation(xyzw(rotation), true);
  // Until a world's first step, masses of colliders do not count.
  body.recomputeMassPropertiesFromColliders();
  body.setLinvel(xyz(add(vec3At(numbers, at + 7), cross(spin, centerSeen(body, rotation)))), true);
  body.setAngvel(xyz(spin), true);
}

/** From the frame's origin to the centre of mass, along the world's axes, m. */
function centerSeen(body: RigidBody, rotation: Quat): Vec3 {
  return rotate(rotation, vectorOf(body.localCom()));
}

const vectorOf = ({ x, y, z }: { x: number; y: number; z: number }): Vec3 => [x, y, z];
const quaternionOf = ({ x, y, z, w }: { x: number; y: number; z: number; w: number }): Quat => [x, y, z, w];

/** @throws UsageError when a scene of one family cannot take over from one of another */
function checkFamily(family: string, length: number, motion: SceneMotion): void {
  if (motion.family === family && motion.numbers.length === length) return;
  throw new UsageError({
    what: "A scene cannot go on from the state of another one",
    got: `${motion.numbers.length} numbers of ${motion.family}`,
    expected: `${length} numbers of ${family}`,
    todo: "Change between tasks whose scenes have the same bodies",
  });
}
