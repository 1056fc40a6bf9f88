import type { Method } from "./method.js";
import { rehearsalSize } from "./network-size.js";
import { RehearsalLearner } from "./rehearsal-learner.js";
import { StoredMemory } from "./rehearsal-memory.js";

/** A plain network that rehearses some transitions of earlier tasks (baseline of Huang et al. 2021, arXiv 2009.11997). */
export const coreset: Method = {
  name: "coreset",
  summary: "one network rehearses a few stored transitions of earlier tasks",
  revisits: true,
  size: (dynamics, settings) => rehearsalSize(dynamics, settings, settings.mlp.coresetSize),
  create: (options, { mlp }) =>
    new RehearsalLearner(
      { ...options, stepSizes: mlp },
      new StoredMemory(options.dynamics, options.batchSize, mlp.coresetSize),
    ),
};
