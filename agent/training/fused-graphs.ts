import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type HypernetworkShape, hiddenOutput } from "../model/hypernetwork.js";
import type { HiddenRow } from "./hidden-row.js";

/** Outputs of the last hidden layer. */
export const hiddenSize = ({ hidden }: HypernetworkShape): number => hidden[hidden.length - 1]!;

/** Hypernetwork and where its hidden layers' parameters lie. */
export interface HiddenLayers {
  readonly shape: HypernetworkShape;
  readonly hidden: HiddenRow;
}

/** Hidden output `[R, hidden]` for the parameters in a row. */
export function hiddenOf({ shape, hidden }: HiddenLayers, row: Tensor, e: Tensor): Tensor {
  return hiddenOutput(shape, hidden.layers(row), e);
}

/** Hidden output with the bias row's 1 at its end, `[R, hidden + 1]`. */
export function withOne(h: Tensor): Tensor {
  const [rows] = h.shape;
  const one =
    typeof rows === "number"
      ? h.graph.constant(new Float32Array(rows).fill(1), [rows, 1])
      : ops.add(ops.mul(ops.slice(h, 0, 1), 0), 1);
  return ops.concat([h, one]);
}

/** Hidden layers alone: embeddings `e [n, E]` → `h [n, hidden + 1]`. */
export function hiddenGraph(layers: HiddenLayers): Graph {
  const g = new Graph();
  const e = g.input("embedding", ["n", layers.shape.embedding]);
  g.output("h", withOne(hiddenOf(layers, layers.hidden.group.declare(g, false)[0]!, e)));
  return g;
}

/** What the head's update reads: the hidden outputs times the clip scale, and those after the step. */
export function outputHidden(g: Graph, hidden: Tensor, scale: Tensor, next: Tensor): void {
  g.output("scaled", ops.transpose(ops.mul(hidden, scale), [1, 0]));
  g.output("h", withOne(next));
}
