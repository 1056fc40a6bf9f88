import { Rng } from "../sim/core/rng.js";
import { type KnotProblem, oneStepLater } from "./knots.js";
import { middleSequence, restoreArray } from "./sampling.js";
import type { CostFunction, CostGradientFunction, Planner, PlannerState, Plans } from "./types.js";

/** What a shifted plan can end with: its last action once more, or the middle of the bounds. */
export const LAST_ACTIONS = ["repeat", "middle"] as const;
type LastAction = (typeof LAST_ACTIONS)[number];

export interface WarmPlanOptions {
  /** Whether plans are kept at all. */
  readonly enabled: boolean;
  readonly lastAction: LastAction;
  /** Name of the kept plan in a planner's state. */
  readonly name: string;
}

/** Where a control step's search starts: the last plan shifted by one step, or the middle of the bounds. */
export class WarmPlan {
  readonly #middle: Float32Array;
  readonly #actionSize: number;
  readonly #options: WarmPlanOptions;
  readonly #spacing: number | undefined;
  #shifted: Float32Array | undefined;

  constructor(problem: KnotProblem, options: Partial<WarmPlanOptions>) {
    this.#spacing = problem.spacing;
    this.#middle = middleSequence(problem);
    this.#actionSize = problem.low.length;
    this.#options = { enabled: true, lastAction: "repeat", name: "plan", ...options };
  }

  /** The last plan shifted, `[H, U]`, when there is one. */
  get kept(): Float32Array | undefined {
    return this.#shifted;
  }

  /** The sequence to start from, `[H, U]`. */
  get start(): Float32Array {
    return this.#shifted ?? this.#middle;
  }

  /** Keeps a plan `[H, U]`, shifted, for the next control step. */
  keep(plan: Float32Array): void {
    const { enabled, lastAction } = this.#options;
    if (!enabled) return;
    const after = (lastAction === "repeat" ? plan : this.#middle).subarray(-this.#actionSize);
    this.#shifted = oneStepLater(plan, after, this.#spacing);
  }

  reset(): void {
    this.#shifted = undefined;
  }

  /** What a planner's state holds of it. */
  arrays(): Record<string, Float32Array> {
    return this.#shifted ? { [this.#options.name]: this.#shifted.slice() } : {};
  }

  /** @throws {InputError} when the saved plan has another size */
  restore(state: PlannerState): void {
    this.#shifted = restoreArray(state, this.#options.name, this.#middle.length);
  }
}

/** What every planner keeps between control steps: its random stream and the shifted plan. */
export abstract class WarmPlanner implements Planner {
  protected rng: Rng;
  protected readonly warm: WarmPlan;

  constructor(problem: KnotProblem, rng: Rng, options: Partial<WarmPlanOptions>) {
    this.rng = rng;
    this.warm = new WarmPlan(problem, options);
  }

  abstract plan(cost: CostFunction, gradient: CostGradientFunction): Promise<Float32Array>;

  abstract plans(most: number): Plans;

  reset(): void {
    this.warm.reset();
  }

  state(): PlannerState {
    return { rng: this.rng.state(), arrays: this.warm.arrays() };
  }

  /** @throws {InputError} when the saved plan has another size */
  restore(state: PlannerState): void {
    this.warm.restore(state);
    this.rng = Rng.fromState(state.rng);
  }
}
