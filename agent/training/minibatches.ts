import { Tensor as OrtTensor } from "onnxruntime-node";
import { RunError } from "../../sim/core/errors.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray, alignedArrays, type Feeds, tensor } from "../graph/session.js";
import { type MlpShape, mlp, type Network, targetSize } from "../model/dynamics.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { gaussianLoss } from "../model/output-variance.js";
import type { TrainingData } from "../model/replay-buffer.js";

/** The graph inputs of a training call: the buffer, the drawn rows and the normaliser. */
export interface MinibatchTensors {
  readonly inputs: Tensor;
  readonly targets: Tensor;
  /** int32 `[trips, B]` */
  readonly rows: Tensor;
  readonly inputMean: Tensor;
  readonly inputScale: Tensor;
  readonly targetMean: Tensor;
  readonly targetScale: Tensor;
}

export function minibatchInputs(g: Graph, shape: MlpShape, batchSize: number): MinibatchTensors {
  const [I, X] = [shape.sizes[0], targetSize(shape)];
  return {
    inputs: g.input("data.inputs", ["stored", I]),
    targets: g.input("data.targets", ["stored", X]),
    rows: g.input("rows", ["trips", batchSize], "int32"),
    inputMean: g.input("inputMean", [1, I]),
    inputScale: g.input("inputScale", [1, I]),
    targetMean: g.input("targetMean", [1, X]),
    targetScale: g.input("targetScale", [1, X]),
  };
}

/** Number of minibatches in the call, int64 scalar. */
export function tripCount(g: Graph, data: MinibatchTensors): Tensor {
  const [shape] = g.apply("Shape", [data.rows], [{ shape: [2], type: "int64" }]);
  return ops.gather(shape, g.integers([0], []));
}

/** The loss of one normalised minibatch; see `predictionLoss`. */
export function taskLoss(
  data: MinibatchTensors,
  iteration: Tensor,
  network: Network,
  shape: MlpShape,
): Tensor {
  const { x, y } = normalizedMinibatch(data, iteration);
  return predictionLoss(network, shape, x, y);
}

/** One minibatch of the current task, normalised: `x [B, I]`, `y [B, X]`. */
export function normalizedMinibatch(data: MinibatchTensors, iteration: Tensor): { x: Tensor; y: Tensor } {
  const rows = ops.gather(data.rows, iteration);
  const x = ops.mul(ops.sub(ops.gather(data.inputs, rows), data.inputMean), data.inputScale);
  const y = ops.mul(ops.sub(ops.gather(data.targets, rows), data.targetMean), data.targetScale);
  return { x, y };
}

/**
 * The method's loss of predicting `y [B, X]` from `x [B, I]`, both normalised: `Σ (ŷ - y)² / X`, summed over the
 * batch, or with two heads `gaussianLoss`. Of n networks, with x and y `[n, B, …]`, it is the sum of their losses.
 */
export function predictionLoss(network: Network, shape: MlpShape, x: Tensor, y: Tensor): Tensor {
  const output = mlp(network.layers, shape.activation, x);
  if (network.bounds !== undefined) return gaussianLoss(output, y, network.bounds);
  return ops.mul(ops.sumOfSquares(ops.sub(output, y)), 1 / targetSize(shape));
}

/** Feeds for `trips` minibatches of rows drawn uniformly from what the buffer holds. */
export class MinibatchFeeder {
  readonly #batchSize: number;
  readonly #normalizer: Record<keyof NormalizerArrays, Float32Array>;

  constructor(shape: MlpShape, batchSize: number) {
    const [I, X] = [shape.sizes[0], targetSize(shape)];
    this.#batchSize = batchSize;
    const [inputMean, inputScale, targetMean, targetStd] = alignedArrays([I, I, X, X]);
    this.#normalizer = { inputMean, inputScale, targetMean, targetStd };
  }

  feeds(data: TrainingData, normalizer: NormalizerArrays, trips: number, rng: Rng): Feeds {
    const { inputMean, inputScale, targetMean, targetStd: targetScale } = this.#normalizer;
    inputMean.set(normalizer.inputMean);
    inputScale.set(normalizer.inputScale);
    targetMean.set(normalizer.targetMean);
    for (let i = 0; i < targetScale.length; i++) targetScale[i] = 1 / normalizer.targetStd[i];
    const rows = new Int32Array(trips * this.#batchSize);
    for (let i = 0; i < rows.length; i++) rows[i] = rng.integer(data.size);
    return {
      "data.inputs": tensor(data.inputs, [data.capacity, data.inputSize]),
      "data.targets": tensor(data.targets, [data.capacity, data.targetSize]),
      rows: new OrtTensor("int32", rows, [trips, this.#batchSize]),
      inputMean: tensor(inputMean, [1, inputMean.length]),
      inputScale: tensor(inputScale, [1, inputScale.length]),
      targetMean: tensor(targetMean, [1, targetMean.length]),
      targetScale: tensor(targetScale, [1, targetScale.length]),
    };
  }
}

/** Where a training call writes its `[trips]` losses, grown as needed. */
export class LossArray {
  #array = alignedArray(1);

  take(trips: number): Float32Array {
    if (this.#array.length < trips) this.#array = alignedArray(trips);
    return this.#array.subarray(0, trips);
  }
}

/**
 * @param losses `[trips]` of each quantity, in the order in which a minibatch computes them
 * @throws RunError naming the task, the minibatch and the quantity of the first non-finite value
 */
export function checkLosses(
  losses: Readonly<Record<string, Float32Array>>,
  task: number,
  setting: string,
): void {
  const found = Object.entries(losses)
    .map(([quantity, values]) => ({ quantity, values, at: values.findIndex((v) => !Number.isFinite(v)) }))
    .filter(({ at }) => at >= 0);
  if (found.length === 0) return;
  const { quantity, values, at } = found.reduce((a, b) => (b.at < a.at ? b : a));
  throw new RunError({
    what: `Training diverged: ${quantity} is not finite at minibatch ${at} of ${values.length} on task ${task + 1}`,
    got: String(values[at]),
    expected: "a finite number",
    todo: `Start a run with a lower ${setting}; what was saved before this session is intact`,
  });
}

export function mean(values: Float32Array): number {
  let sum = 0;
  for (const v of values) sum += v;
  return values.length === 0 ? 0 : sum / values.length;
}
