import { countField } from "../../../sim/core/setting-fields.js";
import type { Tensor } from "../../graph/graph.js";
import * as ops from "../../graph/operations.js";
import { layerSizes, type MlpShape } from "../network.js";
import { xavierBound } from "../parameters.js";
import { boundsPart, type GeneratedPart, type OutputForm, partsCount } from "./output-form.js";

/** `hypernetwork.algebra` */
export const algebraField = countField(16).describe(
  "Dimension n of the algebra of which weight matrices consist, which are then about n times smaller; for hypernetwork.output=hypercomplex.",
);

/**
 * Each weight matrix is a sum of Kronecker products `W = Σ_i A_i ⊗ F_i` over i = 1 … n, with A_i `[n, n]`, which say how the n components of
 * inputs and outputs are combined, and F_i `[⌈in / n⌉, ⌈out / n⌉]` (Zhang et al. 2021, arXiv 2102.08597; Grassucci et al. 2022, arXiv
 * 2110.04176). All of them are generated, A before F; biases are generated whole. What a product has beyond `[in, out]`, where n does not
 * divide the sizes, is cut off. With n = 4 and the table of quaternions for A, W multiplies by four quaternion-valued inputs at a time.
 */
export function hypercomplexOutput(target: MlpShape, algebra: number): OutputForm {
  const layers = layerSizes(target);
  const parts = [...layers.flatMap(([fanIn, out]) => layerParts(fanIn, out, algebra)), ...boundsPart(target)];
  return {
    count: partsCount(parts),
    parts,
    hasBase: false,
    weights: (generated) => {
      const columns = ops.split(
        generated,
        parts.map(({ count }) => count),
      );
      const weights = layers.flatMap(([fanIn, out], l) => {
        const [a, f, bias] = columns.slice(3 * l, 3 * l + 3) as [Tensor, Tensor, Tensor];
        return [kroneckerSum(a, f, { fanIn, out, algebra }), bias];
      });
      return ops.concat([...weights, ...columns.slice(3 * layers.length)]);
    },
  };
}

/** A, F and bias; the variances of A and F make that of W the one of a plain network. */
function layerParts(fanIn: number, out: number, n: number): GeneratedPart[] {
  return [
    { count: n ** 3, bound: Math.sqrt(3 / n) },
    { count: n * Math.ceil(fanIn / n) * Math.ceil(out / n), bound: xavierBound(fanIn, out) },
    { count: out, bound: 0 },
  ];
}

/** `Σ_i A_i ⊗ F_i` of m networks: A `[m, n³]` and F `[m, n ⌈in / n⌉ ⌈out / n⌉]` → `[m, in · out]`. */
function kroneckerSum(
  a: Tensor,
  f: Tensor,
  { fanIn, out, algebra: n }: { fanIn: number; out: number; algebra: number },
): Tensor {
  const m = a.shape[0] as number;
  const [rows, columns] = [Math.ceil(fanIn / n), Math.ceil(out / n)];
  // Entry (a, c) of A_i times F_i, summed over i, is block (a, c) of the result.
  const combinations = ops.transpose(ops.reshape(a, [m, n, n * n]), [0, 2, 1]);
  const blocks = ops.matmul(combinations, ops.reshape(f, [m, n, rows * columns]));
  const inPlace = ops.transpose(ops.reshape(blocks, [m, n, n, rows, columns]), [0, 1, 3, 2, 4]);
  const padded = ops.reshape(inPlace, [m, n * rows, n * columns]);
  const cutRows = n * rows === fanIn ? padded : ops.slice(padded, 0, fanIn, 1);
  const cut = n * columns === out ? cutRows : ops.slice(cutRows, 0, out, 2);
  return ops.reshape(cut, [m, fanIn * out]);
}
