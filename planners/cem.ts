import type { Rng } from "../sim/core/rng.js";
import { spread } from "./plans.js";
import {
  ActionGaussian,
  evaluate,
  type PerAction,
  perAction,
  readSequence,
  selectElites,
} from "./sampling.js";
import type { CostFunction, PlannerFactory, PlanningProblem, Plans } from "./types.js";
import { WarmPlanner } from "./warm-plan.js";

/** Settings of the cross-entropy method. */
export interface CemSettings {
  /** Action sequences sampled per iteration (count). */
  readonly samples: number;
  /** Best sequences the Gaussian is refitted to (count, at most `samples`). */
  readonly elites: number;
  /** Rounds of sampling and refitting per control step (count). */
  readonly iterations: number;
  /** Standard deviation at the start of every control step (units of the action). */
  readonly initialStd: PerAction;
  /** Smallest standard deviation a refit may leave (units of the action; 0 as published). */
  readonly minStd: number;
  /** Whether to start from the previous plan shifted by one step (true or false; false as published). */
  readonly warmStart: boolean;
  /**
   * Whether to execute the best of one more batch of samples, as the published code does, instead of the final
   * mean (true or false).
   */
  readonly chooseBest: boolean;
}

/**
 * Cross-entropy method: a diagonal Gaussian over action sequences, refitted to the elites.
 * Source: Huang et al., arXiv 2009.11997 and its code, which samples without bounds; here samples are clipped.
 * `plan` throws RunError when every predicted cost is non-finite; `restore` throws InputError when the saved
 * mean `[H, U]` has another size.
 */
export const createCem: PlannerFactory<CemSettings> = (problem, settings, rng) =>
  new Cem(problem, settings, rng);

class Cem extends WarmPlanner {
  readonly #settings: CemSettings;
  readonly #gaussian: ActionGaussian;
  /** `[U]` */
  readonly #initialStd: readonly number[];
  /** `[H, N, U]` */
  #samples: Float32Array;
  /** Unit-variance noise of the next iteration, drawn while costs are computed, `[H, N, U]`. */
  #noise: Float32Array;
  /** `[elites, H, U]` */
  readonly #elites: Float32Array;
  readonly #indices: Int32Array;
  /** Elites of the last round, best first. */
  #found = 0;

  constructor(problem: PlanningProblem, settings: CemSettings, rng: Rng) {
    super(problem, rng, { enabled: settings.warmStart, lastAction: "middle", name: "mean" });
    this.#settings = settings;
    this.#gaussian = new ActionGaussian(problem);
    this.#initialStd = perAction(settings.initialStd, problem.low.length, "planner.initialStd");
    this.#samples = new Float32Array(this.#gaussian.size * settings.samples);
    this.#noise = this.#samples.slice();
    this.#elites = new Float32Array(this.#gaussian.size * settings.elites);
    this.#indices = new Int32Array(settings.elites);
  }

  async plan(cost: CostFunction): Promise<Float32Array> {
    const { iterations, minStd, chooseBest } = this.#settings;
    const gaussian = this.#gaussian;
    gaussian.mean.set(this.warm.start);
    gaussian.resetStd(this.#initialStd);
    const rounds = iterations + (chooseBest ? 1 : 0);
    this.rng.fillNormal(this.#noise);
    for (let i = 0; i < rounds; i++) {
      await this.#sampleElites(cost, i + 1 < rounds);
      if (i < iterations) gaussian.fit(this.#elites, this.#found, 0, minStd);
    }
    // Only now, so that a failed call leaves the warm start as it was.
    this.warm.keep(gaussian.mean);
    return gaussian.firstAction(chooseBest ? this.#elites : gaussian.mean);
  }

  /**
   * Samples from the noise and evaluates once; leaves the elites, best first, and their number.
   * @param more whether another round will need noise
   */
  async #sampleElites(cost: CostFunction, more: boolean): Promise<void> {
    const { samples } = this.#settings;
    const { size, actionSize } = this.#gaussian;
    [this.#samples, this.#noise] = [this.#noise, this.#samples];
    this.#gaussian.apply(this.#samples, samples);
    const drawAhead = () => {
      if (more) this.rng.fillNormal(this.#noise);
    };
    this.#found = selectElites(await evaluate(cost, this.#samples, samples, drawAhead), this.#indices);
    for (let e = 0; e < this.#found; e++) {
      const out = this.#elites.subarray(e * size, (e + 1) * size);
      readSequence(this.#samples, samples, this.#indices[e], out, actionSize);
    }
  }

  plans(most: number): Plans {
    const { mean, size } = this.#gaussian;
    const chosen = this.#settings.chooseBest ? this.#elites.slice(0, size) : Float32Array.from(mean);
    return { chosen, others: spread(this.#elites, this.#found, size, most) };
  }
}
