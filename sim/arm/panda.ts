import { axisAngle, normalize, type Quat, type Vec3 } from "../core/math/vector.js";

/** One link of the arm: its joint frame in the parent link, and its mass properties. */
export interface LinkData {
  /** Joint origin in the parent frame, m. */
  readonly offset: Vec3;
  /** Joint frame in the parent frame; the joint turns about its z axis. */
  readonly rotation: Quat;
  /** kg. */
  readonly mass: number;
  /** Centre of mass in the link frame, m. */
  readonly center: Vec3;
  /** Moment of inertia about the centre, the same about every axis, kg·m². */
  readonly inertia: number;
  /** rad. */
  readonly limits: readonly [low: number, high: number];
  /** N·m. */
  readonly maxTorque: number;
}

/** Mass properties in the frame of `hand`. */
export interface AttachedMass {
  readonly mass: number;
  readonly center: Vec3;
  readonly inertia: number;
}

const NONE: Quat = [0, 0, 0, 1];
const aboutX = (quarterTurns: number): Quat => axisAngle([1, 0, 0], (quarterTurns * Math.PI) / 2);

function link(
  offset: Vec3,
  rotation: Quat,
  mass: number,
  center: Vec3,
  inertia: number,
  limits: readonly [number, number],
  maxTorque: number,
): LinkData {
  return { offset, rotation, mass, center, inertia, limits, maxTorque };
}

/** Franka Panda with the offsets, masses, limits and torque limits of robosuite's `panda/robot.xml`. */
export const PANDA: readonly LinkData[] = [
  link([0, 0, 0.333], NONE, 3, [0, 0, -0.07], 0.3, [-2.8973, 2.8973], 80),
  link([0, 0, 0], aboutX(-1), 3, [0, -0.1, 0], 0.3, [-1.7628, 1.7628], 80),
  link([0, -0.316, 0], aboutX(1), 2, [0.04, 0, -0.05], 0.2, [-2.8973, 2.8973], 80),
  link([0.0825, 0, 0], aboutX(1), 2, [-0.04, 0.05, 0], 0.2, [-3.0718, -0.0698], 80),
  link([-0.0825, 0.384, 0], aboutX(-1), 2, [0, 0, -0.15], 0.2, [-2.8973, 2.8973], 80),
  link([0, 0, 0], aboutX(1), 1.5, [0.06, 0, 0], 0.1, [-0.0175, 3.7525], 12),
  link([0.088, 0, 0], aboutX(1), 0.5, [0, 0, 0.08], 0.05, [-2.8973, 2.8973], 12),
];

export const JOINTS = 7;

/** robosuite's initial joint angles, rad: the hand points down in front of the base. */
export const HOME_ANGLES: readonly number[] = [
  0,
  Math.PI / 16,
  0,
  -Math.PI / 2 - Math.PI / 3,
  0,
  Math.PI - 0.2,
  Math.PI / 4,
];

/** Frame of the hand in link 7, behind the flange. Its z axis points along the fingers, which slide along y. */
export const HAND = {
  offset: [0, 0, 0.1065] as Vec3,
  rotation: normalize([0, 0, -0.383, 0.924]),
  /** Where the finger tips meet, along the hand's z axis, m: the end-effector point. */
  gripDepth: 0.097,
  /** Half extents of the palm's collider, m, and its centre in the hand frame. */
  palm: { half: [0.032, 0.1, 0.033] as Vec3, center: [0, 0, 0.03] as Vec3 },
  masses: [
    { mass: 0.5, center: [0, 0, 0], inertia: 0.05 },
    { mass: 0.3, center: [0, 0, 0.17], inertia: 0.07 },
  ] as readonly AttachedMass[],
} as const;

export const FINGER = {
  /** Half extents of the pad, m: across, along the closing direction, along the finger. */
  half: [0.01, 0.006, 0.022] as Vec3,
  /** Depth of the pad's centre in the hand frame, m. */
  depth: 0.085,
  /** How far one finger opens, m. */
  travel: 0.04,
  /** Closing force, N. */
  maxForce: 20,
  mass: 0.11,
  inertia: [0.01, 0.01, 0.005] as Vec3,
  /** Inertia of a closed, fixed pair about its centre, kg·m². */
  fixedPair: { mass: 0.22, center: [0, 0, 0.1], inertia: 0.02 } as AttachedMass,
} as const;
