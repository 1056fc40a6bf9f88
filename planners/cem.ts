import { z } from "zod";
import { UsageError } from "../sim/core/errors.js";
import type { Rng } from "../sim/core/rng.js";
import type { SettingValues } from "../sim/core/setting-fields.js";
import { crossEntropyFields } from "./fields.js";
import { type KnotProblem, withKnots } from "./knots.js";
import { spread } from "./plans.js";
import { Polish } from "./polish.js";
import { ActionGaussian, evaluate, perAction, readSequence, selectElites } from "./sampling.js";
import {
  type CostFunction,
  type CostGradientFunction,
  definePlanner,
  type PlannerFactory,
  type Plans,
} from "./types.js";
import { WarmPlanner } from "./warm-plan.js";

const fields = {
  ...crossEntropyFields,
  chooseBest: z
    .boolean()
    .default(false)
    .describe("Execute the best of one more batch of samples instead of the final mean."),
};

/** Settings of CEM, by name; their meaning is in the fields' descriptions. */
export type CemSettings = SettingValues<typeof fields>;

/**
 * Cross-entropy method: a diagonal Gaussian over action sequences, refitted to the elites.
 * Source: Huang et al., arXiv 2009.11997 and its code, which samples without bounds; here samples are clipped.
 * Throws UsageError when there are more elites than samples; `plan` throws RunError when every predicted cost is
 * non-finite; `restore` throws InputError when the saved mean `[H, U]` has another size.
 */
export const createCem: PlannerFactory<CemSettings> = (problem, settings, rng) =>
  withKnots(problem, settings.knots, (knots) => new Cem(knots, settings, rng));

export const cemPlanner = definePlanner({
  name: "cem",
  summary: "cross-entropy method, as published: refits a Gaussian over action sequences to the best samples",
  settings: fields,
  create: createCem,
});

class Cem extends WarmPlanner {
  readonly #settings: CemSettings;
  readonly #gaussian: ActionGaussian;
  /** `[U]` */
  readonly #initialStd: readonly number[];
  /** `[H, N, U]` */
  #samples: Float32Array;
  /** Unit-variance noise of the next iteration, drawn while costs are computed, `[H, N, U]`. */
  #noise: Float32Array;
  /** Those of the last round, best first: sequences `[elites, H, U]` and costs `[elites]`. */
  readonly #elites: { readonly sequences: Float32Array; readonly costs: Float32Array; count: number };
  readonly #indices: Int32Array;
  readonly #polish: Polish | undefined;

  constructor(problem: KnotProblem, settings: CemSettings, rng: Rng) {
    super(problem, rng, { enabled: settings.warmStart, lastAction: "middle", name: "mean" });
    checkElites(settings);
    this.#settings = settings;
    this.#gaussian = new ActionGaussian(problem);
    this.#initialStd = perAction(settings.initialStd, problem.low.length, "planner.initialStd");
    this.#samples = new Float32Array(this.#gaussian.size * settings.samples);
    this.#noise = this.#samples.slice();
    const { elites } = settings;
    this.#elites = {
      sequences: new Float32Array(this.#gaussian.size * elites),
      costs: new Float32Array(elites),
      count: 0,
    };
    this.#polish = Polish.create(this.#gaussian, settings, elites);
    this.#indices = new Int32Array(elites);
  }

  async plan(cost: CostFunction, gradient?: CostGradientFunction): Promise<Float32Array> {
    const { iterations, chooseBest, annealIterations } = this.#settings;
    const gaussian = this.#gaussian;
    gaussian.mean.set(this.warm.start);
    const rounds = iterations + (chooseBest ? 1 : 0);
    this.rng.fillNormal(this.#noise);
    for (let i = 0; i < rounds; i++) {
      if (i === 0 || annealIterations > 0)
        gaussian.resetStd(this.#initialStd, this.#settings, i / iterations);
      await this.#sampleElites(cost, i + 1 < rounds);
      if (i + 1 === rounds) await this.#polish?.refine(this.#elites, cost, gradient);
      if (i < iterations) gaussian.fit(this.#elites.sequences, this.#elites.count, 0);
    }
    // Only now, so that a failed call leaves the warm start as it was.
    this.warm.keep(gaussian.mean);
    return gaussian.firstAction(this.#chosen);
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
    const all = await evaluate(cost, this.#samples, samples, drawAhead);
    const { sequences, costs } = this.#elites;
    this.#elites.count = selectElites(all, this.#indices);
    for (let e = 0; e < this.#elites.count; e++) {
      const n = this.#indices[e]!;
      costs[e] = all[n]!;
      readSequence(this.#samples, samples, n, sequences.subarray(e * size, (e + 1) * size), actionSize);
    }
  }

  /** The sequence that is executed, `[H, U]`: the mean, or the best elite where that is asked for or was refined. */
  get #chosen(): Float32Array {
    const { mean, size } = this.#gaussian;
    const best = this.#settings.chooseBest || this.#polish !== undefined;
    return best ? this.#elites.sequences.subarray(0, size) : mean;
  }

  plans(most: number): Plans {
    const { sequences, count } = this.#elites;
    return { chosen: this.#chosen.slice(), others: spread(sequences, count, this.#gaussian.size, most) };
  }
}

function checkElites({ elites, samples }: CemSettings): void {
  if (elites <= samples) return;
  throw new UsageError({
    what: "Setting planner.elites is not valid",
    got: String(elites),
    expected: `a number of elites not above planner.samples, which is ${samples}`,
    todo: "`hypercrl settings` lists every setting with its meaning and defaults",
  });
}
