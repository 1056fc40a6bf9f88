import type { Vec3 } from "../../sim/core/math/vector.js";

/** A capsule in the plane y = 0 of its link's frame. */
interface Capsule {
  /** Centre, m. */
  readonly center: Vec3;
  /** Turn of the capsule's axis from z about +y, rad. */
  readonly angle: number;
  readonly radius: number;
  /** Half the length of the straight part, m. */
  readonly half: number;
  readonly mass: number;
}

/** The hinge about +y that holds a link to its parent, at the origin of the link's frame. */
export interface Hinge {
  /** Index of the parent among all links, 0 for the torso. */
  readonly parent: number;
  /** In the parent's frame, m. */
  readonly anchor: Vec3;
  /** rad. */
  readonly limits: readonly [low: number, high: number];
  /** N·m·s/rad. */
  readonly damping: number;
  /** Spring toward zero, N·m/rad. */
  readonly stiffness: number;
  /** Torque of an action of 1, N·m. */
  readonly gear: number;
}

export interface CheetahLink {
  readonly name: string;
  readonly capsules: readonly Capsule[];
}

/** A link of a leg. */
interface JointedLink extends CheetahLink {
  readonly hinge: Hinge;
}

export type CheetahLinks = readonly [torso: CheetahLink, ...legs: JointedLink[]];

/** The five bodies of HyperCRL's half-cheetah tasks, in their order. */
export const CHEETAH_BODIES = ["default", "big-torso", "big-thigh", "big-leg", "big-foot"] as const;
export type CheetahBody = (typeof CHEETAH_BODIES)[number];

/** Height of the torso's frame in the zero pose, m. */
export const ZERO_POSE_HEIGHT = 0.7;
/** Half extents of the ground, m; its top is at z = 0. An episode lasts 50 s. */
export const GROUND_HALF: Vec3 = [1000, 4, 0.5];
/** Factor of mass and size of the changed part. */
const BIG = 1.25;
/** Mass of the default body, kg. */
const TOTAL_MASS = 14;
const RADIUS = 0.046;

type Shape = readonly [x: number, z: number, angle: number, half: number];

const SHAPES = {
  torso: [0, 0, Math.PI / 2, 0.5],
  head: [0.6, 0.1, 0.87, 0.15],
  backThigh: [0.1, -0.13, -3.8, 0.145],
  backShin: [-0.14, -0.07, -2.03, 0.15],
  backFoot: [0.03, -0.097, -0.27, 0.094],
  frontThigh: [-0.07, -0.12, 0.52, 0.133],
  frontShin: [0.065, -0.09, -0.6, 0.106],
  frontFoot: [0.045, -0.07, -0.6, 0.07],
} as const satisfies Readonly<Record<string, Shape>>;
type Part = keyof typeof SHAPES;

const volume = (radius: number, half: number): number =>
  Math.PI * radius * radius * (2 * half + (4 / 3) * radius);
const DENSITY =
  TOTAL_MASS / Object.values(SHAPES).reduce((sum, [, , , half]) => sum + volume(RADIUS, half), 0);

const BIG_PARTS: Readonly<Record<CheetahBody, readonly Part[]>> = {
  default: [],
  "big-torso": ["torso"],
  "big-thigh": ["backThigh", "frontThigh"],
  "big-leg": ["backShin", "frontShin"],
  "big-foot": ["backFoot", "frontFoot"],
};

function hinge(
  parent: number,
  [x, z]: readonly [number, number],
  limits: readonly [number, number],
  damping: number,
  stiffness: number,
  gear: number,
): Hinge {
  return { parent, anchor: [x, 0, z], limits, damping, stiffness, gear };
}

/**
 * Torso, then the back and the front leg from thigh to foot, with the geometry, masses, springs, dampings, limits
 * and gears of Gymnasium's `half_cheetah.xml`. A big part has its mass, its radius and its length times 1.25; the
 * torso keeps its length, because its ends are the hips. Joints stay where they are.
 */
export function cheetahLinks(body: CheetahBody): CheetahLinks {
  const capsule = (part: Part): Capsule => {
    const [x, z, angle, half] = SHAPES[part];
    const size = BIG_PARTS[body].includes(part) ? BIG : 1;
    return {
      center: [x, 0, z],
      angle,
      radius: RADIUS * size,
      half: part === "torso" ? half : half * size,
      mass: DENSITY * volume(RADIUS, half) * size,
    };
  };
  const link = (part: Part, joint: Hinge): JointedLink => ({
    name: part,
    capsules: [capsule(part)],
    hinge: joint,
  });
  return [
    { name: "torso", capsules: [capsule("torso"), capsule("head")] },
    link("backThigh", hinge(0, [-0.5, 0], [-0.52, 1.05], 6, 240, 120)),
    link("backShin", hinge(1, [0.16, -0.25], [-0.785, 0.785], 4.5, 180, 90)),
    link("backFoot", hinge(2, [-0.28, -0.14], [-0.4, 0.785], 3, 120, 60)),
    link("frontThigh", hinge(0, [0.5, 0], [-1, 0.7], 4.5, 180, 120)),
    link("frontShin", hinge(4, [-0.14, -0.24], [-1.2, 0.87], 3, 120, 60)),
    link("frontFoot", hinge(5, [0.13, -0.18], [-0.5, 0.5], 1.5, 60, 30)),
  ];
}
