import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type Activation, activate, type Layer, type MlpShape } from "./network.js";

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
