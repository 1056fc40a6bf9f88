import { z } from "zod";
import { countField, positiveField } from "../sim/core/setting-fields.js";

const LARGEST_STD = 1e6;

function perActionField() {
  const value = positiveField(LARGEST_STD);
  const error = `a number in (0, ${LARGEST_STD}], or one for each action`;
  return z.union([value, z.array(value).min(1)], { error });
}

const betaField = () => z.number().min(0).max(1e6);

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
  annealIterations: betaField()
    .default(0)
    .describe(
      "β₁: iteration i of N searches with its first deviation times exp(-i / (β₁ N)), also in place of what a refit finds; 0: off.",
    ),
  annealHorizon: betaField()
    .default(0)
    .describe(
      "β₂: the deviation at step h of H is exp(-(H - 1 - h) / (β₂ H)) times that at the plan's end; cem, icem: before the first refit; 0: off.",
    ),
  knots: z
    .union([z.literal(0), z.int().min(2).max(1000)], { error: "0, or a whole number from 2 to 1000" })
    .default(0)
    .describe(
      "Steps of a plan whose actions are searched, spread evenly from the first to the last; those between are on the straight line; 0: all.",
    ),
  polishSteps: z
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe(
      "Gradient steps through the model that refine the best sequences after the last iteration; then the best of all is executed; 0: none.",
    ),
  polishRate: positiveField(1e6)
    .default(0.05)
    .describe(
      "Adam's first step size in refining, in the planner's units of the action (scaleActions); it falls linearly towards 0.",
    ),
  polishPlans: countField(100_000)
    .default(5)
    .describe("Best sequences that are refined; cem, icem: at most as many as elites; mppi: with the plan."),
};

const { samples, elites, iterations, initialStd, warmStart } = plannerFields;

/** Settings of what noise is drawn for, and of noise that narrows over the iterations and towards a plan's near end. */
export const noiseFields = {
  annealIterations: plannerFields.annealIterations,
  annealHorizon: plannerFields.annealHorizon,
  knots: plannerFields.knots,
};

/** Settings of refining the best sequences through the model. */
export const polishFields = {
  polishSteps: plannerFields.polishSteps,
  polishRate: plannerFields.polishRate,
  polishPlans: plannerFields.polishPlans,
};

/** Settings of every planner that refits a distribution to the best samples. */
export const crossEntropyFields = {
  ...{ samples, elites, iterations, initialStd, warmStart },
  ...noiseFields,
  ...polishFields,
};
