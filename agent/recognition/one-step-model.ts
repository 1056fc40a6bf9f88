import type { TaskDynamics } from "../model/dynamics.js";
import { type Activation, layerSizes, targetSize } from "../model/network.js";
import { logVariance } from "../model/output-variance.js";

const ACTIVATIONS: Readonly<Record<Activation, (x: number) => number>> = {
  relu: (x) => Math.max(x, 0),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  tanh: Math.tanh,
};

/** What a model says of the next observation. */
export interface Prediction {
  /** Change of the observation as `encodeChange` writes it, `[X]`. */
  readonly change: Float64Array;
  /**
   * Standard deviation of the change, `[X]`: with `dynamics.outputVariance` as the model predicts it, otherwise that of all targets of
   * the task (1 where targets are not normalised), which is a unit rather than a prediction.
   */
  readonly std: Float64Array;
}

/**
 * One task's dynamics network for one transition at a time, in float64. For a single row the runtime of graphs takes longer to be
 * called than the arithmetic does.
 */
export class OneStepModel {
  readonly #dynamics: TaskDynamics;
  /** X */
  readonly #size: number;

  /** @param dynamics whose arrays are read at every prediction, not copied */
  constructor(dynamics: TaskDynamics) {
    this.#dynamics = dynamics;
    this.#size = targetSize(dynamics.shape);
  }

  /** Predicts from the model's input `[φ(s), u]`, `[I]`, see `encodeInput`. */
  predict(input: ArrayLike<number>): Prediction {
    const { shape, weights, normalizer } = this.#dynamics;
    const { inputMean, inputScale, targetMean, targetStd } = normalizer;
    const layers = layerSizes(shape);
    const activate = ACTIVATIONS[shape.activation];
    let x: Float64Array = Float64Array.from(inputMean, (mean, i) => (input[i]! - mean) * inputScale[i]!);
    let at = 0;
    for (const [l, [ins, outs]] of layers.entries()) {
      const bias = at + ins * outs;
      const y = Float64Array.from(weights.subarray(bias, bias + outs));
      for (let i = 0; i < ins; i++) {
        const [value, row] = [x[i]!, at + i * outs];
        for (let o = 0; o < outs; o++) y[o]! += value * weights[row + o]!;
      }
      x = l < layers.length - 1 ? y.map(activate) : y;
      at = bias + outs;
    }
    const X = this.#size;
    const spread = (i: number) =>
      shape.outputVariance ? Math.exp(logVariance(x[X + i]!, weights[at + i]!, weights[at + X + i]!) / 2) : 1;
    return {
      change: Float64Array.from(targetStd, (std, i) => x[i]! * std + targetMean[i]!),
      std: Float64Array.from(targetStd, (std, i) => std * spread(i)),
    };
  }
}
