import { count } from "../sim/core/count.js";
import { InputError, RunError, UsageError } from "../sim/core/errors.js";
import { type AnnealingSettings, annealingFactor } from "./annealing.js";
import type { KnotProblem } from "./knots.js";
import type { CostFunction, PlannerState, PlanningProblem } from "./types.js";

/**
 * The search distribution of a sampling planner: an independent Gaussian per (h, u), truncated by clipping.
 * Mean and std are float32 so that a saved warm start continues bit by bit.
 */
export class ActionGaussian {
  readonly horizon: number;
  readonly actionSize: number;
  /** `[H, U]`, units of the action. */
  readonly mean: Float32Array;
  /** `[H, U]`, units of the action. */
  readonly std: Float32Array;
  /** What annealing made of the std of every step, `[H]`. */
  readonly annealing: Float64Array;
  readonly #spacing: number;
  readonly #low: Float32Array;
  readonly #high: Float32Array;

  constructor(problem: KnotProblem) {
    this.horizon = problem.horizon;
    this.annealing = new Float64Array(problem.horizon).fill(1);
    this.#spacing = problem.spacing ?? 1;
    this.actionSize = problem.low.length;
    this.#low = Float32Array.from(problem.low);
    this.#high = Float32Array.from(problem.high);
    this.mean = new Float32Array(this.horizon * this.actionSize);
    this.std = new Float32Array(this.horizon * this.actionSize);
  }

  /** Number of entries of one action sequence, H·U. */
  get size(): number {
    return this.mean.length;
  }

  /** Turns unit-variance noise `[H, N, U]` in place into samples within bounds. */
  apply(noise: Float32Array, samples: number): void {
    const width = this.actionSize;
    for (let h = 0; h < this.horizon; h++) {
      const end = (h + 1) * samples * width;
      for (let u = 0; u < width; u++) {
        const mean = this.mean[h * width + u]!;
        const std = this.std[h * width + u]!;
        const low = this.#low[u]!;
        const high = this.#high[u]!;
        for (let i = h * samples * width + u; i < end; i += width) {
          const x = mean + std * noise[i]!;
          noise[i] = Math.min(Math.max(x, low), high);
        }
      }
    }
  }

