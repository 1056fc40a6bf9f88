import type { LearnerState } from "../../../agent/learner.js";
import type { NormalizerArrays } from "../../../agent/model/normalizer.js";
import type { TrainingData } from "../../../agent/model/replay-buffer.js";
import { adam, boundsPenalty, clip, differentiate, type Group, negativeLogLikelihood } from "./reference.js";

/** Plain networks with tanh in float64, from the formulas; nothing here is shared with what is tested. */
export interface Row {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A transition as its task's normaliser shows it. */
export function normalizedRow(data: TrainingData, n: NormalizerArrays, row: number): Row {
  const [I, X] = [data.inputSize, data.targetSize];
  return {
    x: Array.from({ length: I }, (_, i) => (data.inputs[row * I + i]! - n.inputMean[i]!) * n.inputScale[i]!),
    y: Array.from({ length: X }, (_, i) => (data.targets[row * X + i]! - n.targetMean[i]!) / n.targetStd[i]!),
  };
}

/** Outputs of a network of `sizes` for weights in the order weight `[in, out]`, bias, layer after layer. */
export function forward(sizes: readonly number[], w: ArrayLike<number>, x: readonly number[]): number[] {
  let at = 0;
  return sizes.slice(1).reduce<number[]>(
    (h, out, i) => {
      const z = Array.from({ length: out }, (_, o) => {
        let sum = w[at + h.length * out + o]!;
        h.forEach((value, r) => {
          sum += value * w[at + r * out + o]!;
        });
        return sum;
      });
      at += (h.length + 1) * out;
      return i + 2 < sizes.length ? z.map(Math.tanh) : z;
    },
    [...x],
  );
}

/** `Σ_b ‖ŷ - y‖² / X`, or with bounds behind the weights the loss of two heads. */
export function lossOf(
  sizes: readonly number[],
  w: ArrayLike<number>,
  rows: readonly Row[],
  variance = false,
): number {
  const last = sizes[sizes.length - 1]!;
  const bounds = variance ? Array.from(w).slice(-last) : [];
  const one = ({ x, y }: Row) => {
    const output = forward(sizes, w, x);
    if (variance) return negativeLogLikelihood(output, y, bounds);
    return y.reduce((sum, target, k) => sum + (output[k]! - target) ** 2 / y.length, 0);
  };
  return rows.reduce((sum, row) => sum + one(row), variance ? boundsPenalty(bounds) : 0);
}

/** The arrays of a state whose moments it holds too: parameters with their optimiser, in the order of their names. */
export function trainedOf({ arrays }: LearnerState): Group {
  const names = Object.keys(arrays).filter((name) => `${name}.m` in arrays);
  const join = (suffix: string) =>
    Float64Array.from(names.flatMap((name) => [...arrays[name + suffix]!.data]));
  return { value: join(""), m: join(".m"), v: join(".v") };
}

/** One step of Adam down the gradient of a loss, which is clipped to a norm. */
export function adamStepOn(
  loss: (p: Float64Array) => number,
  before: Group,
  options: { readonly learningRate: number; readonly clipNorm: number; readonly step: number },
): Group {
  const gradient = clip(differentiate(loss, before.value), options.clipNorm);
  return adam(before, gradient, options.learningRate, options.step);
}
