import type { Rng } from "../sim/core/rng.js";
import { bestSequences } from "./plans.js";
import { ActionGaussian, evaluate } from "./sampling.js";
import type { CostFunction, PlannerFactory, PlanningProblem, Plans } from "./types.js";
import { WarmPlanner } from "./warm-plan.js";
import { exponentialWeights, weightedMean } from "./weighting.js";

/** Settings of the planner of PDDM: filtered noise and reward-weighted averaging. */
export interface PddmSettings {
  /** Action sequences sampled per control step (count). */
  readonly samples: number;
  /** Standard deviation of the noise before it is filtered (units of the action). */
  readonly noiseStd: number;
  /** Share β of fresh noise in the filtered noise (0 … 1; 1 is white). */
  readonly filterBeta: number;
  /** Weight γ of the return in the exponent, κ in the published code (per unit of return). */
  readonly rewardWeight: number;
  /** Whether to start from the previous plan shifted by one step (true or false; true as published). */
  readonly warmStart: boolean;
}

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
    noise[i] = beta * noise[i] + (i < width ? 0 : (1 - beta) * noise[i - width]);
  }
}
