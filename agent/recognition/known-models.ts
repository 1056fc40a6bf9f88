import type { TaskSpec } from "../../sim/task.js";
import { encodeInput, featureCount, type TaskDynamics } from "../model/dynamics.js";
import { StateSpec } from "../model/model-state.js";
import { changeKinds, encodeChange } from "../model/state-change.js";
import { OneStepModel } from "./one-step-model.js";
import { logStudentT } from "./posterior.js";

/** A model that a transition can be compared with. */
export interface KnownTask {
  readonly dynamics: TaskDynamics;
  /** `[X]`, see `residualScale`. */
  readonly residualScale: Float32Array;
}

/** The models of K known tasks with the same channels, which say how well each explains a transition. */
export class KnownModels {
  readonly #states: StateSpec;
  readonly #kinds: ReturnType<typeof changeKinds>;
  readonly #tasks: readonly { readonly model: OneStepModel; readonly scale: Float32Array }[];
  readonly #input: Float32Array;
  readonly #change: Float32Array;

  /**
   * @param spec of every task
   * @param history past changes that the models see of each moving quantity, see `StateSpec`
   */
  constructor(spec: TaskSpec, history: number, tasks: readonly KnownTask[]) {
    this.#states = new StateSpec(spec, history);
    this.#kinds = changeKinds(spec);
    this.#tasks = tasks.map(({ dynamics, residualScale }) => ({
      model: new OneStepModel(dynamics),
      scale: residualScale,
    }));
    this.#input = new Float32Array(featureCount(this.#states.spec) + spec.action.length);
    this.#change = new Float32Array(spec.observation.length);
  }

  /**
   * Log-likelihoods `[K]` of a transition, see `logStudentT`, summed over what a model predicts; NaN of a model that
   * predicts something that is no number.
   * @param state `[S]`
   * @param action `[U]`
   * @param next observation `[X]`, or the state that begins with it
   */
  logLikelihoods(state: Float32Array, action: ArrayLike<number>, next: Float32Array): Float64Array {
    encodeInput(this.#states.spec, state, action, this.#input);
    encodeChange(this.#kinds, state, next, this.#change);
    return Float64Array.from(this.#tasks, ({ model, scale }) => {
      const { change, std } = model.predict(this.#input);
      return change.reduce(
        (sum, predicted, i) => sum + logStudentT(this.#change[i]! - predicted, scale[i]! * std[i]!),
        0,
      );
    });
  }
}
