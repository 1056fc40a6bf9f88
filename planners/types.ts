import type { Rng, RngState } from "../sim/core/rng.js";
import type { SettingFields, SettingValues } from "../sim/core/setting-fields.js";

/**
 * What a planner knows of the problem: sizes and bounds, nothing else. Where a task's bounds are not ±1, the planner sees
 * scaled actions, whose bounds are.
 */
export interface PlanningProblem {
  /** H, number of actions looked ahead. */
  readonly horizon: number;
  /** Lower bound of each action entry, `[U]`. */
  readonly low: ArrayLike<number>;
  /** Upper bound of each action entry, `[U]`. */
  readonly high: ArrayLike<number>;
}

/**
 * Predicted costs of `samples` action sequences from the current observation.
 * @param actions `[H, N, U]`, row-major, N = samples
 * @param meanwhile work of the planner's own that a cost function may let run, once, while others compute
 * @returns costs `[N]`, valid until the next call; a non-finite cost counts as the worst
 */
export type CostFunction = (
  actions: Float32Array,
  samples: number,
  meanwhile?: () => void,
) => Promise<Float32Array>;

/** Costs of action sequences and their derivatives. */
export interface CostGradient {
  /** `[N]`; a non-finite cost counts as the worst. */
  readonly costs: Float32Array;
  /** Derivative of each sequence's cost with respect to its own actions, `[H, N, U]`; need not be finite. */
  readonly gradient: Float32Array;
}

/**
 * Predicted costs of `samples` action sequences, with derivatives.
 * @param actions `[H, N, U]`, row-major, N = samples
 * @returns valid until the next call
 */
export type CostGradientFunction = (actions: Float32Array, samples: number) => Promise<CostGradient>;

/** Warm start of a planner, enough to continue bit by bit. */
export interface PlannerState {
  readonly rng: RngState;
  /** Named arrays, e.g. the shifted mean `[H, U]`. */
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

/** What a planner decided on and what else it had in view. */
export interface Plans {
  /** The sequence whose first action is executed, `[H, U]`. */
  readonly chosen: Float32Array;
  /** Low-cost sequences of its last round, best first, `[K, H, U]`; may hold the chosen one. */
  readonly others: Float32Array;
}

/** A planner: functions of action sequences in, the next action out. */
export interface Planner {
  /** Returns the action `[U]` to execute now, within bounds. */
  plan(cost: CostFunction, gradient: CostGradientFunction): Promise<Float32Array>;
  /**
   * Copies of what the last call of `plan` decided between, for people to look at.
   * @param most largest K; of more, some from best to worst
   */
  plans(most: number): Plans;
  /** Forgets the warm start; call at the start of every episode. Randomness continues. */
  reset(): void;
  /** The warm start and the random stream, as copies. */
  state(): PlannerState;
  /**
   * Continues from a saved state.
   * @throws InputError when an array has another size
   */
  restore(state: PlannerState): void;
}

/** A planner that can do with costs only. */
export interface SamplingPlanner extends Planner {
  plan(cost: CostFunction, gradient?: CostGradientFunction): Promise<Float32Array>;
}

/** Makes a planner for a problem; `rng` is its stream of random numbers. */
export type PlannerFactory<S, P extends Planner = SamplingPlanner> = (
  problem: PlanningProblem,
  settings: S,
  rng: Rng,
) => P;

/**
 * A planner as the registry and the settings know it: its settings are part of the group `planner`, beside
 * `planner.name` and `planner.horizon`.
 */
export interface PlannerDefinition<F extends SettingFields = SettingFields> {
  /** Value of `planner.name` that chooses it. */
  readonly name: string;
  /** One sentence on what it does. */
  readonly summary: string;
  /** Its settings by name; those that other planners have too are in `plannerFields`. */
  readonly settings: F;
  /**
   * Makes a planner for a problem.
   * @throws UsageError when a setting does not fit the problem
   */
  create(problem: PlanningProblem, settings: SettingValues<F>, rng: Rng): Planner;
}

/** Lets TypeScript find the type of a planner's settings from their fields. */
export function definePlanner<F extends SettingFields>(
  definition: PlannerDefinition<F>,
): PlannerDefinition<F> {
  return definition;
}
