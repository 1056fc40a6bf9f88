import { UsageError } from "../sim/core/errors.js";
import { Descent } from "./descent.js";
import { type ActionGaussian, readSequence, writeSequence } from "./sampling.js";
import type { CostFunction, CostGradientFunction } from "./types.js";

/** How the best sequences of a search are refined. */
export interface PolishSettings {
  /** Gradient steps; 0: none. */
  readonly polishSteps: number;
  readonly polishRate: number;
  /** Most sequences that are refined. */
  readonly polishPlans: number;
}

/** Sequences that a search has found. */
export interface Ranked {
  /** `[count, H, U]`, best first. */
  readonly sequences: Float32Array;
  /** `[count]`; Infinity for one whose cost is not known yet. */
  readonly costs: Float32Array;
  readonly count: number;
}

/**
 * Refines the best sequences of a search by gradient steps through the model.
 * Source: Bharadhwaj, Xie & Shkurti, "Model-Predictive Control via Cross-Entropy and Gradient-Based Optimization",
 * arXiv 2004.08763; after the search rather than within it as in Huang et al., "CEM-GD: Cross-Entropy Method with
 * Gradient Descent Planner for Model-Based Reinforcement Learning", arXiv 2112.07746.
 */
export class Polish {
  readonly #descent: Descent;
  readonly #actionSize: number;
  readonly #size: number;
  readonly #plans: number;
  /** `[H, N, U]` */
  readonly #actions: Float32Array;

  private constructor(gaussian: ActionGaussian, plans: number, { polishSteps, polishRate }: PolishSettings) {
    this.#descent = new Descent(gaussian, plans, { steps: polishSteps, rate: polishRate });
    this.#actionSize = gaussian.actionSize;
    this.#size = gaussian.size;
    this.#plans = plans;
    this.#actions = new Float32Array(gaussian.size * plans);
  }

  /**
   * Undefined where nothing is to be refined.
   * @param gaussian whose bounds are kept
   * @param most largest number of sequences that there can be
   */
  static create(gaussian: ActionGaussian, settings: PolishSettings, most: number): Polish | undefined {
    if (settings.polishSteps === 0) return undefined;
    return new Polish(gaussian, Math.min(settings.polishPlans, most), settings);
  }

  /**
   * Refines the first of the sequences in place, each to the best that the descent from it came by, and puts all in order again.
   * @throws UsageError without derivatives
   */
  async refine(found: Ranked, cost: CostFunction, gradient: CostGradientFunction | undefined): Promise<void> {
    if (gradient === undefined) throw noDerivatives();
    const { sequences, costs, count } = found;
    const size = this.#size;
    const refined = Math.min(count, this.#plans);
    // Where fewer were found, the last place is filled with the first: another number would need another graph.
    for (let n = 0; n < this.#plans; n++) {
      const at = n < refined ? n : 0;
      const sequence = sequences.subarray(at * size, (at + 1) * size);
      writeSequence(this.#actions, this.#plans, n, sequence, this.#actionSize);
    }
    await this.#descent.run(this.#actions, { cost, gradient }, (reached) => {
      for (let n = 0; n < refined; n++) {
        if (!Number.isFinite(reached[n]) || reached[n]! >= costs[n]!) continue;
        costs[n] = reached[n]!;
        const out = sequences.subarray(n * size, (n + 1) * size);
        readSequence(this.#actions, this.#plans, n, out, this.#actionSize);
      }
    });
    sort(sequences, costs, count, size);
  }
}

function noDerivatives(): UsageError {
  return new UsageError({
    what: "The planner cannot refine its sequences",
    got: "a call of plan() with costs alone",
    expected: "derivatives of the costs as well, because planner.polishSteps is above 0",
    todo: "Call plan(cost, gradient), or make the planner with polishSteps 0",
  });
}

/** Puts the first `count` sequences and their costs in order, best first; equal ones stay in theirs. */
function sort(sequences: Float32Array, costs: Float32Array, count: number, size: number): void {
  const [before, costsBefore] = [sequences.slice(0, count * size), costs.slice(0, count)];
  const order = [...costsBefore.keys()].sort((a, b) => {
    return costsBefore[a] === costsBefore[b] ? a - b : costsBefore[a]! - costsBefore[b]!;
  });
  for (const [to, from] of order.entries()) {
    sequences.set(before.subarray(from * size, (from + 1) * size), to * size);
    costs[to] = costsBefore[from]!;
  }
}
