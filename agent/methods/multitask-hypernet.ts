import { checkOutput, WITHOUT_BASE } from "./check-output.js";
import { checkDrawnStart } from "./check-start.js";
import type { Method } from "./method.js";
import { rehearsingHypernetSize } from "./network-size.js";
import { RehearsingHypernetLearner, rehearsingHypernetOptions } from "./rehearsing-hypernet-learner.js";

/** A hypernetwork that rehearses all data of earlier tasks (`hnet_mt` of Huang et al. 2021, arXiv 2009.11997). */
export const multitaskHypernet: Method = {
  name: "multitask-hypernet",
  summary: "a hypernetwork without a regulariser that rehearses all data of earlier tasks",
  checkSettings: (settings) => {
    checkOutput(settings, WITHOUT_BASE);
    checkDrawnStart(settings);
  },
  sharesBase: ({ hypernetwork }) => hypernetwork.init === "base",
  trainsWithKernel: true,
  revisits: true,
  size: (dynamics, settings) => rehearsingHypernetSize(dynamics, settings, "all"),
  create: (options, settings) =>
    new RehearsingHypernetLearner({ ...options, ...rehearsingHypernetOptions(settings), keep: "all" }),
};
