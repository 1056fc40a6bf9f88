import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";

/** What follows every layer but the last. */
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
  /** The last layer is two heads, mean and log-variance, `2X` wide; see `output-variance.ts`. */
  readonly outputVariance?: boolean;
  /** Hidden layers consist of this many equal blocks, of which none reads a later one; see `progressiveShape`. */
  readonly blocks?: number;
  /** Hidden layers are those of this many networks side by side, each with its `blocks`; see `ensembleShape`. */
  readonly members?: number;
}

export interface Layer {
  /** `[in, out]` */
  readonly weight: Tensor;
  /** `[1, out]` */
  readonly bias: Tensor;
}

/** A network's parameters in a graph. */
export interface Network {
  readonly layers: readonly Layer[];
  /** With two heads: the learned bounds of the log-variance, `[1, 2X]`; see `output-variance.ts`. */
  readonly bounds: Tensor | undefined;
}

/** I, how many numbers the network reads. */
export function inputSize({ sizes }: MlpShape): number {
  return sizes[0]!;
}

/** X, how many numbers the network predicts. */
export function targetSize(shape: MlpShape): number {
  return shape.outputVariance ? outputSize(shape) / 2 : outputSize(shape);
}

function outputSize({ sizes }: MlpShape): number {
  return sizes[sizes.length - 1]!;
}

/** `[in, out]` of each layer. */
export function layerSizes({ sizes }: MlpShape): [number, number][] {
  return sizes.slice(1).map((out, i) => [sizes[i]!, out]);
}

/** Shapes of a network's parameters in their order: weight and bias, layer after layer, then the bounds. */
export function parameterShapes(shape: MlpShape): [number, number][] {
  const layers = layerSizes(shape).flatMap(([rows, out]): [number, number][] => [
    [rows, out],
    [1, out],
  ]);
  return shape.outputVariance ? [...layers, [1, outputSize(shape)]] : layers;
}

/** Number of weights and biases, and of bounds where there are any: P. */
export function weightCount(shape: MlpShape): number {
  return parameterShapes(shape).reduce((n, [rows, columns]) => n + rows * columns, 0);
}

/** Weights and biases that come in turn, as layers. */
export function layersFromParts(parts: readonly Tensor[]): Layer[] {
  const count = Math.floor(parts.length / 2);
  return Array.from({ length: count }, (_, i) => ({ weight: parts[2 * i]!, bias: parts[2 * i + 1]! }));
}

/** The network of parameters in the order of `parameterShapes`. */
export function networkFromParts(parts: readonly Tensor[]): Network {
  const layers = layersFromParts(parts);
  return { layers, bounds: parts[2 * layers.length] };
}

/** Cuts generated weights `[1, P]` into the parts of a network, each row-major. */
export function networkFromFlat(flat: Tensor, shape: MlpShape): Network {
  return networkFromParts(
    cutFlat(flat, shape).map(({ part, size }) => (size[0] === 1 ? part : ops.reshape(part, size))),
  );
}

/** Cuts weights generated for n tasks `[n, P]` into their networks, side by side: weights `[n, in, out]`, biases `[n, 1, out]`. */
export function networksFromFlat(flat: Tensor, shape: MlpShape): Network {
  const n = flat.shape[0] as number;
  return networkFromParts(cutFlat(flat, shape).map(({ part, size }) => ops.reshape(part, [n, ...size])));
}

/** The columns of each parameter and its shape. */
function cutFlat(flat: Tensor, shape: MlpShape): { part: Tensor; size: readonly [number, number] }[] {
  const shapes = parameterShapes(shape);
  const widths = shapes.map(([rows, columns]) => rows * columns);
  return ops.split(flat, widths).map((part, i) => ({ part, size: shapes[i]! }));
}

/** The shape of what planning uses: the mean alone. */
export function meanShape(shape: MlpShape): MlpShape {
  const { outputVariance: _, ...mean } = shape;
  return { ...mean, sizes: [...shape.sizes.slice(0, -1), targetSize(shape)] };
}

/** Layers that predict the mean alone, as `meanShape` says. */
export function meanLayers({ layers }: Network, shape: MlpShape): readonly Layer[] {
  if (!shape.outputVariance) return layers;
  const { weight, bias } = layers[layers.length - 1]!;
  const X = targetSize(shape);
  return [...layers.slice(0, -1), { weight: ops.slice(weight, 0, X), bias: ops.slice(bias, 0, X) }];
}

/** `x [B, in]` → `[B, out]`, or with the layers of n networks `[n, B, in]` → `[n, B, out]`. */
export function mlp(layers: readonly Layer[], activation: Activation, x: Tensor): Tensor {
  const last = layers.length - 1;
  return layers.reduce((h, { weight, bias }, i) => {
    const y = x.shape.length === 3 ? ops.add(ops.matmul(h, weight), bias) : ops.gemm(h, weight, bias);
    return i === last ? y : activate(activation, y);
  }, x);
}
