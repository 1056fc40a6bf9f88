import { z } from "zod";

export const PLANNERS = ["cem", "icem", "mppi", "pddm", "random", "gradient"] as const;

const positive = (text: string, max: number) => z.number().gt(0).max(max).describe(text);
const count = (text: string, max: number) => z.int().min(1).max(max).describe(text);

/** Settings of the planners that move one plan instead of refitting a distribution. */
export const planUpdateFields = {
  noiseStd: positive(
    "mppi, pddm, gradient: standard deviation of the noise on the plan, in units of the action.",
    100,
  ),
  temperature: positive("mppi: temperature λ of the weights, in units of the return.", 1e6),
  nominalShare: z
    .number()
    .min(0)
    .max(1)
    .describe("mppi: share α of the plan that no control cost is charged for; 0 as published."),
  filterBeta: positive("pddm: share β of fresh noise in the filtered noise; 1 is white.", 1),
  rewardWeight: positive("pddm: weight γ of the return in the weights' exponent, per unit of return.", 1e6),
  restarts: count("gradient: action sequences improved side by side.", 100_000),
  gradientSteps: count("gradient: steps of Adam per control step.", 10_000),
  learningRate: positive(
    "gradient: Adam's first step size, in units of the action; it falls linearly towards 0.",
    100,
  ),
};

/** The same in both profiles: HyperCRL was published with CEM alone. */
export const planUpdateDefaults = {
  noiseStd: 1,
  temperature: 0.1,
  nominalShare: 1,
  filterBeta: 0.6,
  rewardWeight: 10,
  restarts: 32,
  gradientSteps: 20,
  learningRate: 0.1,
};
