import { forwardKinematics, inverseKinematics } from "../../sim/arm/kinematics.js";
import { PANDA } from "../../sim/arm/panda.js";
import { elementAt } from "../../sim/core/element.js";
import { add, IDENTITY, length, rotationBetween, scale, sub, type Vec3 } from "../../sim/core/math/vector.js";
import type { Pose } from "../../sim/task.js";
import { DOORS } from "../../tasks/door/door.js";
import { type DoorKind, GRASP_ROTATION, graspPose, turnSign } from "../../tasks/door/layout.js";
import { START_POSITION } from "../../tasks/door/start.js";
import { table } from "../compare/tables.js";

/** A place for the base with the start it leads to. */
interface Candidate {
  readonly base: Vec3;
  readonly start: readonly number[];
  /** Smallest distance to a joint limit on the way, by door, rad; -Infinity where the way cannot be followed. */
  readonly margins: readonly number[];
}

const STEPS = 12;
/** How far the motion turns the handle and opens the door, rad. */
const TURN = 0.95;
const OPENING = 0.5;
const TOLERANCE = 2e-3;
/** Elbow up, the hand level with the fingers one above the other. */
const SEED = [0, 0, 0, -2, 0, 3.4, -Math.PI / 4];

const parts = Array.from({ length: STEPS }, (_, i) => (i + 1) / STEPS);

/** Poses of the gripper from the start: to the handle, turning it, opening the door. */
function motion(door: DoorKind): Pose[] {
  const grasp = graspPose(door, 0, 0).position;
  const toward = (part: number): Vec3 => add(START_POSITION, scale(sub(grasp, START_POSITION), part));
  const turned = door.handle === "pull" ? 0 : turnSign(door) * TURN;
  return [
    ...parts.map((part) => ({ position: toward(part), rotation: GRASP_ROTATION })),
    ...parts.map((part) => graspPose(door, 0, part * turned)),
    ...parts.map((part) => graspPose(door, part * OPENING, turned)),
  ];
}

const margin = (angles: ArrayLike<number>): number =>
  Math.min(
    ...PANDA.map(({ limits: [low, high] }, i) => {
      const angle = elementAt(angles, i, "joint angles");
      return Math.min(angle - low, high - angle);
    }),
  );

function reaches(angles: ArrayLike<number>, target: Pose, base: Pose): boolean {
  const { endEffector: end } = forwardKinematics(angles, base);
  const turn = rotationBetween(end.rotation, target.rotation);
  return length(sub(end.position, target.position)) < TOLERANCE && length(turn) < TOLERANCE;
}

/** Margin on the way of one door, by kinematics alone, with the start as the posture as in the controller. */
function follow(door: DoorKind, start: readonly number[], base: Pose): number {
  let angles: ArrayLike<number> = start;
  let worst = margin(start);
  for (const target of motion(door)) {
    angles = inverseKinematics(target, base, {
      start: Array.from(angles),
      posture: start,
      iterations: 60,
      margin: 0,
    });
    if (!reaches(angles, target, base)) return Number.NEGATIVE_INFINITY;
    worst = Math.min(worst, margin(angles));
  }
  return worst;
}

/** The start and the margins that a place of the base (m) gives; none when the start is out of its reach. */
export function tryBase(position: Vec3): Candidate | undefined {
  const base: Pose = { position, rotation: IDENTITY };
  const target: Pose = { position: START_POSITION, rotation: GRASP_ROTATION };
  const start = Array.from(inverseKinematics(target, base, { start: SEED, posture: SEED, margin: 0 }));
  if (!reaches(start, target, base)) return undefined;
  return { base: position, start, margins: DOORS.map((door) => follow(door, start, base)) };
}

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);

/**
 * Places of the base from the floor up on a grid (m) in the plane of symmetry between mirrored doors, as a table,
 * best worst margin first; `tasks/door/start.ts` has the choice.
 */
export function searchDoorStart(step: number, count: number): string {
  const candidates = range(-1, -0.4, step)
    .flatMap((x) => range(0, 1, step).map((z) => tryBase([x, 0, z])))
    .filter((candidate) => candidate !== undefined);
  const worst = ({ margins }: Candidate): number => Math.min(...margins);
  candidates.sort((a, b) => worst(b) - worst(a));
  const rows = candidates
    .slice(0, count)
    .map((candidate) => [
      candidate.base.map((v) => v.toFixed(2)).join(", "),
      candidate.start.map((v) => v.toFixed(4)).join(", "),
      ...candidate.margins.map((v) => v.toFixed(2)),
    ]);
  const head = [
    "base, m",
    "start angles, rad",
    ...DOORS.map((d) => `${d.handle}${d.mirrored ? " mirrored" : ""}`),
  ];
  return table([head], rows);
}
