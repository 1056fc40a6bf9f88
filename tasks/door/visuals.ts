import type { ArmFrames } from "../../sim/arm/kinematics.js";
import { armBase, armBodies } from "../../sim/arm/visuals.js";
import { add, fromZAxis, IDENTITY, scale, sub, type Vec3 } from "../../sim/core/math/vector.js";
import type { VisualBody, VisualShape } from "../../sim/task.js";
import {
  DOOR,
  type DoorKind,
  frameBoxes,
  HANDLE,
  HANDLE_PARTS,
  type HandlePart,
  hingePoint,
  hingeSide,
  sided,
} from "./layout.js";

const FRAME_COLOR = [0.55, 0.5, 0.45, 1] as const;
const DOOR_COLOR = [0.8, 0.65, 0.45, 1] as const;
const HANDLE_COLOR = [0.75, 0.75, 0.78, 1] as const;

const box = (size: Vec3, position: Vec3, color: VisualShape["color"]): VisualShape => {
  return { kind: "box", size, pose: { position, rotation: IDENTITY }, color };
};

function partShape({ shape, half, along, center }: HandlePart, door: DoorKind, origin: Vec3): VisualShape {
  const position = add(origin, sided(door, center));
  if (shape === "box") {
    return box(scale(half, 2), position, HANDLE_COLOR);
  }
  const [radius, length] = half;
  const cap = shape === "capsule" ? radius : 0;
  const rotation = fromZAxis(along === "x" ? [1, 0, 0] : [0, 1, 0]);
  return {
    kind: shape,
    size: [2 * radius, 2 * radius, 2 * (length + cap)],
    pose: { position, rotation },
    color: HANDLE_COLOR,
  };
}

/** Frame, links 1 … 7, two fingers, door, where it turns handle, and base, in the order of `Scene.bodies`. */
export function doorBodies(arm: ArmFrames, kind: DoorKind): VisualBody[] {
  const [thickness, width, height] = DOOR.size;
  const hinge = hingePoint(kind);
  const side = hingeSide(kind);
  const middle = DOOR.bottom + height / 2;
  const frame = frameBoxes(kind).map(({ center, half }) => box(scale(half, 2), center, FRAME_COLOR));
  const panel = box([thickness, width, height], [0, (-side * width) / 2, middle - hinge[2]], DOOR_COLOR);
  const turns = kind.handle !== "pull";
  const origin: Vec3 = turns ? [0, 0, 0] : sub(HANDLE.center, hinge);
  const handle = HANDLE_PARTS[kind.handle].map((part) => partShape(part, kind, origin));
  return [
    { name: "frame", fixed: true, shapes: frame },
    ...armBodies(arm, "active"),
    { name: "door", fixed: false, shapes: turns ? [panel] : [panel, ...handle] },
    ...(turns ? [{ name: "handle", fixed: false, shapes: handle }] : []),
    armBase(arm),
  ];
}
