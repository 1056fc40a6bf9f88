import type { Node, Shape, Tensor } from "./graph.js";
import * as ops from "./operations.js";

type Accumulate = (target: Tensor, gradient: Tensor) => void;
/** Gemm gradients may add to what is already there at no cost, through the matrix C. */
type AccumulateGemm = (target: Tensor, make: (c: Tensor | undefined) => Tensor) => void;
type Backward = (node: Node, outputs: readonly (Tensor | undefined)[], to: Sink) => void;

/** Takes the gradients of a node's inputs. */
export interface Sink {
  readonly add: Accumulate;
  readonly addGemm: AccumulateGemm;
}

/** Broadcasts a gradient of a reduction back over the reduced axes. */
function expandTo(gradient: Tensor, node: Node): Tensor {
  const input = node.inputs[0]!;
  const axes = node.inputs[1];
  let g = gradient;
  if (axes !== undefined && g.shape.length !== input.shape.length) {
    const reduced = reducedAxes(node);
    g = ops.reshape(g, sizesOf(input.shape.map((d, i) => (reduced.has(i) ? 1 : d))));
  }
  return ops.mul(g, onesLike(input));
}

/** A shape as `reshape` takes it; at most one size may be known only at run time. */
function sizesOf(shape: Shape): number[] {
  return shape.map((d) => (typeof d === "number" ? d : -1));
}

function reducedAxes(node: Node): Set<number> {
  const axes = node.inputs[1]!;
  const data = axes.graph.constants.find((c) => c.tensor === axes)!.data as BigInt64Array;
  return new Set([...data].map(Number));
}

function onesLike(x: Tensor): Tensor {
  if (x.shape.every((d) => typeof d === "number")) {
    const size = (x.shape as number[]).reduce((n, d) => n * d, 1);
    return x.graph.constant(new Float32Array(size).fill(1), x.shape);
  }
  return ops.add(ops.mul(x, 0), 1);
}

/** The value of a node that has one output. */
function resultOf(node: Node): Tensor {
  return node.outputs[0]!;
}

function elementwise(derivative: (node: Node, gradient: Tensor) => Tensor): Backward {
  return (node, [gradient], to) => to.add(node.inputs[0]!, derivative(node, gradient!));
}

function minMax(pick: "Min" | "Max"): Backward {
  return (node, [gradient], to) => {
    const [a, b] = node.inputs as [Tensor, Tensor];
    // 1 where the operand was chosen, ½ at ties.
    const difference = pick === "Max" ? ops.sub(a, b) : ops.sub(b, a);
    const choseA = ops.mul(ops.add(ops.sign(difference), 1), 0.5);
    to.add(a, ops.mul(gradient!, choseA));
    to.add(b, ops.mul(gradient!, ops.sub(1, choseA)));
  };
}

const gemmBackward: Backward = (node, [gradient], to) => {
  const [a, b, c] = node.inputs as [Tensor, Tensor, Tensor | undefined];
  const g = gradient!;
  const transposeA = node.attributes.transA === 1;
  const transposeB = node.attributes.transB === 1;
  const { float: alpha } = node.attributes.alpha as { float: number };
  const { float: beta } = node.attributes.beta as { float: number };
  to.addGemm(a, (sum) =>
    transposeA
      ? ops.gemm(b, g, sum, { transposeA: transposeB, transposeB: true, alpha })
      : ops.gemm(g, b, sum, { transposeB: !transposeB, alpha }),
  );
  to.addGemm(b, (sum) =>
    transposeB
      ? ops.gemm(g, a, sum, { transposeA: true, transposeB: transposeA, alpha })
      : ops.gemm(a, g, sum, { transposeA: !transposeA, alpha }),
  );
  if (c !== undefined) to.add(c, beta === 1 ? g : ops.mul(g, beta));
};

const matmulBackward: Backward = (node, [gradient], to) => {
  const [a, b] = node.inputs as [Tensor, Tensor];
  const transposed = (t: Tensor) => ops.transpose(t, [0, 2, 1]);
  to.add(a, ops.matmul(gradient!, transposed(b)));
  to.add(b, ops.matmul(transposed(a), gradient!));
};

const splitBackward: Backward = (node, outputs, to) => {
  const parts = node.outputs.map((output, i) => outputs[i] ?? ops.mul(output, 0));
  to.add(node.inputs[0]!, ops.concat(parts, node.attributes.axis as number));
};

const concatBackward: Backward = (node, [gradient], to) => {
  const axis = node.attributes.axis as number;
  const sizes = node.inputs.map((t) => t!.shape[axis] as number);
  ops.split(gradient!, sizes, axis).forEach((part, i) => {
    to.add(node.inputs[i]!, part);
  });
};

/** First entry of an integer constant; undefined when the tensor is computed or fed. */
function readInteger(t: Tensor): number | undefined {
  const data = t.graph.constants.find((c) => c.tensor === t)?.data as BigInt64Array | undefined;
  return data && Number(data[0]);
}

