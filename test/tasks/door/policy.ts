import { MAX_ROTATION, MAX_TRANSLATION } from "../../../sim/arm/controller.js";
import {
  add,
  multiply,
  type Quat,
  rotate,
  rotationBetween,
  sub,
  type Vec3,
} from "../../../sim/core/math/vector.js";
import type { Pose } from "../../../sim/task.js";
import { type DoorKind, GRASP_ROTATION, graspPose, turnSign } from "../../../tasks/door/layout.js";

/** What the motion does; every figure in rad. */
export interface DoorScript {
  readonly turn: number;
  readonly open: number;
  /** False leaves the fingers open. */
  readonly grasp: boolean;
}

export const OPENING: DoorScript = { turn: 0.95, open: 0.5, grasp: true };

const PHASES = { reach: 24, close: 6, turn: 25, pull: 45 } as const;
const STEPS = PHASES.reach + PHASES.close + PHASES.turn + PHASES.pull;

/** Where the gripper should be at step `k`, and whether it should be closed. */
function goal(door: DoorKind, { turn, open, grasp }: DoorScript, k: number): Pose & { closed: boolean } {
  const part = (from: number, length: number): number => Math.min(Math.max((k - from + 1) / length, 0), 1);
  const turning = PHASES.reach + PHASES.close;
  const turned = door.handle === "pull" ? 0 : turnSign(door) * turn * part(turning, PHASES.turn);
  const opened = open * part(turning + PHASES.turn, PHASES.pull);
  const { position, rotation } = graspPose(door, opened, turned);
  // First to a place in front of the handle, then straight on, so that no finger meets it from the side.
  const back = k < PHASES.reach / 2 ? 0.1 : 0;
  return { position: add(position, [-back, 0, 0]), rotation, closed: grasp && k >= PHASES.reach };
}

/** Pose of the gripper in the world, from nothing but the observation and the door's geometry. */
function gripperPose(door: DoorKind, observation: ArrayLike<number>): Pose {
  const at = (i: number): number => observation[i]!;
  const grasp = graspPose(door, at(24), at(25));
  const seen: Quat = [at(3), at(4), at(5), at(6)];
  const [x, y, z, w] = GRASP_ROTATION;
  const handle = multiply(grasp.rotation, [-x, -y, -z, w]);
  const offset = rotate(handle, [at(0), at(1), at(2)]);
  return { position: add(grasp.position, offset), rotation: multiply(grasp.rotation, seen) };
}

/** Action `[7]` of a scripted motion that reaches for the handle, grasps, turns and pulls; step `k` of the episode. */
export function scriptedAction(
  door: DoorKind,
  observation: ArrayLike<number>,
  k: number,
  script: DoorScript = OPENING,
): number[] {
  const target = goal(door, script, Math.min(k, STEPS - 1));
  const now = gripperPose(door, observation);
  const shift: Vec3 = sub(target.position, now.position);
  const turn = rotationBetween(now.rotation, target.rotation);
  const clip = (v: number): number => Math.min(Math.max(v, -1), 1);
  return [
    ...shift.map((v) => clip(v / MAX_TRANSLATION)),
    ...turn.map((v) => clip(v / MAX_ROTATION)),
    target.closed ? 1 : -1,
  ];
}
