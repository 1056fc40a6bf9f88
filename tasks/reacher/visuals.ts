import { fromZAxis, IDENTITY } from "../../sim/core/math/vector.js";
import type { VisualBody, VisualShape } from "../../sim/task.js";
import { PLANE_HEIGHT, UPPER_LENGTH } from "./layout.js";

const THICKNESS = 0.04;

function link(name: string, length: number, color: VisualShape["color"]): VisualBody {
  const pose = { position: [length / 2, 0, 0], rotation: fromZAxis([1, 0, 0]) } as const;
  const size = [THICKNESS, THICKNESS, length + THICKNESS] as const;
  return { name, fixed: false, shapes: [{ kind: "capsule", size, pose, color }] };
}

/** Post, upper arm, forearm of a length (m) and goal. Fixed bodies are in world coordinates. */
export function reacherBodies(foreLength: number): VisualBody[] {
  const post: VisualShape = {
    kind: "cylinder",
    size: [0.08, 0.08, PLANE_HEIGHT],
    pose: { position: [0, 0, PLANE_HEIGHT / 2], rotation: IDENTITY },
    color: [0.55, 0.57, 0.62, 1],
  };
  const goal: VisualShape = {
    kind: "sphere",
    size: [0.05, 0.05, 0.05],
    pose: { position: [0, 0, 0], rotation: IDENTITY },
    color: [0.2, 0.75, 0.35, 1],
  };
  return [
    { name: "post", fixed: true, shapes: [post] },
    link("upperArm", UPPER_LENGTH, [0.2, 0.35, 0.65, 1]),
    link("forearm", foreLength, [0.9, 0.55, 0.2, 1]),
    { name: "goal", fixed: false, shapes: [goal] },
  ];
}
