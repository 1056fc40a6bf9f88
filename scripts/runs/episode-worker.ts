import { serveEpisodes } from "../../agent/evaluation/serve-episodes.js";
import { builtinPlanners } from "../../planners/registry.js";
import { findNamed } from "../../sim/core/one-of.js";
import { initPhysics } from "../../sim/world.js";
import { findSuite } from "../../tasks/registry.js";

await initPhysics();
serveEpisodes(({ suite, planner }) => ({
  tasks: findSuite(suite).tasks,
  planner: findNamed("planner", planner.name, builtinPlanners),
}));
