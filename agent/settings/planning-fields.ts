import { z } from "zod";
import { countField } from "../../sim/core/setting-fields.js";
import { PRECISIONS } from "../model/precision.js";

/** Settings of planning that are no planner's own. */
export const planningFields = {
  horizon: countField(1000).describe("Actions looked ahead."),
  scaleActions: z
    .boolean()
    .describe(
      "Plan with actions scaled so that the bounds of each are ±1, and with noise in those units; by default where the suite's are others.",
    ),
  holdReward: z
    .union([z.boolean(), z.int().min(1).max(100_000)], {
      error: "true, false, or a whole number from 1 to 100000",
    })
    .describe(
      "Count the reward of a plan's last step once more for every step that the task's episode has after it (true), or for so many of them at most, so that what comes after the horizon is worth something.",
    ),
  precision: z
    .enum(PRECISIONS)
    .describe(
      "Numbers that plans are rolled out with between hidden layers: float32, or int8, which is quicker for wide networks; derivatives are float32.",
    ),
};

/** Names in the group `planner` that no planner may take for a setting of its own. */
export const PLANNING_NAMES: readonly string[] = ["name", ...Object.keys(planningFields)];
