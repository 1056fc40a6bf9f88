import type { Catalog } from "../../agent/catalog.js";
import { methods } from "../../agent/methods/registry.js";
import { builtinPlanners } from "../../planners/registry.js";
import { builtinSuites } from "../../tasks/registry.js";

/** The suites, methods and planners that come with the package. */
export const builtinCatalog: Catalog = { suites: builtinSuites, methods, planners: builtinPlanners };
