import type { ArmFrames } from "../sim/arm/kinematics.js";
import { armBodies } from "../sim/arm/visuals.js";
import { IDENTITY } from "../sim/math/vector.js";
import type { VisualBody, VisualShape } from "../sim/task.js";
import { type BlockDensities, HALF_BLOCK, TABLE } from "./push-layout.js";

const GOAL_COLOR = [0.2, 0.75, 0.35, 1] as const;

/** The heavier, the darker: 100 kg/m³ is light wood, 500 kg/m³ dark. */
function woodColor(density: number): VisualShape["color"] {
  const light = 1 - 0.55 * Math.min(Math.max((density - 100) / 400, 0), 1);
  return [0.95 * light, 0.7 * light, 0.4 * light, 1];
}

/** Table, links 1 … 7, block and goal, in the order of `Scene.bodies`. Fixed bodies are in world coordinates. */
export function pushBodies(
  arm: ArmFrames,
  densities: BlockDensities,
  goalCorners: readonly number[],
): VisualBody[] {
  const { half, height } = TABLE;
  const [hx, hy, hz] = HALF_BLOCK;
  const table: VisualShape = {
    kind: "box",
    size: [2 * half, 2 * half, height],
    pose: { position: [0, 0, height / 2], rotation: IDENTITY },
    color: [0.78, 0.76, 0.72, 1],
  };
  const halves = densities.map((density, i): VisualShape => {
    const side = i === 0 ? 1 : -1;
    return {
      kind: "box",
      size: [2 * hx, 2 * hy, 2 * hz],
      pose: { position: [0, side * hy, 0], rotation: IDENTITY },
      color: woodColor(density),
    };
  });
  const markers = [0, 2, 4, 6].map((at): VisualShape => {
    const position = [goalCorners[at], goalCorners[at + 1], height] as const;
    return {
      kind: "cylinder",
      size: [0.02, 0.02, 0.002],
      pose: { position, rotation: IDENTITY },
      color: GOAL_COLOR,
    };
  });
  return [
    { name: "table", fixed: true, shapes: [table] },
    ...armBodies(arm),
    { name: "block", fixed: false, shapes: halves },
    { name: "goal", fixed: true, shapes: markers },
  ];
}
