import { gradientPlanner } from "../../planners/gradient.js";
import { checkQuantizable, refusedInt8 } from "../model/precision.js";
import type { Settings } from "./schema.js";

/** @throws UsageError when plans are to be rolled out in a precision that the planner or the network has no use for */
export function checkPrecision({ planner, dynamics }: Pick<Settings, "planner" | "dynamics">): void {
  if (planner.precision === "float32") return;
  const { name } = gradientPlanner;
  if (planner.name === name) {
    throw refusedInt8(
      `planner ${name}, which plans by derivatives`,
      "a planner that samples: derivatives are float32",
    );
  }
  const { hidden, activation, members } = dynamics;
  checkQuantizable({ sizes: [1, ...hidden, 1], activation, members });
}
