import { Tensor as OrtTensor } from "hypercrl-onnxruntime";
import type { Rng } from "../../sim/core/rng.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArrays, type Feeds, tensor } from "../graph/session.js";
import { inputSize, type MlpShape, mlp, type Network, targetSize } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { gaussianLoss } from "../model/output-variance.js";
import type { TrainingData } from "../model/replay-buffer.js";

/** The graph inputs of a training call: the buffer, the drawn rows and the normaliser. */
export interface MinibatchTensors {
  readonly inputs: Tensor;
  readonly targets: Tensor;
  /** int32 `[iterations, B]` */
  readonly rows: Tensor;
  readonly inputMean: Tensor;
  readonly inputScale: Tensor;
  readonly targetMean: Tensor;
  readonly targetScale: Tensor;
}

export function minibatchInputs(g: Graph, shape: MlpShape, batchSize: number): MinibatchTensors {
  const I = inputSize(shape);
  const X = targetSize(shape);
  return {
    inputs: g.input("data.inputs", ["stored", I]),
    targets: g.input("data.targets", ["stored", X]),
    rows: g.input("rows", ["iterations", batchSize], "int32"),
    inputMean: g.input("inputMean", [1, I]),
    inputScale: g.input("inputScale", [1, I]),
    targetMean: g.input("targetMean", [1, X]),
    targetScale: g.input("targetScale", [1, X]),
  };
}

/** Number of minibatches in the call, int64 scalar. */
export function iterationCount(g: Graph, data: MinibatchTensors): Tensor {
  const [shape] = g.apply("Shape", [data.rows], [{ shape: [2], type: "int64" }]);
  return ops.gather(shape, g.integers([0], []));
}

/** A normalised minibatch of the current task. */
export interface Minibatch {
  /** `[B, I]` */
  readonly x: Tensor;
  /** `[B, X]` */
  readonly y: Tensor;
  /** Its number in the call, int64 scalar. */
  readonly iteration: Tensor;
}

/** Gathers and normalises the rows of one minibatch. */
export function normalizedMinibatch(data: MinibatchTensors, iteration: Tensor): Minibatch {
  const rows = ops.gather(data.rows, iteration);
  const x = ops.mul(ops.sub(ops.gather(data.inputs, rows), data.inputMean), data.inputScale);
  const y = ops.mul(ops.sub(ops.gather(data.targets, rows), data.targetMean), data.targetScale);
  return { x, y, iteration };
}

/**
 * The task loss of predicting `y [B, X]` from `x [B, I]`, both normalised: `Σ (ŷ - y)² / X`, summed over the
 * batch, or with two heads `gaussianLoss`. Of n networks, with x and y `[n, B, …]`, it is the sum of their losses.
 */
export function predictionLoss(network: Network, shape: MlpShape, x: Tensor, y: Tensor): Tensor {
  const output = mlp(network.layers, shape.activation, x);
  if (network.bounds !== undefined) return gaussianLoss(output, y, network.bounds);
  return ops.mul(ops.sumOfSquares(ops.sub(output, y)), 1 / targetSize(shape));
}

/** One call of minibatches. Everything random in it has been drawn. */
export interface TrainingCall {
  readonly data: TrainingData;
  readonly normalizer: NormalizerArrays;
  readonly iterations: number;
  /** Rows of the data that each minibatch takes, `[iterations, B]`; see `drawRows`. */
  readonly rows: Int32Array;
  /** The current task, 0-based, for messages. */
  readonly task: number;
}

/** Draws `count` rows uniformly from what is stored. */
export function drawRows(data: TrainingData, count: number, rng: Rng): Int32Array {
  const rows = new Int32Array(count);
  for (let i = 0; i < count; i++) rows[i] = rng.integer(data.size);
  return rows;
}

/** Feeds what `minibatchInputs` declares. */
export class MinibatchFeeder {
  readonly #normalizer: Record<keyof NormalizerArrays, Float32Array>;

  constructor(shape: MlpShape) {
    const inputs = inputSize(shape);
    const targets = targetSize(shape);
    const [inputMean, inputScale, targetMean, targetStd] = alignedArrays([inputs, inputs, targets, targets]);
    this.#normalizer = { inputMean, inputScale, targetMean, targetStd };
  }

  feeds({ data, normalizer, iterations, rows }: TrainingCall): Feeds {
    const { inputMean, inputScale, targetMean, targetStd: targetScale } = this.#normalizer;
    inputMean.set(normalizer.inputMean);
    inputScale.set(normalizer.inputScale);
    targetMean.set(normalizer.targetMean);
    for (let i = 0; i < targetScale.length; i++) targetScale[i] = 1 / normalizer.targetStd[i]!;
    return {
      "data.inputs": tensor(data.inputs, [data.capacity, data.inputSize]),
      "data.targets": tensor(data.targets, [data.capacity, data.targetSize]),
      rows: new OrtTensor("int32", rows, [iterations, rows.length / iterations]),
      inputMean: tensor(inputMean, [1, inputMean.length]),
      inputScale: tensor(inputScale, [1, inputScale.length]),
      targetMean: tensor(targetMean, [1, targetMean.length]),
      targetScale: tensor(targetScale, [1, targetScale.length]),
    };
  }
}
