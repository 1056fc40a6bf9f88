import type { Method } from "./method.js";
import { rehearsalSize } from "./network-size.js";
import { RehearsalLearner } from "./rehearsal-learner.js";
import { StoredMemory } from "./rehearsal-memory.js";

/** A plain network that rehearses all data of earlier tasks (baseline of Huang et al. 2021, arXiv 2009.11997). */
export const multitask: Method = {
  name: "multitask",
  summary: "one network rehearses all data of earlier tasks, which continual learning must do without",
  revisits: true,
  size: (dynamics, settings) => rehearsalSize(dynamics, settings, "all"),
  create: (options, { mlp }) =>
    new RehearsalLearner(
      { ...options, stepSizes: mlp },
      new StoredMemory(options.dynamics, options.batchSize, "all"),
    ),
};
