import { factor, solve } from "../core/math/cholesky.js";
import {
  add,
  axisAngle,
  cross,
  length,
  multiply,
  type Quat,
  rotate,
  rotationBetween,
  sub,
  type Vec3,
} from "../core/math/vector.js";
import type { Pose } from "../task.js";
import { HAND, HOME_ANGLES, JOINTS, PANDA } from "./panda.js";

interface LinkFrame extends Pose {
  /** The joint's axis in the world frame. */
  readonly axis: Vec3;
}

/** World frames of an arm at given joint angles. */
export interface ArmFrames {
  /** `[7]`. */
  readonly links: readonly LinkFrame[];
  readonly hand: Pose;
  /** The point where the finger tips meet, with the hand's orientation. */
  readonly endEffector: Pose;
}

/** Forward kinematics of joint angles `[7]` (rad) from a base pose. */
export function forwardKinematics(angles: ArrayLike<number>, base: Pose): ArmFrames {
  let position: Vec3 = base.position;
  let rotation: Quat = base.rotation;
  const links = PANDA.map((data, i) => {
    position = add(position, rotate(rotation, data.offset));
    rotation = multiply(rotation, data.rotation);
    const axis = rotate(rotation, [0, 0, 1]);
    rotation = multiply(rotation, axisAngle([0, 0, 1], angles[i]!));
    return { position, rotation, axis };
  });
  const hand: Pose = {
    position: add(position, rotate(rotation, HAND.offset)),
    rotation: multiply(rotation, HAND.rotation),
  };
  const tip = rotate(hand.rotation, [0, 0, HAND.gripDepth]);
  return { links, hand, endEffector: { position: add(hand.position, tip), rotation: hand.rotation } };
}

/** Geometric Jacobian of the end effector `[6, 7]`, row-major: 3 rows of linear, 3 of angular velocity. */
export function jacobian(frames: ArmFrames): Float64Array {
  const out = new Float64Array(6 * JOINTS);
  frames.links.forEach((link, i) => {
    const linear = cross(link.axis, sub(frames.endEffector.position, link.position));
    for (let r = 0; r < 3; r++) {
      out[r * JOINTS + i] = linear[r]!;
      out[(r + 3) * JOINTS + i] = link.axis[r]!;
    }
  });
  return out;
}

export interface InverseOptions {
  /** Where the search starts, rad. */
  readonly start?: readonly number[];
  readonly iterations?: number;
  /** Distance kept from the joint limits, rad. */
  readonly margin?: number;
  /** What the null space pulls toward, rad; the home posture unless given. */
  readonly posture?: readonly number[];
}

/** How far a pose may be from one that was asked for: m, and rad. */
const REACHED = { position: 1e-3, rotation: 0.02 } as const;

/** The joint angles of `inverseKinematics` where they bring the end effector to `target`; undefined where nothing does. */
export function reachingAngles(target: Pose, base: Pose, options?: InverseOptions): Float64Array | undefined {
  const angles = inverseKinematics(target, base, options);
  const { position, rotation } = forwardKinematics(angles, base).endEffector;
  const isNear = length(sub(target.position, position)) <= REACHED.position;
  return isNear && length(rotationBetween(rotation, target.rotation)) <= REACHED.rotation
    ? angles
    : undefined;
}

const DAMPING = 0.02;
const POSTURE_GAIN = 0.01;

/**
 * Joint angles `[7]` (rad) that bring the end effector to `target`, by damped least squares with a pull toward a
 * posture in the null space. The search starts at the home posture and never leaves the joint limits; where
 * they are in the way the result misses the target, so check it with `forwardKinematics`.
 */
export function inverseKinematics(target: Pose, base: Pose, options: InverseOptions = {}): Float64Array {
  const { start = HOME_ANGLES, iterations = 300, margin = 0.01, posture = HOME_ANGLES } = options;
  const angles = Float64Array.from(start);
  for (let k = 0; k < iterations; k++) {
    const frames = forwardKinematics(angles, base);
    const e = frames.endEffector;
    const error = [...sub(target.position, e.position), ...rotationBetween(e.rotation, target.rotation)];
    const pull = posture.map((angle, i) => POSTURE_GAIN * (angle - angles[i]!));
    const change = dampedStep(jacobian(frames), error, pull);
    for (let i = 0; i < JOINTS; i++) {
      const [low, high] = PANDA[i]!.limits;
      angles[i] = Math.min(Math.max(angles[i]! + change[i]!, low + margin), high - margin);
    }
  }
  return angles;
}

/** Jᵀ (J Jᵀ + λ²)⁻¹ (error - J pull) + pull. */
function dampedStep(j: Float64Array, error: readonly number[], pull: readonly number[]): Float64Array {
  const a = new Float64Array(36);
  const rhs = Float64Array.from(error);
  for (let r = 0; r < 6; r++) {
    for (let c = 0; c <= r; c++) {
      let s = r === c ? DAMPING * DAMPING : 0;
      for (let i = 0; i < JOINTS; i++) s += j[r * JOINTS + i]! * j[c * JOINTS + i]!;
      a[r * 6 + c] = s;
    }
    for (let i = 0; i < JOINTS; i++) rhs[r]! -= j[r * JOINTS + i]! * pull[i]!;
  }
  factor(a, 6);
  solve(a, 6, rhs);
  return Float64Array.from(pull, (p, i) => {
    let s = p;
    for (let r = 0; r < 6; r++) s += j[r * JOINTS + i]! * rhs[r]!;
    return s;
  });
}
