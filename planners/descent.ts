import { ADAM } from "../sim/core/adam.js";
import { type ActionGaussian, checkLength, evaluate } from "./sampling.js";
import type { CostFunction, CostGradient, CostGradientFunction } from "./types.js";

/** What a descent goes down. */
export interface Slope {
  readonly cost: CostFunction;
  readonly gradient: CostGradientFunction;
}

/** How far a descent goes. */
export interface DescentSettings {
  readonly steps: number;
  /** Adam's first step size; it falls linearly towards 0. */
  readonly rate: number;
}

/**
 * Gradient descent on the predicted costs of N action sequences side by side, by Adam projected onto the bounds. A sequence
 * whose cost is non-finite stays where it is, as does an action whose derivative is.
 */
export class Descent {
  readonly #gaussian: ActionGaussian;
  readonly #samples: number;
  readonly #settings: DescentSettings;
  /** Adam's moments, `[H, N, U]`. */
  readonly #first: Float32Array;
  readonly #second: Float32Array;

  /**
   * @param gaussian whose bounds are kept
   * @param samples N
   */
  constructor(gaussian: ActionGaussian, samples: number, settings: DescentSettings) {
    this.#gaussian = gaussian;
    this.#samples = samples;
    this.#settings = settings;
    this.#first = new Float32Array(gaussian.size * samples);
    this.#second = this.#first.slice();
  }

  /**
   * Improves actions `[H, N, U]` in place.
   * @param visit told the costs `[N]` of the sequences as they are, before every step and after the last
   */
  async run(
    actions: Float32Array,
    { cost, gradient }: Slope,
    visit: (costs: Float32Array) => void,
  ): Promise<void> {
    this.#first.fill(0);
    this.#second.fill(0);
    for (let step = 1; step <= this.#settings.steps; step++) {
      const slope = await gradient(actions, this.#samples);
      checkLength("costs", slope.costs, this.#samples, "one per action sequence");
      checkLength("derivatives", slope.gradient, actions.length, "one per action");
      visit(slope.costs);
      this.#descend(actions, slope, step);
    }
    visit(await evaluate(cost, actions, this.#samples, () => {}));
  }

  /** One step of Adam, number `step` from 1, then back into the bounds. */
  #descend(actions: Float32Array, { costs, gradient }: CostGradient, step: number): void {
    const { beta1, beta2, epsilon } = ADAM;
    const { steps, rate: firstRate } = this.#settings;
    const width = this.#gaussian.actionSize;
    const rate = firstRate * (1 - (step - 1) / steps);
    const scale = rate / (1 - beta1 ** step);
    const correction = 1 - beta2 ** step;
    const [first, second] = [this.#first, this.#second];
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      if (!Number.isFinite(g) || !Number.isFinite(costs[Math.floor(i / width) % this.#samples])) continue;
      first[i] = beta1 * first[i]! + (1 - beta1) * g;
      second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
      actions[i]! -= (scale * first[i]!) / (Math.sqrt(second[i]! / correction) + epsilon);
    }
    this.#gaussian.clip(actions);
  }
}
