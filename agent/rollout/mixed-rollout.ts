import type { CostGradient } from "../../planners/types.js";
import { firstOf } from "../../sim/core/element.js";
import type { PlanningModel } from "./rollout.js";

/** One of several models and how much it counts. */
interface Share {
  readonly model: PlanningModel;
  /** Place among all models. */
  readonly index: number;
  readonly weight: number;
}

/**
 * Several models of what actions do, between which a planner cannot choose: the costs of an action sequence are the weighted mean
 * of its costs in each. Models of weight 0 are not rolled out.
 */
export class MixedRollout implements PlanningModel {
  readonly #models: readonly PlanningModel[];
  /** Those that count, the weightiest first. */
  #shares: readonly Share[];

  /** All models count the same at first. @param models K, which are released with this one */
  constructor(models: readonly PlanningModel[]) {
    this.#models = models;
    this.#shares = models.map((model, index) => ({ model, index, weight: 1 / models.length }));
  }

  /** Sets how much each model counts from now on. @param weights `[K]`, from 0 on, of which one or more are above 0 */
  mix(weights: Float64Array): void {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = this.#models.map((model, index) => ({ model, index, weight: weights[index]! / total }));
    this.#shares = shares.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  }

  hold(rest: number): void {
    for (const model of this.#models) model.hold(rest);
  }

  async costs(
    state: Float32Array,
    actions: Float32Array,
    samples: number,
    meanwhile?: () => void,
  ): Promise<Float32Array> {
    const [only] = this.#shares;
    if (this.#shares.length === 1) return only!.model.costs(state, actions, samples, meanwhile);
    const sum = new Float32Array(samples);
    for (const [i, { model, weight }] of this.#shares.entries()) {
      addTo(sum, await model.costs(state, actions, samples, i === 0 ? meanwhile : undefined), weight);
    }
    return sum;
  }

  async gradient(state: Float32Array, actions: Float32Array, samples: number): Promise<CostGradient> {
    const [only] = this.#shares;
    if (this.#shares.length === 1) return only!.model.gradient(state, actions, samples);
    const sum = { costs: new Float32Array(samples), gradient: new Float32Array(actions.length) };
    for (const { model, weight } of this.#shares) {
      const own = await model.gradient(state, actions, samples);
      addTo(sum.costs, own.costs, weight);
      addTo(sum.gradient, own.gradient, weight);
    }
    return sum;
  }

  /** By the model that counts most. */
  observations(state: Float32Array, actions: Float32Array): Promise<Float32Array> {
    return firstOf(this.#shares, "models").model.observations(state, actions);
  }

  /**
   * Observations `[H, X]` after actions `[H, U]` by each of the models that count, the weightiest first.
   * @param most of how many models
   */
  async observationsByModel(
    state: Float32Array,
    actions: Float32Array,
    most: number,
  ): Promise<{ readonly index: number; readonly observations: Float32Array }[]> {
    const out: { index: number; observations: Float32Array }[] = [];
    for (const { model, index } of this.#shares.slice(0, most)) {
      out.push({ index, observations: await model.observations(state, actions) });
    }
    return out;
  }

  /** By the model that counts most. */
  rollOut(states: Float32Array, actions: Float32Array): Promise<Float32Array> {
    return firstOf(this.#shares, "models").model.rollOut(states, actions);
  }

  async release(): Promise<void> {
    for (const model of this.#models) await model.release();
  }
}

function addTo(sum: Float32Array, values: Float32Array, weight: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
}
