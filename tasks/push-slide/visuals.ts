import type { ArmFrames } from "../../sim/arm/kinematics.js";
import { armBase, armBodies } from "../../sim/arm/visuals.js";
import type { VisualBody } from "../../sim/task.js";
import { box, goalBody, tableBody } from "../tabletop/table-visuals.js";
import { BLOCK_HALF, GOAL, TABLE } from "./layout.js";

const FIRST_COLOR = [0.25, 0.65, 0.4, 1] as const;
const SECOND_COLOR = [0.25, 0.4, 0.8, 1] as const;

/** Table, arm, the two blocks, goal and the arm's base. */
export function pushSlideBodies(arm: ArmFrames): VisualBody[] {
  return [
    tableBody(TABLE),
    ...armBodies(arm),
    { name: "firstBlock", fixed: false, shapes: [box(BLOCK_HALF, [0, 0, 0], FIRST_COLOR)] },
    { name: "secondBlock", fixed: false, shapes: [box(BLOCK_HALF, [0, 0, 0], SECOND_COLOR)] },
    goalBody(GOAL, TABLE),
    armBase(arm),
  ];
}
