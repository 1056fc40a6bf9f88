import { z } from "zod";
import { countField, positiveField } from "../sim/core/setting-fields.js";

const LARGEST_STD = 1e6;

function perActionField() {
  const value = positiveField(LARGEST_STD);
  const error = `a number in (0, ${LARGEST_STD}], or one for each action`;
  return z.union([value, z.array(value).min(1)], { error });
}

/** Settings that several planners have in common: a planner lists those that it uses among its own. */
export const plannerFields = {
  samples: countField(1_000_000)
    .default(500)
    .describe("Action sequences sampled per iteration; icem: in the first."),
  elites: countField(100_000)
    .default(40)
    .describe("Best sequences the sampling distribution is refitted to."),
  iterations: countField(1000).default(5).describe("Refits or updates per control step."),
  initialStd: perActionField()
    .default(1)
    .describe(
      "Standard deviation at the start of every control step, in the planner's units of the action (scaleActions).",
    ),
  warmStart: z.boolean().default(true).describe("Start from the previous plan, shifted by one step."),
  noiseStd: positiveField(LARGEST_STD)
    .default(1)
    .describe(
      "Standard deviation of the noise on the plan, in the planner's units of the action (scaleActions).",
    ),
};

const { samples, elites, iterations, initialStd, warmStart } = plannerFields;

/** Settings of every planner that refits a distribution to the best samples. */
export const crossEntropyFields = { samples, elites, iterations, initialStd, warmStart };
