import type { Method } from "./method.js";
import { networkSize } from "./network-size.js";
import { PlainLearner } from "./plain-learner.js";

/** One network that goes on from task to task and does nothing against forgetting; each task has its own output layer. */
export const finetune: Method = {
  name: "finetune",
  summary: "one network goes on from task to task, with nothing done against forgetting",
  revisits: true,
  size: (dynamics, settings) => networkSize(dynamics, settings, 1),
  create: (options, { mlp }) => new PlainLearner({ ...options, stepSizes: mlp, sharing: "finetune" }),
};
