import type { Method } from "./method.js";
import { networkSize } from "./network-size.js";
import { PlainLearner } from "./plain-learner.js";

/** A network of its own for every task, trained from scratch: the reference of every comparison. */
export const single: Method = {
  name: "single",
  summary: "every task gets a network of its own, trained from scratch",
  revisits: true,
  size: (dynamics, settings) => networkSize(dynamics, settings, settings.tasks),
  create: (options, { mlp }) => new PlainLearner({ ...options, stepSizes: mlp, sharing: "single" }),
};
