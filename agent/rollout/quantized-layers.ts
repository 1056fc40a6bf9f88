import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type QuantizedMatrix, quantizeColumns, quantizedProduct } from "../graph/quantized.js";
import { activate, type Layer, layerSizes, type MlpShape } from "../model/network.js";

/** An input of a planner's graph. */
export interface NetworkInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type?: "int8";
}

/** Names of the inputs that hold the weights of layer `i` in int8. */
const namesOf = (i: number) => ({ values: `layer.${i}.values`, scale: `layer.${i}.scale` });

/** Numbers of the layers between hidden layers: all but the first and the last. */
const middleLayers = ({ sizes }: MlpShape): number[] =>
  Array.from({ length: sizes.length - 3 }, (_, i) => i + 1);

/** The inputs of a planner's graph in int8 beside those in float32, see `networkInputs`. */
export function quantizedInputs(shape: MlpShape): NetworkInput[] {
  const sizes = layerSizes(shape);
  return middleLayers(shape).flatMap((i): NetworkInput[] => {
    const names = namesOf(i);
    return [
      { name: names.values, shape: sizes[i]!, type: "int8" },
      { name: names.scale, shape: [sizes[i]![1]] },
    ];
  });
}

/** Adds those inputs as outputs of the graph that makes them. @param layers with the normaliser folded in */
export function foldQuantized(g: Graph, layers: readonly Layer[], shape: MlpShape): void {
  for (const i of middleLayers(shape)) {
    const { values, scale } = quantizeColumns(layers[i]!.weight);
    g.output(namesOf(i).values, values);
    g.output(namesOf(i).scale, scale);
  }
}

/**
 * Adds the inputs to a graph.
 * @param layers weights `[out, in]` and biases `[out, 1]`; of those between hidden layers only the biases are read
 * @returns what maps samples as columns `[in, N]` to `[out, N]`. Between hidden layers samples are rows: the matrix with the steps of
 *   activations is the left one of a product, as the runtime's quickest kernel has it, and the layers around it transpose as they go
 */
export function quantizedNetwork(g: Graph, layers: readonly Layer[], shape: MlpShape): (x: Tensor) => Tensor {
  const [first, last] = [layers[0]!, layers.at(-1)!];
  const middle = middleLayers(shape).map((i) => ({
    matrix: quantizedInput(g, shape, i),
    bias: row(layers[i]!),
  }));
  const firstBias = row(first);
  return (x) => {
    const hidden = ops.gemm(x, first.weight, firstBias, { transposeA: true, transposeB: true });
    const end = middle.reduce(
      (h, { matrix, bias }) => activate(shape.activation, quantizedProduct(h, matrix, bias)),
      activate(shape.activation, hidden),
    );
    return ops.gemm(last.weight, end, last.bias, { transposeB: true });
  };
}

function quantizedInput(g: Graph, shape: MlpShape, i: number): QuantizedMatrix {
  const [inputs, outputs] = layerSizes(shape)[i]!;
  const names = namesOf(i);
  return { values: g.input(names.values, [inputs, outputs], "int8"), scale: g.input(names.scale, [outputs]) };
}

/** A layer's bias as samples in rows have it, `[out]`. */
const row = ({ bias }: Layer): Tensor => ops.reshape(bias, [bias.shape[0] as number]);
