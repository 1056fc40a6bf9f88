import type { Rng } from "../../sim/core/rng.js";
import { type Activation, inputSize as inputsOf, type MlpShape, targetSize as targetsOf } from "./network.js";
import type { NormalizerArrays } from "./normalizer.js";

const FUNCTIONS: Readonly<Record<Activation, (x: number) => number>> = {
  relu: (x) => Math.max(0, x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  tanh: Math.tanh,
};

/** Biases are drawn from -2 to 2: inputs have a standard deviation of one, so each unit bends where there are data. */
const FARTHEST_BEND = 2;

/** What a linear layer on random features says: `[D + 1, X]`, the last row of which are the biases. */
export type Readout = Float64Array;

/**
 * A hidden layer that is drawn once and never trained: φ(x) = σ(x V + c), with columns of V of length one, and a last feature that is
 * always 1. A linear layer on it can be fitted in closed form (Rahimi & Recht 2007, Random Features for Large-Scale Kernel Machines).
 */
export class RandomFeatures {
  /** D + 1: how many features there are, with the one that is always 1. */
  readonly count: number;
  readonly #shape: MlpShape;
  /** V, `[I, D]`. */
  readonly #weight: Float32Array;
  /** c, `[D]`. */
  readonly #bias: Float32Array;

  /** @param shape of a network with one hidden layer */
  constructor(shape: MlpShape, rng: Rng) {
    const I = inputsOf(shape);
    const D = shape.sizes[1]!;
    this.count = D + 1;
    this.#shape = shape;
    this.#weight = new Float32Array(I * D);
    this.#bias = new Float32Array(D);
    for (let d = 0; d < D; d++) {
      const column = Float64Array.from({ length: I }, () => rng.normal());
      const length = Math.hypot(...column);
      for (let i = 0; i < I; i++) this.#weight[i * D + d] = column[i]! / length;
      this.#bias[d] = FARTHEST_BEND * (2 * rng.uniform() - 1);
    }
  }

  /**
   * Features of inputs.
   * @param x `[N, I]`, as a normaliser shows them
   * @returns `[N, D + 1]`
   */
  of(x: Float64Array): Float64Array {
    const I = inputsOf(this.#shape);
    const [D, count] = [this.count - 1, this.count];
    const activate = FUNCTIONS[this.#shape.activation];
    const rows = x.length / I;
    const out = new Float64Array(rows * count);
    for (let n = 0; n < rows; n++) {
      const row = out.subarray(n * count, (n + 1) * count);
      row.set(this.#bias);
      for (let i = 0; i < I; i++) {
        const value = x[n * I + i]!;
        for (let d = 0; d < D; d++) row[d]! += value * this.#weight[i * D + d]!;
      }
      for (let d = 0; d < D; d++) row[d] = activate(row[d]!);
      row[D] = 1;
    }
    return out;
  }

  /**
   * The network that features and readout make together, for inputs and targets as a task's normaliser shows them.
   * @param readout fitted to inputs and targets as `reference` shows them
   * @param reference units of the features and of the readout
   * @param task units of the network
   * @returns its weights `[P]`, layer after layer
   */
  network(readout: Readout, reference: NormalizerArrays, task: NormalizerArrays): Float32Array {
    const I = inputsOf(this.#shape);
    const X = targetsOf(this.#shape);
    const D = this.count - 1;
    // An input x̂ of the task is (x̂ / scale + mean - mean₀) scale₀ in the reference's units; a target likewise.
    const bias = Float64Array.from(this.#bias);
    const weight = Float64Array.from(this.#weight, (value, at) => {
      const i = Math.floor(at / D);
      const scale = reference.inputScale[i]!;
      bias[at % D]! += value * scale * (task.inputMean[i]! - reference.inputMean[i]!);
      return (value * scale) / task.inputScale[i]!;
    });
    const last = Float64Array.from(readout, (value, at) => {
      const k = at % X;
      const inUnits = value * reference.targetStd[k]!;
      const shift = at < D * X ? 0 : reference.targetMean[k]! - task.targetMean[k]!;
      return (inUnits + shift) / task.targetStd[k]!;
    });
    const network = new Float32Array(I * D + D + this.count * X);
    network.set(weight);
    network.set(bias, I * D);
    network.set(last, I * D + D);
    return network;
  }
}
