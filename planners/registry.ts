import type { SettingValues } from "../sim/core/setting-fields.js";
import { cemPlanner } from "./cem.js";
import { gradientPlanner } from "./gradient.js";
import { icemPlanner } from "./icem.js";
import { mppiPlanner } from "./mppi.js";
import { pddmPlanner } from "./pddm.js";
import { randomPlanner } from "./random.js";
import type { PlannerDefinition } from "./types.js";

/** The planners that come with the package. The order is that of their settings in `settings.json`. */
export const builtinPlanners = [
  icemPlanner,
  cemPlanner,
  mppiPlanner,
  pddmPlanner,
  randomPlanner,
  gradientPlanner,
] as const satisfies readonly PlannerDefinition[];

type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void
  ? I
  : never;

/** The settings of all of them, by name. */
export type PlannerSettings = Intersection<SettingValues<(typeof builtinPlanners)[number]["settings"]>>;
