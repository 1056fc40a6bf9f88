import { countField } from "../../../sim/core/setting-fields.js";
import type { Tensor } from "../../graph/graph.js";
import * as ops from "../../graph/operations.js";
import { layerSizes, type MlpShape } from "../network.js";
import { xavierBound } from "../parameters.js";
import { boundsPart, type GeneratedPart, type OutputForm, partsCount } from "./output-form.js";

/** `hypernetwork.rank` */
export const rankField = countField(4096).describe(
  "Rank of the generated change of each weight matrix; for hypernetwork.output=low-rank.",
);

/**
 * Each weight matrix is that of a base plus a product of two generated factors, `W = W₀ + A·C` with A `[in, r]` and C `[r, out]`; biases are
 * those of the base plus generated ones. A matrix of which the factors would have as many numbers as it has itself is generated whole, added
 * to the base likewise. After LoGAH (arXiv 2405.16287), which generates factors, and LoRA (arXiv 2106.09685), whose start this is: C and
 * the biases start at zero, so that for every embedding the network starts as the base.
 */
export function lowRankOutput(target: MlpShape, rank: number): OutputForm {
  const layers = layerSizes(target).map(([fanIn, out]) => layerOf(fanIn, out, rank));
  const parts = [...layers.flatMap((layer) => layer.parts), ...boundsPart(target)];
  return {
    count: partsCount(parts),
    parts,
    hasBase: true,
    weights: (generated, base) => {
      if (base === undefined) throw new RangeError("Low-rank changes need the base that they change.");
      const columns = ops.split(
        generated,
        parts.map(({ count }) => count),
      );
      let next = 0;
      const changes = layers.flatMap(({ parts: own, change }) => {
        const first = next;
        next += own.length;
        return change(columns.slice(first, next));
      });
      return ops.add(base, ops.concat([...changes, ...columns.slice(next)]));
    },
  };
}

/** What is generated of one layer. */
interface LayerFactors {
  readonly parts: readonly GeneratedPart[];
  /** The change of its weight and bias from its parts, each `[n, …]`. */
  readonly change: (parts: readonly Tensor[]) => readonly Tensor[];
}

function layerOf(fanIn: number, out: number, rank: number): LayerFactors {
  const bias = { count: out, bound: 0 };
  if (rank * (fanIn + out) >= fanIn * out) {
    return { parts: [{ count: fanIn * out, bound: 0 }, bias], change: (parts) => parts };
  }
  const first = { count: fanIn * rank, bound: xavierBound(fanIn, rank) };
  const second = { count: rank * out, bound: 0 };
  return {
    parts: [first, second, bias],
    change: ([a, c, b]) => {
      const n = a!.shape[0] as number;
      const product = ops.matmul(ops.reshape(a!, [n, fanIn, rank]), ops.reshape(c!, [n, rank, out]));
      return [ops.reshape(product, [n, fanIn * out]), b!];
    },
  };
}
