import type { TaskSpec } from "../../sim/task.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { StateSpec } from "./model-state.js";
import type { NormalizerArrays } from "./normalizer.js";

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

/** What predicts one task. */
export interface TaskDynamics {
  readonly shape: MlpShape;
  /** `[P]` */
  readonly weights: Float32Array;
  readonly normalizer: NormalizerArrays;
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

/**
 * A block of a layer's outputs for samples as columns, with weights `[out, in]` and biases `[out, 1]`. It reads as many of the layer's
 * inputs as its weights have columns, from `from` on.
 */
interface ColumnBlock extends Layer {
  readonly from: number;
}

/** A layer for samples as columns, its outputs in blocks that come one after the other. */
export type ColumnLayer = readonly ColumnBlock[];

/** A layer of which every output reads all inputs. */
export const wholeLayer = (layer: Layer): ColumnLayer => [{ ...layer, from: 0 }];

/** Cuts what is known to be zero from layers between hidden layers. */
export function columnLayers(
  layers: readonly Layer[],
  { sizes, blocks = 1, members = 1 }: MlpShape,
): ColumnLayer[] {
  const count = blocks * members;
  return layers.map((layer, i) => {
    if (count === 1 || i === 0 || i === layers.length - 1) return wholeLayer(layer);
    const rows = sizes[i + 1]! / count;
    const columns = sizes[i]! / count;
    return Array.from({ length: count }, (_, j) => {
      const block = (t: Tensor) => ops.slice(t, j * rows, (j + 1) * rows, 0);
      // Blocks of a member read its own blocks up to theirs.
      const from = (j - (j % blocks)) * columns;
      const weight = ops.slice(block(layer.weight), from, (j + 1) * columns);
      return { weight, bias: block(layer.bias), from };
    });
  });
}

/** Like `mlp` with samples as columns: `x [in, N]` → `[out, N]`. */
export function mlpColumns(layers: readonly ColumnLayer[], activation: Activation, x: Tensor): Tensor {
  const last = layers.length - 1;
  return layers.reduce((h, parts, i) => {
    const inputs = parts.reduce((most, { weight, from }) => Math.max(most, from + columnsOf(weight)), 0);
    const y = parts.map(({ weight, bias, from }) => {
      const read = columnsOf(weight) < inputs ? ops.slice(h, from, from + columnsOf(weight), 0) : h;
      return ops.gemm(weight, read, bias);
    });
    return i === last ? ops.concat(y, 0) : activate(activation, ops.concat(y, 0));
  }, x);
}

const columnsOf = ({ shape }: Tensor): number => shape[1] as number;

/** Entries of φ(s): every angle becomes (cos, sin). */
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

/** φ(s) and u of one step, written to `out [features + U]`. */
export function encodeInput(
  spec: TaskSpec,
  observation: ArrayLike<number>,
  action: ArrayLike<number>,
  out: Float32Array,
): void {
  let at = 0;
  spec.observation.forEach((channel, i) => {
    if (channel.angle) {
      out[at++] = Math.cos(observation[i]!);
      out[at++] = Math.sin(observation[i]!);
    } else out[at++] = observation[i]!;
  });
  for (let i = 0; i < action.length; i++) out[at++] = action[i]!;
}

/** The derivatives of something with respect to a state and an action. */
export interface StepSlopes {
  /** `[S]` */
  readonly state: Float32Array;
  /** `[U]` */
  readonly action: Float32Array;
}

/**
 * The backward pass of `encodeInput`: takes the derivatives `slopes [I]` with respect to `input [I]`, which it wrote, and adds the
 * derivatives with respect to the state and the action to theirs. Of `input` only the cosines and sines of angles are read.
 */
export function encodeInputBackward(
  spec: TaskSpec,
  input: Float32Array,
  slopes: Float32Array,
  { state, action }: StepSlopes,
): void {
  let at = 0;
  spec.observation.forEach((channel, i) => {
    if (channel.angle) {
      state[i]! += input[at]! * slopes[at + 1]! - input[at + 1]! * slopes[at]!;
      at += 2;
    } else state[i]! += slopes[at++]!;
  });
  for (let i = 0; i < action.length; i++) action[i]! += slopes[at++]!;
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
