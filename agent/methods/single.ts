import type { Method } from "./method.js";
import { PlainLearner } from "./plain-learner.js";

/** A network of its own for every task, trained from scratch: the reference of every comparison. */
export const single: Method = {
  name: "single",
  summary: "every task gets a network of its own, trained from scratch",
  create: (options, { mlp: { learningRate, endFactor } }) =>
    new PlainLearner({ ...options, learningRate, endFactor, sharing: "single" }),
};
