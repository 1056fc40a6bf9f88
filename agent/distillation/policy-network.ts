import type { TaskSpec } from "../../sim/task.js";
import { encodeInput, featureCount } from "../model/features.js";
import { StateSpec } from "../model/model-state.js";
import { layerSizes, type MlpShape } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";

/** What chooses the actions of one task in the place of a planner: the weights of a network from states to actions. */
export interface PolicyWeights {
  /** `[P]`, see `parameterShapes` */
  readonly weights: Float32Array;
  /** Of the features of a state, `[I]`, and of actions, `[U]`. */
  readonly normalizer: NormalizerArrays;
}

const HIDDEN = [64, 64];

/** From the features φ(s) of a state to an action `[U]`: two hidden layers of 64 tanh units. @param history as in `StateSpec` */
export function policyShape(spec: TaskSpec, history: number): MlpShape {
  const sizes = [featureCount(new StateSpec(spec, history).spec), ...HIDDEN, spec.action.length];
  return { sizes, activation: "tanh" };
}

/** A policy network, ready to act: one pass through three layers for each action. */
export class PolicyNetwork {
  /** The task's, with the channels of a state as observation. */
  readonly #states: TaskSpec;
  readonly #action: TaskSpec["action"];
  readonly #layers: readonly (readonly [rows: number, columns: number])[];
  readonly #policy: PolicyWeights;
  readonly #features: Float32Array;

  constructor(spec: TaskSpec, history: number, policy: PolicyWeights) {
    const shape = policyShape(spec, history);
    this.#states = new StateSpec(spec, history).spec;
    this.#action = spec.action;
    this.#layers = layerSizes(shape);
    this.#policy = policy;
    this.#features = new Float32Array(shape.sizes[0]!);
  }

  /** The action `[U]` to make in a state `[S]`, within its bounds. */
  act(state: ArrayLike<number>): Float32Array {
    const { weights, normalizer } = this.#policy;
    const { inputMean, inputScale, targetMean, targetStd } = normalizer;
    encodeInput(this.#states, state, [], this.#features);
    let values = this.#features.map((x, i) => (x - inputMean[i]!) * inputScale[i]!);
    let at = 0;
    for (const [rows, columns] of this.#layers) {
      const bias = at + rows * columns;
      const next = weights.slice(bias, bias + columns);
      for (let i = 0; i < rows; i++) {
        const x = values[i]!;
        for (let o = 0; o < columns; o++) next[o]! += x * weights[at + i * columns + o]!;
      }
      at = bias + columns;
      values = at < weights.length ? next.map(Math.tanh) : next;
    }
    return values.map((y, u) => {
      const { low, high } = this.#action[u]!;
      return Math.min(Math.max(y * targetStd[u]! + targetMean[u]!, low), high);
    });
  }
}