  /**
   * Refits mean and std (of the population, divided by n) to action sequences.
   * @param elites `[count, H, U]`
   * @param momentum share of the old mean and std that stays, in [0, 1)
   */
  fit(elites: Float32Array, count: number, momentum: number): void {
    const { mean, std, size } = this;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let e = 0; e < count; e++) sum += elites[e * size + i]!;
      const average = sum / count;
      let squares = 0;
      for (let e = 0; e < count; e++) squares += (elites[e * size + i]! - average) ** 2;
      mean[i] = momentum * mean[i]! + (1 - momentum) * average;
      std[i] = momentum * std[i]! + (1 - momentum) * Math.sqrt(squares / count);
    }
  }

  /**
   * Sets the std of every step to those of the actions, times what annealing makes of them.
   * @param std `[U]`
   * @param iteration share of the iterations that are done, see `annealingFactor`
   */
  resetStd(std: readonly number[], annealing: AnnealingSettings, iteration: number): void {
    const last = this.horizon - 1;
    const steps = last * this.#spacing + 1;
    for (let h = 0; h <= last; h++) {
      const factor = annealingFactor(annealing, iteration, ((last - h) * this.#spacing) / steps);
      this.annealing[h] = factor;
      for (const [u, value] of std.entries()) this.std[h * this.actionSize + u] = factor * value;
    }
  }

  /** First action `[U]` of an action sequence `[H, U]`, clipped, as a copy. */
  firstAction(sequence: Float32Array): Float32Array {
    const action = sequence.slice(0, this.actionSize);
    this.clip(action);
    return action;
  }

  /** Clips actions `[…, U]` in place to the bounds. */
  clip(actions: Float32Array): void {
    for (let i = 0; i < actions.length; i++) {
      const u = i % this.actionSize;
      actions[i] = Math.min(Math.max(actions[i]!, this.#low[u]!), this.#high[u]!);
    }
  }
}

/** One number for all actions, or one for each, `[U]`. */
export type PerAction = number | readonly number[];

/**
 * The number of each action, `[U]`.
 * @throws UsageError when a list has another length
 */
export function perAction(value: PerAction, actions: number, setting: string): number[] {
  const list = typeof value === "number" ? new Array<number>(actions).fill(value) : [...value];
  if (list.length === actions) return list;
  throw new UsageError({
    what: `Setting ${setting} does not fit the task`,
    got: count(list.length, "number"),
    expected: `one number, or one for each of ${count(actions, "action")}`,
    todo: `Set it anew, for example --set ${setting}=${list[0]}`,
  });
}

/**
 * Evaluates `actions` `[H, N, U]`.
 * @param meanwhile runs exactly once, during the evaluation or after it
 * @returns costs `[N]`
 * @throws {RunError} when the cost function returns another number of costs
 */
export async function evaluate(
  cost: CostFunction,
  actions: Float32Array,
  samples: number,
  meanwhile: () => void,
): Promise<Float32Array> {
  let done = false;
  const once = () => {
    if (!done) meanwhile();
    done = true;
  };
  const costs = await cost(actions, samples, once);
  once();
  checkLength("costs", costs, samples, "one per action sequence");
  return costs;
}

/** @throws {RunError} when a cost function returned another number of entries than wanted */
export function checkLength(name: string, array: Float32Array, wanted: number, why: string): void {
  if (array.length === wanted) return;
  throw new RunError({
    what: `The cost function returned the wrong number of ${name}`,
    got: `${array.length}`,
    expected: `${wanted}, ${why}`,
    todo: "Return an array of exactly that length.",
  });
}

/**
 * Indices of the lowest costs, best first, equal costs in order of index. Non-finite costs are never chosen, so
 * that a sequence on which the model diverged cannot enter a refit; there may be fewer elites than wanted.
 * A sorted insertion: after the first few, hardly any sample is good enough to move something.
 * @param costs `[N]`
 * @param out receives the indices; its length is the number wanted
 * @returns the number of elites found, 1 … out.length
 * @throws {RunError} when no cost is finite
 */
export function selectElites(costs: ArrayLike<number>, out: Int32Array): number {
  const wanted = out.length;
  let count = 0;
  for (let n = 0; n < costs.length; n++) {
    const c = costs[n]!;
    if (!Number.isFinite(c) || (count === wanted && c >= costs[out[count - 1]!]!)) continue;
    let at = count < wanted ? count++ : count - 1;
    for (; at > 0 && costs[out[at - 1]!]! > c; at--) out[at] = out[at - 1]!;
    out[at] = n;
  }
  if (count > 0) return count;
  throw noFiniteCost(costs);
}

/** What to throw when no action sequence has a finite cost. */
export function noFiniteCost(costs: ArrayLike<number>): RunError {
  return new RunError({
    what: "The predicted cost of every sampled action sequence is non-finite",
    got: `${costs.length} costs, the first ${costs[0]}`,
    expected: "at least one finite cost",
    todo: "The dynamics model has probably diverged: lower its learning rate or check the reward for divisions by zero.",
  });
}

/** Middle of the range of every action, or 0 where it is unbounded, as a sequence `[H, U]`. */
export function middleSequence({ horizon, low, high }: PlanningProblem): Float32Array {
  return new Float32Array(horizon * low.length).map((_, i) => {
    const u = i % low.length;
    const value = (low[u]! + high[u]!) / 2;
    return Number.isFinite(value) ? value : Math.min(Math.max(0, low[u]!), high[u]!);
  });
}

/** Copies sample `n` of `samples` `[H, N, U]` to `out` `[H, U]`. */
export function readSequence(
  samples: Float32Array,
  count: number,
  n: number,
  out: Float32Array,
  width: number,
) {
  const horizon = samples.length / (count * width);
  for (let h = 0; h < horizon; h++) {
    for (let u = 0; u < width; u++) out[h * width + u] = samples[(h * count + n) * width + u]!;
  }
}

/** Copies a sequence `[h, U]`, h ≤ H, over the first entries of sample `n` of `samples` `[H, N, U]`. */
export function writeSequence(
  samples: Float32Array,
  count: number,
  n: number,
  sequence: Float32Array,
  width: number,
) {
  const horizon = sequence.length / width;
  for (let h = 0; h < horizon; h++) {
    for (let u = 0; u < width; u++) samples[(h * count + n) * width + u] = sequence[h * width + u]!;
  }
}

/**
 * A saved array of a planner's warm start, as a copy; undefined when there was none.
 * @param size entries of one sequence
 * @param most largest number of sequences; 1 means exactly one
 * @throws {InputError} when it holds no whole number of sequences, or more than `most`
 */
export function restoreArray(state: PlannerState, name: string, size: number, most = 1) {
  const array = state.arrays[name];
  if (array === undefined) return undefined;
  const fits = most === 1 ? array.length === size : array.length <= most * size && array.length % size === 0;
  if (fits) return array.slice();
  throw new InputError({
    what: `The planner state does not fit this planner: array "${name}" has the wrong length`,
    got: `${array.length}`,
    expected: most === 1 ? `${size}` : `a multiple of ${size}, at most ${most * size}`,
    todo: "Restore with the task, horizon and planner settings the state was saved with.",
  });
}
