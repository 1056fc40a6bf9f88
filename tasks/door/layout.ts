import { add, axisAngle, multiply, type Quat, rotate, type Vec3 } from "../../sim/core/math/vector.js";
import type { Pose } from "../../sim/task.js";

export type HandleKind = "pull" | "round" | "lever";

/** What tells one door from another. */
export interface DoorKind {
  readonly handle: HandleKind;
  /** False: hinge on the robot's left; true: the mirror image, hinge on its right. */
  readonly mirrored: boolean;
}

/**
 * The closed door stands in the plane x = 0, the robot in front of it at x < 0. Lengths in m, angles in rad; door
 * and handle as in the published tasks.
 */
export const DOOR = {
  /** Full extents: thickness, width, height. */
  size: [0.02, 1, 2.41] as Vec3,
  /** kg. */
  mass: 0.8,
  range: 1.57,
  /** N·m·s/rad. */
  damping: 1.6,
  /** Distance of the handle from the hinge. */
  handleDistance: 0.85,
  bottom: 0.01,
} as const;

/** Round and lever handles turn about the x axis through `center`. */
export const HANDLE = {
  center: [0, 0, 1] as Vec3,
  /** kg, and moments of inertia about the centre, kg·m². */
  mass: 2,
  inertia: [0.004, 0.0012, 0.0038] as Vec3,
  range: 1.57,
  /** N·m·s/rad and N·m/rad. */
  damping: 1.73,
  spring: 0.1,
} as const;

/** A door that is open by this angle counts as opened, rad. */
export const OPEN_ANGLE = 0.2;

export const LATCH = {
  /** The latch lets go beyond this angle of the handle, rad. */
  handleAngle: 0.65,
  /** A door that is further open than this is out of the latch, rad. */
  doorAngle: 0.02,
  /** Play of a latched door, rad. */
  play: 0.004,
} as const;

interface Box {
  readonly shape: "box";
  /** Half extents. */
  readonly half: Vec3;
}

interface Rod {
  readonly shape: "capsule" | "cylinder";
  /** Radius, and half length of the straight part. */
  readonly half: readonly [radius: number, length: number];
}

/** A shape of a handle, relative to its centre; `y` points to the hinge. Lengths in m. */
export type HandlePart = (Box | Rod) & {
  /** Direction of a capsule or cylinder. */
  readonly along: "x" | "y";
  readonly center: Vec3;
};

/** Shapes by kind of handle. */
export const HANDLE_PARTS: Readonly<Record<HandleKind, readonly HandlePart[]>> = {
  pull: [
    { shape: "capsule", half: [0.0099, 0.083], along: "y", center: [-0.1227, 0, 0] },
    { shape: "capsule", half: [0.0099, 0.045], along: "x", center: [-0.066, 0.088, 0] },
    { shape: "capsule", half: [0.0099, 0.045], along: "x", center: [-0.066, -0.088, 0] },
  ],
  round: [
    { shape: "cylinder", half: [0.034, 0.015], along: "x", center: [-0.045, 0, 0] },
    { shape: "cylinder", half: [0.017, 0.01], along: "x", center: [-0.02, 0, 0] },
  ],
  lever: [
    { shape: "box", half: [0.0105, 0.058, 0.011], along: "y", center: [-0.0715, 0.062, 0] },
    { shape: "cylinder", half: [0.02, 0.03], along: "x", center: [-0.042, 0, 0] },
  ],
};

/** Where the gripper's tips belong, from the handle's centre; `y` points to the hinge. m. */
const GRASP: Readonly<Record<HandleKind, Vec3>> = {
  pull: [-0.1227, 0, 0],
  round: [-0.048, 0, 0],
  lever: [-0.0715, 0.085, 0],
};

/** How the hand belongs on an unturned handle: its z axis, the approach, along x; the fingers one above the other. */
export const GRASP_ROTATION: Quat = [0.5, 0.5, 0.5, 0.5];

/**
 * What learning starts are drawn from, where they are to vary: states that opening passes through. Lengths in m, angles in
 * rad; ranges are uniform.
 */
export const VARIED_START = {
  /** Share of the starts with the door ajar. Of those with it closed, the same share has the handle turned, if it is one that turns. */
  changed: 0.5,
  /** Of a door that is ajar: out of the latch. */
  doorAngle: [0.03, 0.5],
  /** Of a handle that is turned: on either side of where the latch lets go. */
  handleAngle: [0.2, 1.2],
  /** Of the gripper from where it is to hold the handle, against its approach. */
  back: [0.05, 0.16],
  /** And across it, on both axes. */
  aside: [-0.04, 0.04],
} as const;

/** 1 when the hinge is on the robot's left (y > 0), -1 on its right. */
export const hingeSide = ({ mirrored }: DoorKind): 1 | -1 => (mirrored ? -1 : 1);

/** A vector given for a hinge on the left, for this door. */
export const sided = (door: DoorKind, [x, y, z]: Vec3): Vec3 => [x, hingeSide(door) * y, z];

export const graspPoint = (door: DoorKind): Vec3 => sided(door, GRASP[door.handle]);

/** The point of the hinge at the handle's height. */
export const hingePoint = (door: DoorKind): Vec3 =>
  add(HANDLE.center, [0, hingeSide(door) * DOOR.handleDistance, 0]);

/** Edge of the frame's posts and beam, m. */
const POST = 0.06;

/** The boxes of the frame around a door, two posts and a beam, in the world: middles and half extents, m. */
export function frameBoxes(door: DoorKind): { center: Vec3; half: Vec3 }[] {
  const [, width, height] = DOOR.size;
  const side = hingeSide(door);
  const [, hinge] = hingePoint(door);
  const post = (y: number) => ({
    center: [0, y, DOOR.bottom + height / 2] as const,
    half: [POST / 2, POST / 2, height / 2] as const,
  });
  const beam = {
    center: [0, hinge - (side * width) / 2, DOOR.bottom + height + POST / 2] as const,
    half: [POST / 2, width / 2 + POST, POST / 2] as const,
  };
  return [post(hinge + (side * POST) / 2), post(hinge - side * (width + POST / 2)), beam];
}

/** Axis about which a positive angle opens the door toward the robot. */
export const hingeAxis = (door: DoorKind): Vec3 => [0, 0, -hingeSide(door)];

/** Axis of the handle's angle in the door's frame. A lever's free end goes down at `turnSign` times the angle. */
export const HANDLE_AXIS: Vec3 = [1, 0, 0];

/** Sign of the angles to which a round or lever handle turns. */
export const turnSign = (door: DoorKind): 1 | -1 => (door.mirrored ? 1 : -1);

/** World pose in which the gripper holds the handle of a door at the given angles (rad). */
export function graspPose(door: DoorKind, doorAngle: number, handleAngle: number): Pose {
  const hinge = hingePoint(door);
  const opened = axisAngle(hingeAxis(door), doorAngle);
  const center = add(hinge, rotate(opened, [0, -hingeSide(door) * DOOR.handleDistance, 0]));
  const turned = multiply(opened, axisAngle(HANDLE_AXIS, handleAngle));
  return {
    position: add(center, rotate(turned, graspPoint(door))),
    rotation: multiply(turned, GRASP_ROTATION),
  };
}
