import {
  add,
  fromZAxis,
  IDENTITY,
  length,
  type Quat,
  rotate,
  scale,
  sub,
  type Vec3,
} from "../core/math/vector.js";
import type { VisualBody, VisualShape } from "../task.js";
import type { ArmOptions } from "./arm.js";
import type { ArmFrames } from "./kinematics.js";
import { FINGER, HAND } from "./panda.js";
import { type LinkTube, linkTubes } from "./tubes.js";

const LINK_COLOR = [0.93, 0.93, 0.95, 1] as const;
const BASE_DIAMETER = 0.16;
const BASE_COLOR = [0.55, 0.57, 0.6, 1] as const;
const HAND_COLOR = [0.3, 0.32, 0.36, 1] as const;

function tubeShape({ along, radius }: LinkTube): VisualShape {
  return {
    kind: "capsule",
    size: [2 * radius, 2 * radius, length(along) + 2 * radius],
    pose: { position: scale(along, 0.5), rotation: fromZAxis(along) },
    color: LINK_COLOR,
  };
}

function box(half: Vec3, position: Vec3, rotation: Quat): VisualShape {
  const size: Vec3 = scale(half, 2);
  return { kind: "box", size, pose: { position, rotation }, color: HAND_COLOR };
}

/** Palm and, when they are fixed, closed fingers in the frame of link 7. */
function handShapes({ hand, links }: ArmFrames, gripper: ArmOptions["gripper"]): VisualShape[] {
  const inLink = (v: Vec3): Vec3 =>
    sub(add(hand.position, rotate(hand.rotation, v)), links[links.length - 1]!.position);
  const sides = gripper === "fixed" ? [1, -1] : [];
  const fingers = sides.map((side) =>
    box(FINGER.half, inLink([0, side * FINGER.half[1], FINGER.depth]), hand.rotation),
  );
  return [box(HAND.palm.half, inLink(HAND.palm.center), hand.rotation), ...fingers];
}

/** What the arm stands on, a column from the floor to its shoulder: a fixed body in world coordinates. */
export function armBase({ links }: ArmFrames): VisualBody {
  const [x, y, z] = links[0]!.position;
  const column: VisualShape = {
    kind: "cylinder",
    size: [BASE_DIAMETER, BASE_DIAMETER, z],
    pose: { position: [x, y, z / 2], rotation: IDENTITY },
    color: BASE_COLOR,
  };
  return { name: "base", fixed: true, shapes: [column] };
}

/**
 * Bodies `link1` … `link7` of an arm, given its frames at the reset pose, and with an active gripper `finger1` and
 * `finger2`, in the order of `Arm.links` and `Arm.fingers`.
 */
export function armBodies(start: ArmFrames, gripper: ArmOptions["gripper"] = "fixed"): VisualBody[] {
  const tubes = linkTubes(start).map(tubeShape);
  const moving = tubes.map((tube, i) => {
    const shapes = i + 1 < tubes.length ? [tube] : [tube, ...handShapes(start, gripper)];
    return { name: `link${i + 1}`, fixed: false, shapes };
  });
  if (gripper === "fixed") return moving;
  // The frames of the fingers' bodies lie at the pads' centres.
  const fingers = ["finger1", "finger2"].map((name) => {
    return { name, fixed: false, shapes: [box(FINGER.half, [0, 0, 0], start.hand.rotation)] };
  });
  return [...moving, ...fingers];
}
