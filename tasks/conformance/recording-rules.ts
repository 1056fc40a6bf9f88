import { checkRecordable } from "../../sim/recording/recordable.js";
import type { ConformanceRule } from "./support.js";

/** The last rules: they rely on what the others check. */
export const recordingRules: readonly ConformanceRule[] = [
  {
    name: "recordings",
    expected: "episodes whose recordings can be read",
    check: (task) => checkRecordable(task),
  },
];
