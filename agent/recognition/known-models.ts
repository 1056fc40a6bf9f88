import { meanOf } from "../../sim/core/mean.js";
import type { TaskSpec } from "../../sim/task.js";
import type { TaskDynamics } from "../model/dynamics.js";
import { encodeInput, featureCount } from "../model/features.js";
import { StateSpec } from "../model/model-state.js";
import { changeKinds, encodeChange } from "../model/state-change.js";
import { Novelty } from "./novelty.js";
import { OneStepModel, type Prediction } from "./one-step-model.js";
import { logStudentT } from "./posterior.js";

/** A model that a transition can be compared with. */
export interface KnownTask {
  readonly dynamics: TaskDynamics;
  /** `[X]`, see the function `residualScale`. */
  readonly residualScale: Float32Array;
}

/** What a transition says of K tasks. */
export interface Evidence {
  /**
   * Log-likelihoods `[K]` of the transition, see `logStudentT`, summed over what a model predicts and multiplied by how new the
   * transition is, see `Novelty`; NaN of a model that predicts something that is no number.
   */
  readonly logLikelihoods: Float64Array;
  /**
   * How far apart the two models are that differ most in what they predict: root mean square over the X numbers, in units of the scale
   * of the models' errors. Two that are off by chance alone differ by about 1.4.
   */
  readonly disagreement: number;
}

/** The models of K known tasks with the same channels, which say how well each explains the transitions of an episode. */
export class KnownModels {
  readonly #states: StateSpec;
  readonly #kinds: ReturnType<typeof changeKinds>;
  readonly #tasks: readonly { readonly model: OneStepModel; readonly own: Float32Array }[];
  readonly #novelty: Novelty;
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
      own: residualScale,
    }));
    this.#input = new Float32Array(featureCount(this.#states.spec) + spec.action.length);
    this.#change = new Float32Array(spec.observation.length);
    const scales = tasks.map(({ dynamics }) => dynamics.normalizer.inputScale);
    this.#novelty = new Novelty(
      Float64Array.from(this.#input, (_, i) => meanOf(scales.map((own) => own[i]!))),
    );
  }

  /** Starts an episode: its first transition does not follow the last one. */
  startEpisode(): void {
    this.#novelty.restart();
  }

  /**
   * Compares a transition with what each model predicts. All are measured by one scale, the root mean square of theirs: with scales
   * of their own, a task whose model was the least exact would explain best what no model foresees.
   * @param state `[S]`
   * @param action `[U]`
   * @param next observation `[X]`, or the state that begins with it
   */
  compare(state: Float32Array, action: ArrayLike<number>, next: Float32Array): Evidence {
    encodeInput(this.#states.spec, state, action, this.#input);
    encodeChange(this.#kinds, state, next, this.#change);
    const predictions = this.#tasks.map(({ model }) => model.predict(this.#input));
    const scale = this.#scale(predictions);
    const share = this.#novelty.share(this.#input);
    return {
      logLikelihoods: Float64Array.from(
        predictions,
        ({ change }) =>
          share * change.reduce((sum, value, i) => sum + logStudentT(this.#change[i]! - value, scale[i]!), 0),
      ),
      disagreement: disagreementOf(predictions, scale),
    };
  }

  /** `[X]`, the scale of the models' errors in the units of the change; of models whose own is a number. */
  #scale(predictions: readonly Prediction[]): Float64Array {
    return Float64Array.from(this.#change, (_, i) => {
      const squares = predictions
        .map(({ std }, k) => (std[i]! * this.#tasks[k]!.own[i]!) ** 2)
        .filter(Number.isFinite);
      return squares.length === 0 ? 1 : Math.sqrt(meanOf(squares));
    });
  }
}

/** See `Evidence.disagreement`; models that predict no number are left out. */
function disagreementOf(predictions: readonly Prediction[], scale: Float64Array): number {
  let most = 0;
  for (const [k, a] of predictions.entries()) {
    for (const b of predictions.slice(k + 1)) {
      const squares = scale.reduce((sum, s, i) => sum + ((a.change[i]! - b.change[i]!) / s) ** 2, 0);
      if (Number.isFinite(squares)) most = Math.max(most, squares);
    }
  }
  return Math.sqrt(most / scale.length);
}
