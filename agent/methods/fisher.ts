import { gradients } from "../graph/gradients.js";
import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArrays, Session, tensor } from "../graph/session.js";
import {
  activate,
  inputSize,
  type MlpShape,
  networkFromFlat,
  targetSize,
  weightCount,
} from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { predictionLoss } from "../training/minibatches.js";
import { flatParameters } from "../training/network-parts.js";
import { normalizeRow } from "../training/stored-data.js";

/** Transitions in one call of the graph. */
const CHUNK = 512;

/**
 * Diagonal of the empirical Fisher information of a network's body, `[P']`: the mean over all transitions of a task
 * of the squared gradient of `-ln p(y | x) = ½ Σ_k (μ_k - y_k)²` (a Gaussian of unit variance; with two heads the
 * predicted one). It is the estimate that the published code of HyperCRL makes of EWC's Fisher information.
 * @param weights of the whole network, `[P]`
 */
export async function fisherDiagonal(
  dynamics: MlpShape,
  weights: Float32Array,
  data: TrainingData,
  normalizer: NormalizerArrays,
): Promise<Float32Array> {
  const g = new Graph();
  const squares = squaredGradients(g, dynamics);
  g.output("squares", squares);
  const P = weightCount(dynamics);
  const size = squares.shape[1] as number;
  const I = data.inputSize;
  const X = data.targetSize;
  const [network, x, y, part] = alignedArrays([P, CHUNK * I, CHUNK * X, size]);
  network.set(weights);
  const total = new Float64Array(size);
  const session = await Session.create(g);
  try {
    for (let start = 0; start < data.size; start += CHUNK) {
      const n = Math.min(CHUNK, data.size - start);
      for (let k = 0; k < n; k++)
        normalizeRow(data, normalizer, start + k, { inputs: x, targets: y, row: k });
      const rows = { x: tensor(x.subarray(0, n * I), [n, I]), y: tensor(y.subarray(0, n * X), [n, X]) };
      await session.run({ weights: tensor(network, [1, P]), ...rows }, { squares: tensor(part, [1, size]) });
      for (let i = 0; i < size; i++) total[i]! += part[i]!;
    }
  } finally {
    await session.release();
  }
  return Float32Array.from(total, (sum) => sum / data.size);
}

/**
 * Sum over the transitions `x [N, I]`, `y [N, X]` of the squares of each one's gradient, `[1, P']`. In a layer
 * `z = h W + b` the gradient of one transition is the outer product of its h and `d = ∂/∂z`, so that over all of them
 * the squares sum up to `(h²)ᵀ (d²)`.
 */
function squaredGradients(g: Graph, dynamics: MlpShape): Tensor {
  const X = targetSize(dynamics);
  const { layers, bounds } = networkFromFlat(g.input("weights", [1, weightCount(dynamics)]), dynamics);
  const body = layers.slice(0, -1);
  let features = g.input("x", ["N", inputSize(dynamics)]);
  const inputs: Tensor[] = [];
  const sums = body.map(({ weight, bias }) => {
    const z = ops.gemm(features, weight, bias);
    inputs.push(features);
    features = activate(dynamics.activation, z);
    return z;
  });
  const head = { layers: layers.slice(-1), bounds };
  const loss = predictionLoss(head, dynamics, features, g.input("y", ["N", X]));
  // The task loss is a mean over the X targets, without the likelihood's ½.
  const squares = gradients(ops.mul(loss, X / 2), sums).map(ops.square);
  const parts = squares.flatMap((d, i) => [
    ops.gemm(ops.square(inputs[i]!), d, undefined, { transposeA: true }),
    ops.reduceSum(d, [0], true),
  ]);
  return flatParameters(parts);
}
