import type { Rng } from "../sim/core/rng.js";
import { fractionField, positiveField, type SettingValues } from "../sim/core/setting-fields.js";
import { noiseFields, plannerFields, polishFields } from "./fields.js";
import { type KnotProblem, withKnots } from "./knots.js";
import { bestSequences } from "./plans.js";
import { Polish } from "./polish.js";
import { ActionGaussian, evaluate, perAction } from "./sampling.js";
import {
  type CostFunction,
  type CostGradientFunction,
  definePlanner,
  type PlannerFactory,
  type Plans,
} from "./types.js";
import { WarmPlanner } from "./warm-plan.js";
import { exponentialWeights, weightedMean } from "./weighting.js";

const { samples, iterations, noiseStd, warmStart } = plannerFields;

const fields = {
  samples,
  iterations,
  warmStart,
  noiseStd,
  ...noiseFields,
  ...polishFields,
  temperature: positiveField(1e6)
    .default(0.1)
    .describe("Temperature λ of the weights exp(-S / λ), in units of the return."),
  nominalShare: fractionField()
    .default(1)
    .describe("Share α of the plan that no control cost is charged for; 0 as published in 2017."),
};

/** Settings of MPPI, by name; their meaning is in the fields' descriptions. */
export type MppiSettings = SettingValues<typeof fields>;

/**
 * Information-theoretic model-predictive path integral control: the plan u becomes the mean of noisy copies v = u + ε
 * weighted by `exp(-S / λ)` with `S = cost(v) + λ (1 - α) Σ_h u_hᵀ Σ⁻¹ ε_h`, noise ε ~ N(0, Σ), Σ = std² · I, where
 * the std may be annealed. Samples are clipped to the bounds; ε is what the clipping left, so that the plan is a mean
 * of sequences that were evaluated.
 * Source: Williams et al., "Information Theoretic MPC for Model-Based Reinforcement Learning" (ICRA 2017), algorithm
 * 2; α from Williams et al., "Information-Theoretic Model Predictive Control" (T-RO 2018).
 * `plan` throws RunError when every predicted cost is non-finite; `restore` throws InputError when the saved plan
 * `[H, U]` has another size.
 */
export const createMppi: PlannerFactory<MppiSettings> = (problem, settings, rng) =>
  withKnots(problem, settings.knots, (knots) => new Mppi(knots, settings, rng));

export const mppiPlanner = definePlanner({
  name: "mppi",
  summary:
    "model-predictive path integral control: averages noisy copies of the plan, weighted by their return",
  settings: fields,
  create: createMppi,
});

class Mppi extends WarmPlanner {
  readonly #settings: MppiSettings;
  /** Its mean is the plan. */
  readonly #gaussian: ActionGaussian;
  /** `[H, N, U]` */
  #samples: Float32Array;
  /** Unit-variance noise of the next update, drawn while costs are computed, `[H, N, U]`. */
  #noise: Float32Array;
  /** σ of each action, `[U]`. */
  readonly #noiseStd: readonly number[];
  readonly #polish: Polish | undefined;
  readonly #scores: Float64Array;
  readonly #weights: Float64Array;

  constructor(problem: KnotProblem, settings: MppiSettings, rng: Rng) {
    super(problem, rng, { enabled: settings.warmStart });
    this.#settings = settings;
    this.#gaussian = new ActionGaussian(problem);
    this.#noiseStd = perAction(settings.noiseStd, problem.low.length, "planner.noiseStd");
    this.#samples = new Float32Array(this.#gaussian.size * settings.samples);
    this.#noise = this.#samples.slice();
    this.#polish = Polish.create(this.#gaussian, settings, settings.samples + 1);
    this.#scores = new Float64Array(settings.samples);
    this.#weights = new Float64Array(settings.samples);
  }

  async plan(cost: CostFunction, gradient?: CostGradientFunction): Promise<Float32Array> {
    const { samples, iterations, temperature } = this.#settings;
    const { mean, actionSize } = this.#gaussian;
    mean.set(this.warm.start);
    this.rng.fillNormal(this.#noise);
    for (let i = 0; i < iterations; i++) {
      this.#gaussian.resetStd(this.#noiseStd, this.#settings, i / iterations);
      [this.#samples, this.#noise] = [this.#noise, this.#samples];
      this.#gaussian.apply(this.#samples, samples);
      const drawAhead = () => {
        if (i + 1 < iterations) this.rng.fillNormal(this.#noise);
      };
      this.#scores.set(await evaluate(cost, this.#samples, samples, drawAhead));
      this.#addControlCost();
      exponentialWeights(this.#scores, 1 / temperature, this.#weights);
      weightedMean(this.#samples, this.#weights, actionSize, mean);
    }
    if (this.#polish !== undefined) await this.#refine(this.#polish, cost, gradient);
    this.warm.keep(mean);
    return this.#gaussian.firstAction(mean);
  }

  /** Adds `λ (1 - α) Σ_h u_hᵀ Σ_h⁻¹ ε_h` to every score. */
  #addControlCost(): void {
    const { samples, temperature, nominalShare, noiseStd } = this.#settings;
    const { mean, actionSize, size, annealing } = this.#gaussian;
    const constant = (temperature * (1 - nominalShare)) / noiseStd ** 2;
    if (constant === 0) return;
    for (let i = 0; i < size; i++) {
      const [h, u] = [Math.floor(i / actionSize), i % actionSize];
      const factor = constant / annealing[h]! ** 2;
      for (let n = 0; n < samples; n++) {
        const noise = this.#samples[(h * samples + n) * actionSize + u]! - mean[i]!;
        this.#scores[n]! += factor * mean[i]! * noise;
      }
    }
  }

  /** Replaces the plan by the best that comes of refining it and the best of the last samples. */
  async #refine(polish: Polish, cost: CostFunction, gradient?: CostGradientFunction): Promise<void> {
    const { mean, size, actionSize } = this.#gaussian;
    const most = this.#settings.polishPlans - 1;
    const others = most === 0 ? [] : bestSequences(this.#samples, this.#scores, most, actionSize);
    const count = 1 + others.length / size;
    const found = {
      sequences: Float32Array.of(...mean, ...others),
      costs: new Float32Array(count).fill(Number.POSITIVE_INFINITY),
      count,
    };
    await polish.refine(found, cost, gradient);
    mean.set(found.sequences.subarray(0, size));
  }

  plans(most: number): Plans {
    const { mean, actionSize } = this.#gaussian;
    const others = bestSequences(this.#samples, this.#scores, most, actionSize);
    return { chosen: Float32Array.from(mean), others };
  }
}
