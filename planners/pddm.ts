import type { Rng } from "../sim/core/rng.js";
import { positiveField, type SettingValues } from "../sim/core/setting-fields.js";
import { plannerFields } from "./fields.js";
import { bestSequences } from "./plans.js";
import { ActionGaussian, evaluate } from "./sampling.js";
import {
  type CostFunction,
  definePlanner,
  type PlannerFactory,
  type PlanningProblem,
  type Plans,
} from "./types.js";
import { WarmPlanner } from "./warm-plan.js";
import { exponentialWeights, weightedMean } from "./weighting.js";

const { samples, noiseStd, warmStart } = plannerFields;

const fields = {
  samples,
  warmStart,
  noiseStd,
  filterBeta: positiveField(1)
    .default(0.6)
    .describe("Share β of fresh noise in the filtered noise; 1 is white."),
  rewardWeight: positiveField(1e6)
    .default(10)
    .describe(
      "Weight γ of the return in the weights' exponent (κ in the published code), per unit of return.",
    ),
};

/** Settings of PDDM, by name; their meaning is in the fields' descriptions. */
export type PddmSettings = SettingValues<typeof fields>;

/**
 * Filtering and reward-weighted refinement: one update of the plan μ per control step,
 * `n_h = β u_h + (1 - β) n_{h-1}`, `u_h ~ N(0, std²)`, `n_{-1} = 0`, `a_h = μ_h + n_h`,
 * `μ_h ← Σ_k e^{γ R_k} a_h^k / Σ_j e^{γ R_j}`.
 * Source: Nagabandi et al., "Deep Dynamics Models for Learning Dexterous Manipulation", arXiv 1909.11652,
 * "Filtering and Reward-Weighted Refinement". Samples are clipped to the bounds, as in its code.
 * `plan` throws RunError when every predicted cost is non-finite; `restore` throws InputError when the saved plan
 * `[H, U]` has another size.
 */
export const createPddm: PlannerFactory<PddmSettings> = (problem, settings, rng) =>
  new Pddm(problem, settings, rng);

export const pddmPlanner = definePlanner({
  name: "pddm",
  summary: "reward-weighted refinement: one weighted average of plans with filtered noise",
  settings: fields,
  create: createPddm,
});

class Pddm extends WarmPlanner {
  readonly #settings: PddmSettings;
  /** Its mean is the plan. */
  readonly #gaussian: ActionGaussian;
  /** `[H, N, U]` */
  readonly #samples: Float32Array;
  readonly #costs: Float32Array;
  readonly #weights: Float64Array;

  constructor(problem: PlanningProblem, settings: PddmSettings, rng: Rng) {
    super(problem, rng, { enabled: settings.warmStart });
    this.#settings = settings;
    this.#gaussian = new ActionGaussian(problem);
    this.#gaussian.std.fill(settings.noiseStd);
    this.#samples = new Float32Array(this.#gaussian.size * settings.samples);
    this.#costs = new Float32Array(settings.samples);
    this.#weights = new Float64Array(settings.samples);
  }

  async plan(cost: CostFunction): Promise<Float32Array> {
    const { samples, filterBeta, rewardWeight } = this.#settings;
    const { mean, actionSize } = this.#gaussian;
    mean.set(this.warm.start);
    this.rng.fillNormal(this.#samples);
    filterNoise(this.#samples, samples * actionSize, filterBeta);
    this.#gaussian.apply(this.#samples, samples);
    this.#costs.set(await evaluate(cost, this.#samples, samples, () => {}));
    exponentialWeights(this.#costs, rewardWeight, this.#weights);
    weightedMean(this.#samples, this.#weights, actionSize, mean);
    this.warm.keep(mean);
    return this.#gaussian.firstAction(mean);
  }

  plans(most: number): Plans {
    const { mean, actionSize } = this.#gaussian;
    const others = bestSequences(this.#samples, this.#costs, most, actionSize);
    return { chosen: Float32Array.from(mean), others };
  }
}

/**
 * Filters noise `[H, M]` in place along its first axis: `n_h = β u_h + (1 - β) n_{h-1}`, `n_{-1} = 0`.
 * @param width M
 */
export function filterNoise(noise: Float32Array, width: number, beta: number): void {
  for (let i = 0; i < noise.length; i++) {
    noise[i] = beta * noise[i]! + (i < width ? 0 : (1 - beta) * noise[i - width]!);
  }
}
