import { fromZAxis, length, multiply, type Quat, scale, sub, type Vec3, xyzw } from "../core/math/vector.js";
import { ColliderDesc, type Handle, type PhysicsWorld } from "../world.js";
import type { ArmFrames } from "./kinematics.js";

/** What a link is drawn as, and collides as: a tube with round ends, from the link's joint to the next one. */
export interface LinkTube {
  /** From the link's joint to the next, in the link's frame, which is aligned with the world at the reset pose; m. */
  readonly along: Vec3;
  /** m. */
  readonly radius: number;
}

const RADIUS = 0.055;
const WRIST = { links: 2, radius: 0.8 * RADIUS } as const;
/** Of links and palm. */
export const LINK_FRICTION = 0.5;

/** The tubes of all links `[7]`, given an arm's frames at the reset pose; the last one ends at the hand. */
export function linkTubes({ links, hand }: ArmFrames): LinkTube[] {
  return links.map(({ position }, i) => ({
    along: sub(links[i + 1]?.position ?? hand.position, position),
    radius: i + WRIST.links < links.length ? RADIUS : WRIST.radius,
  }));
}

/** Rapier's capsules lie along y: a quarter turn about x brings them to z. */
const Y_TO_Z: Quat = [Math.SQRT1_2, 0, 0, Math.SQRT1_2];

/** Lets links collide as they are drawn; their masses stay as they are. */
export function addTubes(
  world: PhysicsWorld,
  links: readonly Handle[],
  start: ArmFrames,
  collisionGroups: number,
): void {
  linkTubes(start).forEach(({ along, radius }, i) => {
    const reach = length(along);
    // A tube without length is the round end of its neighbour's.
    if (reach < 1e-6) return;
    const tube = ColliderDesc.capsule(reach / 2, radius)
      .setTranslation(...scale(along, 0.5))
      .setRotation(xyzw(multiply(fromZAxis(along), Y_TO_Z)));
    tube.setDensity(0).setFriction(LINK_FRICTION).setCollisionGroups(collisionGroups);
    world.rapier.createCollider(tube, world.body(links[i]!));
  });
}
