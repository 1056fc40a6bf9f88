import { middleSequence, restoreArray } from "./sampling.js";
import type { PlannerState, PlanningProblem } from "./types.js";

/** Where a control step's search starts: the last plan shifted by one step, or the middle of the bounds. */
export class WarmPlan {
  readonly #middle: Float32Array;
  readonly #actionSize: number;
  readonly #enabled: boolean;
  #shifted: Float32Array | undefined;

  /** @param enabled whether plans are kept at all */
  constructor(problem: PlanningProblem, enabled: boolean) {
    this.#middle = middleSequence(problem);
    this.#actionSize = problem.low.length;
    this.#enabled = enabled;
  }

  /** The last plan shifted, `[H, U]`, when there is one. */
  get kept(): Float32Array | undefined {
    return this.#shifted;
  }

  /** The sequence to start from, `[H, U]`. */
  get start(): Float32Array {
    return this.#shifted ?? this.#middle;
  }

  /** Keeps a plan `[H, U]` for the next control step: shifted, its last action repeated. */
  keep(plan: Float32Array): void {
    if (!this.#enabled) return;
    this.#shifted = plan.slice();
    this.#shifted.copyWithin(0, this.#actionSize);
  }

  reset(): void {
    this.#shifted = undefined;
  }

  /** What a planner's state holds of it. */
  arrays(): Record<string, Float32Array> {
    return this.#shifted ? { plan: this.#shifted.slice() } : {};
  }

  /** @throws {InputError} when the saved plan has another size */
  restore(state: PlannerState): void {
    this.#shifted = restoreArray(state, "plan", this.#middle.length);
  }
}
