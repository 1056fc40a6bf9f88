import type { ArmFrames } from "../../sim/arm/kinematics.js";
import { armBase, armBodies } from "../../sim/arm/visuals.js";
import type { VisualBody } from "../../sim/task.js";
import { box, goalBody, tableBody, woodColor } from "../tabletop/table-visuals.js";
import { type BlockDensities, GOAL, halves, PART_HALF, TABLE } from "./layout.js";

/** Table, arm, block, goal and the arm's base. */
export function pushBodies(arm: ArmFrames, densities: BlockDensities): VisualBody[] {
  const shapes = halves(densities).map(({ center, density }) => box(PART_HALF, center, woodColor(density)));
  return [
    tableBody(TABLE),
    ...armBodies(arm),
    { name: "block", fixed: false, shapes },
    goalBody(GOAL, TABLE),
    armBase(arm),
  ];
}
