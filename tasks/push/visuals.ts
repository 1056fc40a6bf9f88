import type { ArmFrames } from "../../sim/arm/kinematics.js";
import { armBase, armBodies } from "../../sim/arm/visuals.js";
import type { VisualBody, VisualShape } from "../../sim/task.js";
import { type BlockDensities, HALF_BLOCK, TABLE } from "../tabletop/layout.js";
import { box, goalBody, tableBody, woodColor } from "../tabletop/table-visuals.js";

/** Table, links 1 … 7, block, goal and base, in the order of `Scene.bodies`. Fixed bodies are in world coordinates. */
export function pushBodies(
  arm: ArmFrames,
  densities: BlockDensities,
  goalCorners: readonly number[],
): VisualBody[] {
  const halves = densities.map((density, i): VisualShape => {
    const side = i === 0 ? 1 : -1;
    return box(HALF_BLOCK, [0, side * HALF_BLOCK[1], 0], woodColor(density));
  });
  return [
    tableBody(TABLE),
    ...armBodies(arm),
    { name: "block", fixed: false, shapes: halves },
    goalBody(goalCorners, TABLE),
    armBase(arm),
  ];
}