/** Sets a part of one axis into zeros of shape `shape`, beginning at `start`. */
function placeAt(part: Tensor, start: number, axis: number, shape: Shape): Tensor {
  const pads = new Array<number>(2 * shape.length).fill(0);
  pads[axis] = start;
  pads[axis + shape.length] = (shape[axis] as number) - start - (part.shape[axis] as number);
  const g = part.graph;
  return g.apply("Pad", [part, g.integers(pads)], [{ shape }])[0];
}

const sliceBackward: Backward = (node, [gradient], to) => {
  const [x, starts, , axes] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
  to.add(x, placeAt(gradient!, readInteger(starts)!, readInteger(axes)!, x.shape));
};

/** Only for one index known when the graph is built: others would need sums over repeated rows. */
const gatherBackward: Backward = (node, [gradient], to) => {
  const [x, indices] = node.inputs as [Tensor, Tensor];
  const index = readInteger(indices);
  if (index === undefined || indices.shape.length > 0) {
    throw new RangeError("Operation Gather has a gradient for a single constant index only.");
  }
  const row = ops.reshape(gradient!, [1, ...sizesOf(x.shape.slice(1))]);
  to.add(x, placeAt(row, index, 0, x.shape));
};

/** By operator: from the gradients of a node's outputs to those of its inputs. */
export const BACKWARD: Readonly<Record<string, Backward>> = {
  Add: (node, [g], to) => {
    to.add(node.inputs[0]!, g!);
    to.add(node.inputs[1]!, g!);
  },
  Sub: (node, [g], to) => {
    to.add(node.inputs[0]!, g!);
    to.add(node.inputs[1]!, ops.neg(g!));
  },
  Mul: (node, [g], to) => {
    const [a, b] = node.inputs as [Tensor, Tensor];
    if (a === b) return to.add(a, ops.mul(g!, ops.mul(a, 2)));
    to.add(a, ops.mul(g!, b));
    to.add(b, ops.mul(g!, a));
  },
  Div: (node, [g], to) => {
    const [, b] = node.inputs as [Tensor, Tensor];
    const overB = ops.div(g!, b);
    to.add(node.inputs[0]!, overB);
    to.add(b, ops.neg(ops.mul(overB, resultOf(node))));
  },
  Min: minMax("Min"),
  Max: minMax("Max"),
  Neg: elementwise((_, g) => ops.neg(g)),
  Sqrt: elementwise((n, g) => ops.div(ops.mul(g, 0.5), resultOf(n))),
  Exp: elementwise((n, g) => ops.mul(g, resultOf(n))),
  Log: elementwise((n, g) => ops.div(g, n.inputs[0]!)),
  Sin: elementwise((n, g) => ops.mul(g, ops.cos(n.inputs[0]!))),
  Cos: elementwise((n, g) => ops.neg(ops.mul(g, ops.sin(n.inputs[0]!)))),
  Abs: elementwise((n, g) => ops.mul(g, ops.sign(n.inputs[0]!))),
  Tanh: elementwise((n, g) => ops.mul(g, ops.sub(1, ops.square(resultOf(n))))),
  Sigmoid: elementwise((n, g) => ops.mul(g, ops.mul(resultOf(n), ops.sub(1, resultOf(n))))),
  Softplus: elementwise((n, g) => ops.mul(g, ops.sigmoid(n.inputs[0]!))),
  Relu: elementwise((n, g) => ops.mul(g, ops.sign(resultOf(n)))),
  // For x > 0 the slope is 1, below it is e^x = elu(x) + 1.
  Elu: elementwise((n, g) => ops.mul(g, ops.add(ops.min(resultOf(n), 0), 1))),
  Gemm: gemmBackward,
  MatMul: matmulBackward,
  ReduceSum: (node, [g], to) => to.add(node.inputs[0]!, expandTo(g!, node)),
  ReduceSumSquare: (node, [g], to) => to.add(node.inputs[0]!, ops.mul(ops.mul(node.inputs[0]!, 2), g!)),
  Reshape: (node, [g], to) => to.add(node.inputs[0]!, ops.reshape(g!, sizesOf(node.inputs[0]!.shape))),
  Transpose: (node, [g], to) => {
    const order = node.attributes.perm as readonly number[];
    const inverse = order.map((_, i) => order.indexOf(i));
    to.add(node.inputs[0]!, ops.transpose(g!, inverse));
  },
  Where: (node, [g], to) => {
    const [condition, a, b] = node.inputs as [Tensor, Tensor, Tensor];
    to.add(a, ops.where(condition, g!, 0));
    to.add(b, ops.where(condition, 0, g!));
  },
  Split: splitBackward,
  Concat: concatBackward,
  Slice: sliceBackward,
  Gather: gatherBackward,
};
