import { BACKWARD, type Sink } from "./backward.js";
import type { Node, Shape, Tensor, TensorsOf } from "./graph.js";
import * as ops from "./operations.js";

/**
 * Reverse-mode differentiation: adds nodes that compute the gradient of a scalar with respect to `wrt`.
 * @param addTo optional values added to the results, one for each of `wrt`
 * @returns one tensor for each of `wrt`, of the same shape
 * @throws RangeError when the loss is not a scalar, depends on an operation without gradient, or does not
 *   depend on one of `wrt`
 */
export function gradients<const T extends readonly Tensor[]>(
  loss: Tensor,
  wrt: T,
  addTo?: readonly Tensor[],
): TensorsOf<T>;
export function gradients(loss: Tensor, wrt: readonly Tensor[], addTo?: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0)
    throw new RangeError(`A loss must be a scalar; got [${loss.shape.join(", ")}].`);
  const nodes = loss.graph.nodes.slice();
  const relevant = reachableFrom(wrt, nodes);
  const sums = new Map<Tensor, Tensor>();
  wrt.forEach((t, i) => {
    if (addTo !== undefined) sums.set(t, addTo[i]!);
  });
  sums.set(loss, loss.graph.constant(1));
  const sink: Sink = {
    add: (target, gradient) => {
      if (!relevant.has(target)) return;
      const reduced = reduceTo(gradient, target.shape);
      const before = sums.get(target);
      sums.set(target, before === undefined ? reduced : ops.add(before, reduced));
    },
    addGemm: (target, make) => {
      if (relevant.has(target)) sums.set(target, make(sums.get(target)));
    },
  };
  for (const node of nodes.toReversed()) {
    const leads = node.inputs.some((t) => t !== undefined && relevant.has(t));
    if (!leads || !node.outputs.some((o) => sums.has(o))) continue;
    const backward = BACKWARD[node.operator];
    if (backward === undefined) throw new RangeError(`Operation ${node.operator} has no gradient.`);
    backward(
      node,
      node.outputs.map((o) => sums.get(o)),
      sink,
    );
  }
  return wrt.map((t) => {
    const gradient = sums.get(t);
    if (gradient === undefined) throw new RangeError(`The loss does not depend on ${t.name}.`);
    return gradient;
  });
}

function reachableFrom(sources: readonly Tensor[], nodes: readonly Node[]): Set<Tensor> {
  const reached = new Set(sources);
  for (const node of nodes) {
    if (node.inputs.some((t) => t !== undefined && reached.has(t))) {
      for (const output of node.outputs) reached.add(output);
    }
  }
  return reached;
}

/** Sums a gradient over the axes along which its operand was broadcast. */
function reduceTo(gradient: Tensor, shape: Shape): Tensor {
  const extra = gradient.shape.length - shape.length;
  const leading = Array.from({ length: Math.max(0, extra) }, (_, i) => i);
  let out = leading.length > 0 ? ops.reduceSum(gradient, leading) : gradient;
  const stretched = shape.flatMap((d, i) =>
    d === 1 && out.shape[i] !== 1 && i < out.shape.length ? [i] : [],
  );
  if (stretched.length > 0) out = ops.reduceSum(out, stretched, true);
  return out;
}
