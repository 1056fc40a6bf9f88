import { ELEMENT_TYPE } from "./encode.js";
import type { Tensor } from "./graph.js";
import * as ops from "./operations.js";

/**
 * Largest quantised weight: seven bits and a sign. Processors without instructions for int8 products (VNNI) add two products of a weight
 * and an activation (0 … 255) in int16, which saturates above 32767: 2 · 255 · 63 = 32130 stays below, on every processor.
 */
const LARGEST_WEIGHT = 63;
/** In place of the scale of a column of zeros, which nothing may be divided by. */
const SMALLEST_SCALE = 1e-30;

/** A matrix in 8 bits: an entry is `values` times the `scale` of its column. */
export interface QuantizedMatrix {
  /** int8 `[K, M]` */
  readonly values: Tensor;
  /** float32 `[M]` */
  readonly scale: Tensor;
}

/** Quantises weights `[K, M]`, each column by its largest entry. Half of a step is off at most. */
export function quantizeColumns(weight: Tensor): QuantizedMatrix {
  const [K, M] = weight.shape as [number, number];
  const g = weight.graph;
  const [largest] = g.apply("ReduceMax", [ops.abs(weight)], [{ shape: [1, M] }], { axes: [0], keepdims: 1 });
  const scale = ops.max(ops.mul(largest, 1 / LARGEST_WEIGHT), SMALLEST_SCALE);
  const [steps] = g.apply("Round", [ops.div(weight, scale)], [{ shape: [K, M] }]);
  const [values] = g.apply("Cast", [steps], [{ shape: [K, M], type: "int8" }], { to: ELEMENT_TYPE.int8 });
  return { values, scale: ops.reshape(scale, [M]) };
}

/**
 * `x w + bias` for float32 `x [N, K]` and a quantised `w [K, M]`: x is rounded to 256 steps from its smallest entry (or 0) to its largest
 * (or 0), the products are added up as whole numbers, exactly, and the sums are scaled back. All rows of x share these steps, so a row's
 * result depends on the others. The runtime makes one node of it.
 * @param bias float32 `[M]`
 */
export function quantizedProduct(x: Tensor, { values, scale }: QuantizedMatrix, bias: Tensor): Tensor {
  const g = x.graph;
  const shape = [x.shape[0]!, values.shape[1]!];
  const [rounded, step, zero] = g.apply(
    "DynamicQuantizeLinear",
    [x],
    [{ shape: x.shape, type: "uint8" }, { shape: [] }, { shape: [], type: "uint8" }],
  );
  const [sums] = g.apply("MatMulInteger", [rounded, values, zero], [{ shape, type: "int32" }]);
  const [numbers] = g.apply("Cast", [sums], [{ shape }], { to: ELEMENT_TYPE.float32 });
  return ops.add(ops.mul(numbers, ops.mul(step, scale)), bias);
}
