import type { TaskSpec } from "../sim/task.js";
import type { Graph, Tensor } from "./graph/graph.js";
import * as ops from "./graph/operations.js";

export type Activation = "relu" | "elu" | "tanh";

const ACTIVATIONS: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  relu: ops.relu,
  elu: ops.elu,
  tanh: ops.tanh,
};

export function activate(activation: Activation, x: Tensor): Tensor {
  return ACTIVATIONS[activation](x);
}

/** Sizes of a multi-layer perceptron, input to output; the activation follows every layer but the last. */
export interface MlpShape {
  readonly sizes: readonly number[];
  readonly activation: Activation;
}

export interface Layer {
  /** `[in, out]` */
  readonly weight: Tensor;
  /** `[1, out]` */
  readonly bias: Tensor;
}

/** Number of weights and biases, P. */
export function weightCount({ sizes }: MlpShape): number {
  return sizes.slice(1).reduce((n, out, i) => n + (sizes[i] + 1) * out, 0);
}

/** Cuts generated weights `[1, P]` into layers: weight `[in, out]` row-major, then bias, layer after layer. */
export function layersFromFlat(flat: Tensor, { sizes }: MlpShape): Layer[] {
  const parts = ops.split(
    flat,
    sizes.slice(1).flatMap((out, i) => [sizes[i] * out, out]),
  );
  return sizes.slice(1).map((out, i) => ({
    weight: ops.reshape(parts[2 * i], [sizes[i], out]),
    bias: parts[2 * i + 1],
  }));
}

/** `x [B, in]` → `[B, out]`. */
export function mlp(layers: readonly Layer[], activation: Activation, x: Tensor): Tensor {
  const last = layers.length - 1;
  return layers.reduce((h, { weight, bias }, i) => {
    const y = ops.gemm(h, weight, bias);
    return i === last ? y : activate(activation, y);
  }, x);
}

/** Like `mlp` with samples as columns: `x [in, N]` → `[out, N]`; weights are `[out, in]`, biases `[out, 1]`. */
export function mlpColumns(layers: readonly Layer[], activation: Activation, x: Tensor): Tensor {
  const last = layers.length - 1;
  return layers.reduce((h, { weight, bias }, i) => {
    const y = ops.gemm(weight, h, bias);
    return i === last ? y : activate(activation, y);
  }, x);
}

/** Entries of φ(x): every angle becomes (cos, sin). */
export function featureCount(spec: TaskSpec): number {
  return spec.observation.reduce((n, c) => n + (c.angle ? 2 : 1), 0);
}

/** φ of observations in a graph, features along `axis`: an angle becomes (cos, sin), other runs stay together. */
export function encodeFeatures(spec: TaskSpec, x: Tensor, axis: number): Tensor {
  if (!spec.observation.some((c) => c.angle)) return x;
  const parts: Tensor[] = [];
  let start = 0;
  spec.observation.forEach((channel, i) => {
    if (!channel.angle) return;
    if (i > start) parts.push(ops.slice(x, start, i, axis));
    const angle = ops.slice(x, i, i + 1, axis);
    parts.push(ops.cos(angle), ops.sin(angle));
    start = i + 1;
  });
  const end = spec.observation.length;
  if (end > start) parts.push(ops.slice(x, start, end, axis));
  return ops.concat(parts, axis);
}

/** φ(x) and u of one step, written to `out [features + U]`. */
export function encodeInput(
  spec: TaskSpec,
  observation: ArrayLike<number>,
  action: ArrayLike<number>,
  out: Float32Array,
): void {
  let at = 0;
  spec.observation.forEach((channel, i) => {
    if (channel.angle) {
      out[at++] = Math.cos(observation[i]);
      out[at++] = Math.sin(observation[i]);
    } else out[at++] = observation[i];
  });
  for (let i = 0; i < action.length; i++) out[at++] = action[i];
}

/** Shape of the dynamics network of a task: `[φ(x), u]` → `x' - x`. */
export function dynamicsShape(spec: TaskSpec, hidden: readonly number[], activation: Activation): MlpShape {
  return {
    sizes: [featureCount(spec) + spec.action.length, ...hidden, spec.observation.length],
    activation,
  };
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
  const first = folded[0];
  const weight = ops.mul(first.weight, inputScale);
  const shift = ops.gemm(inputMean, weight, undefined, { transposeA: true });
  folded[0] = { weight, bias: ops.sub(first.bias, shift) };
  const last = folded[folded.length - 1];
  folded[folded.length - 1] = {
    weight: ops.mul(last.weight, targetStd),
    bias: ops.add(ops.mul(last.bias, targetStd), targetMean),
  };
  return folded;
}
