import type { Rng } from "../sim/core/rng.js";
import { countField, positiveField, type SettingValues } from "../sim/core/setting-fields.js";
import { Descent } from "./descent.js";
import { plannerFields } from "./fields.js";
import { bestSequences } from "./plans.js";
import { ActionGaussian, noFiniteCost, readSequence, writeSequence } from "./sampling.js";
import {
  type CostFunction,
  type CostGradientFunction,
  definePlanner,
  type Planner,
  type PlannerFactory,
  type PlanningProblem,
  type Plans,
} from "./types.js";
import { WarmPlanner } from "./warm-plan.js";

const { noiseStd, warmStart } = plannerFields;

const fields = {
  warmStart,
  noiseStd,
  restarts: countField(100_000).default(32).describe("Action sequences improved side by side."),
  gradientSteps: countField(10_000).default(20).describe("Steps of Adam per control step."),
  learningRate: positiveField(1e6)
    .default(0.1)
    .describe(
      "Adam's first step size, in the planner's units of the action (scaleActions); it falls linearly towards 0.",
    ),
};

/** Settings of the gradient planner, by name; their meaning is in the fields' descriptions. */
export type GradientSettings = SettingValues<typeof fields>;

/**
 * Gradient descent on the predicted cost, by Adam projected onto the bounds, from several starts at once: the
 * shifted last plan and noisy copies of it. Executes the first action of the best sequence met on the way.
 * Source: shooting with gradients of a learned model, e.g. Bharadhwaj, Xie & Shkurti, "Model-Predictive Control via
 * Cross-Entropy and Gradient-Based Optimization", arXiv 2004.08763, without its sampling.
 * A sequence whose cost is non-finite stays where it is, as does an action whose derivative is.
 * `plan` throws RunError when every predicted cost is non-finite; `restore` throws InputError when the saved plan
 * `[H, U]` has another size.
 */
export const createGradient: PlannerFactory<GradientSettings, Planner> = (problem, settings, rng) =>
  new GradientPlanner(problem, settings, rng);

export const gradientPlanner = definePlanner({
  name: "gradient",
  summary: "gradient descent on the predicted cost through the model, from several starts at once",
  settings: fields,
  create: createGradient,
});

class GradientPlanner extends WarmPlanner {
  readonly #settings: GradientSettings;
  /** Distribution of the starts. */
  readonly #gaussian: ActionGaussian;
  /** `[H, N, U]` */
  readonly #actions: Float32Array;
  readonly #descent: Descent;
  /** Best sequence of this control step, `[H, U]`. */
  readonly #best: Float32Array;
  #bestCost = Infinity;
  /** Of the sequences as they are after the last step, `[N]`. */
  readonly #costs: Float32Array;

  constructor(problem: PlanningProblem, settings: GradientSettings, rng: Rng) {
    super(problem, rng, { enabled: settings.warmStart });
    this.#settings = settings;
    this.#gaussian = new ActionGaussian(problem);
    this.#gaussian.std.fill(settings.noiseStd);
    this.#actions = new Float32Array(this.#gaussian.size * settings.restarts);
    const { restarts, gradientSteps, learningRate } = settings;
    this.#descent = new Descent(this.#gaussian, restarts, { steps: gradientSteps, rate: learningRate });
    this.#best = new Float32Array(this.#gaussian.size);
    this.#costs = new Float32Array(settings.restarts);
  }

  async plan(cost: CostFunction, gradient: CostGradientFunction): Promise<Float32Array> {
    this.#start();
    await this.#descent.run(this.#actions, { cost, gradient }, (costs) => this.#note(costs));
    if (this.#bestCost === Infinity) throw noFiniteCost(this.#costs);
    this.warm.keep(this.#best);
    return this.#gaussian.firstAction(this.#best);
  }

  #start(): void {
    const { restarts } = this.#settings;
    const gaussian = this.#gaussian;
    gaussian.mean.set(this.warm.start);
    this.rng.fillNormal(this.#actions);
    gaussian.apply(this.#actions, restarts);
    writeSequence(this.#actions, restarts, 0, gaussian.mean, gaussian.actionSize);
    this.#bestCost = Infinity;
  }

  /** Remembers the best of the current sequences when it is better than all before. */
  #note(costs: Float32Array): void {
    this.#costs.set(costs);
    for (let n = 0; n < costs.length; n++) {
      if (!Number.isFinite(costs[n]) || costs[n]! >= this.#bestCost) continue;
      this.#bestCost = costs[n]!;
      readSequence(this.#actions, costs.length, n, this.#best, this.#gaussian.actionSize);
    }
  }

  /** The best may be one met on the way, of which nothing is left among the others. */
  plans(most: number): Plans {
    const others = bestSequences(this.#actions, this.#costs, most, this.#gaussian.actionSize);
    return { chosen: this.#best.slice(), others };
  }
}
