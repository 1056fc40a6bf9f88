import type { TaskSpec } from "../../sim/task.js";
import type { TaskDynamics } from "../model/dynamics.js";
import { encodeInput, featureCount } from "../model/features.js";
import { StateSpec } from "../model/model-state.js";
import { changeKinds, encodeChange } from "../model/state-change.js";
import { Novelty } from "../recognition/novelty.js";
import { OneStepModel } from "../recognition/one-step-model.js";
import type { HeldTransition } from "./held-transitions.js";
import { residualsOf } from "./surprise.js";

/** Encodes the transitions of a robot as its models read them, and says what the model in use did not foresee in them. */
export class StepErrors {
  readonly #states: StateSpec;
  readonly #kinds: ReturnType<typeof changeKinds>;
  readonly #actions: number;
  readonly #novelty = new Novelty([]);
  #model: OneStepModel | undefined;

  /** @param history see `StateSpec` */
  constructor(spec: TaskSpec, history: number) {
    this.#states = new StateSpec(spec, history);
    this.#kinds = changeKinds(spec);
    this.#actions = spec.action.length;
  }

  /** I */
  get inputs(): number {
    return featureCount(this.#states.spec) + this.#actions;
  }

  /** X */
  get targets(): number {
    return this.#states.spec.observation.length;
  }

  /** Whether there is a model in use. */
  get hasModel(): boolean {
    return this.#model !== undefined;
  }

  /** Goes on with other weights, or with no model. */
  use(dynamics: TaskDynamics | undefined): void {
    this.#model = dynamics && new OneStepModel(dynamics);
    if (dynamics !== undefined) this.#novelty.measureBy(dynamics.normalizer.inputScale);
  }

  /** Starts an episode: its first transition does not follow the last one. */
  startEpisode(): void {
    this.#novelty.restart();
  }

  /**
   * @param state `[S]`
   * @param action `[U]`
   * @param next observation `[X]`
   * @returns without errors where there is no model
   */
  of(state: Float32Array, action: ArrayLike<number>, next: Float32Array): HeldTransition {
    const input = new Float32Array(this.inputs);
    const target = new Float32Array(next.length);
    encodeInput(this.#states.spec, state, action, input);
    encodeChange(this.#kinds, state, next, target);
    if (this.#model === undefined) return { input, target, residuals: new Float64Array(0), share: 0 };
    const residuals = residualsOf(this.#model, input, target);
    return { input, target, residuals, share: this.#novelty.share(input) };
  }
}
