import type { TaskSpec } from "../../sim/task.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { featureCount } from "./features.js";
import { StateSpec } from "./model-state.js";
import type { Activation, Layer, MlpShape } from "./network.js";
import type { NormalizerArrays } from "./normalizer.js";

/** What predicts one task. */
export interface TaskDynamics {
  readonly shape: MlpShape;
  /** `[P]` */
  readonly weights: Float32Array;
  readonly normalizer: NormalizerArrays;
}

/**
 * Shape of the dynamics network of a task: `[φ(s), u]` → change of x (see `encodeChange`), or its mean and log-variance; s
 * is x followed by `history` changes, see `StateSpec`.
 */
export function dynamicsShape(
  spec: TaskSpec,
  hidden: readonly number[],
  activation: Activation,
  outputVariance = false,
  history = 0,
): MlpShape {
  const outputs = (outputVariance ? 2 : 1) * spec.observation.length;
  const states = new StateSpec(spec, history);
  const sizes = [featureCount(states.spec) + spec.action.length, ...hidden, outputs];
  return { sizes, activation, ...(outputVariance && { outputVariance }) };
}

/** Graph inputs that hold a task's normaliser; see `Normalizer`. */
export interface NormalizerTensors {
  /** `[I, 1]` */
  readonly inputMean: Tensor;
  /** `[I, 1]`, one over the standard deviation */
  readonly inputScale: Tensor;
  /** `[1, X]` */
  readonly targetMean: Tensor;
  /** `[1, X]` */
  readonly targetStd: Tensor;
}

export function normalizerInputs(graph: Graph, inputSize: number, outputSize: number): NormalizerTensors {
  return {
    inputMean: graph.input("inputMean", [inputSize, 1]),
    inputScale: graph.input("inputScale", [inputSize, 1]),
    targetMean: graph.input("targetMean", [1, outputSize]),
    targetStd: graph.input("targetStd", [1, outputSize]),
  };
}

/** Moves the normaliser into the first and last layer, so that a rollout step pays nothing for it. */
export function foldNormalizer(layers: readonly Layer[], normalizer: NormalizerTensors): Layer[] {
  const { inputMean, inputScale, targetMean, targetStd } = normalizer;
  const folded = layers.slice();
  const first = folded[0]!;
  const weight = ops.mul(first.weight, inputScale);
  const shift = ops.gemm(inputMean, weight, undefined, { transposeA: true });
  folded[0] = { weight, bias: ops.sub(first.bias, shift) };
  const last = folded[folded.length - 1]!;
  folded[folded.length - 1] = {
    weight: ops.mul(last.weight, targetStd),
    bias: ops.add(ops.mul(last.bias, targetStd), targetMean),
  };
  return folded;
}
