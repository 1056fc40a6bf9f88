import type { CostGradient } from "../planners/types.js";
import { UsageError } from "../sim/core/errors.js";
import type { ActionChannel } from "../sim/task.js";

/** Whether every action's bounds are ±1. */
export function isUnitScaled(action: readonly ActionChannel[]): boolean {
  return action.every(({ low, high }) => low === -1 && high === 1);
}

/** @throws UsageError when an action has no bounds: nobody could draw from all of it, or tell how far apart samples must be */
export function checkBounded(action: readonly ActionChannel[]): void {
  const unbounded = action.find(({ low, high }) => !(Number.isFinite(high - low) && low < high));
  if (unbounded === undefined) return;
  throw new UsageError({
    what: `Action ${unbounded.name} is not bounded, and exploring and planning draw actions between their bounds`,
    got: `${unbounded.low} to ${unbounded.high}`,
    expected: "two finite numbers, low < high",
    todo: "Give the action's channel the range that the task needs",
  });
}

/** Between the actions of a planner, whose bounds are all ±1, and a task's own. */
export class ActionScale {
  readonly #low: readonly number[];
  readonly #high: readonly number[];
  readonly #middle: readonly number[];
  readonly #half: readonly number[];
  #sequences = new Float32Array(0);
  #gradient = new Float32Array(0);

  constructor(action: readonly ActionChannel[]) {
    this.#low = action.map(({ low }) => Math.fround(low));
    this.#high = action.map(({ high }) => Math.fround(high));
    this.#middle = action.map(({ low, high }) => (low + high) / 2);
    this.#half = action.map(({ low, high }) => (high - low) / 2);
  }

  /** The task's actions for scaled ones `[…, U]`, as a copy. */
  own(scaled: Float32Array): Float32Array {
    return this.#write(scaled, new Float32Array(scaled.length));
  }

  /** The same for sequences `[H, N, U]`; valid until the next call. */
  sequences(scaled: Float32Array): Float32Array {
    if (this.#sequences.length !== scaled.length) this.#sequences = new Float32Array(scaled.length);
    return this.#write(scaled, this.#sequences);
  }

  /** Costs with their derivatives by the scaled actions, from those by the task's own; valid until the next call. */
  derivative({ costs, gradient }: CostGradient): CostGradient {
    if (this.#gradient.length !== gradient.length) this.#gradient = new Float32Array(gradient.length);
    const out = this.#gradient;
    for (let i = 0; i < out.length; i++) out[i] = gradient[i]! * this.#half[i % this.#half.length]!;
    return { costs, gradient: out };
  }

  #write(scaled: Float32Array, out: Float32Array): Float32Array {
    const actions = this.#half.length;
    for (let i = 0; i < scaled.length; i++) {
      const u = i % actions;
      const value = this.#middle[u]! + this.#half[u]! * scaled[i]!;
      out[i] = Math.min(Math.max(value, this.#low[u]!), this.#high[u]!);
    }
    return out;
  }
}
