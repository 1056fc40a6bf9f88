import type { Ops } from "../../sim/core/ops.js";
import { ELEMENT_TYPE } from "./encode.js";
import {
  type Attribute,
  type Dimension,
  type Graph,
  innermost,
  type Shape,
  type Tensor,
  type TensorsOf,
} from "./graph.js";

/** A tensor or a number that becomes a shared scalar constant. */
export type Operand = Tensor | number;

/** Shape of an element-wise result (NumPy broadcasting). @throws RangeError when the shapes do not fit. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const out: Dimension[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    // Sizes known only at run time are checked by the runtime.
    const known = typeof x === "number" && typeof y === "number";
    if (known && x !== y && x !== 1 && y !== 1) {
      throw new RangeError(`Cannot broadcast shapes [${a.join(", ")}] and [${b.join(", ")}].`);
    }
    out.push(x === 1 ? y : x);
  }
  return out;
}

function binary(operator: string, a: Operand, b: Operand): Tensor {
  const tensors = [a, b].filter((t): t is Tensor => typeof t !== "number");
  const graph = innermost(tensors);
  const operand = (t: Operand) => (typeof t === "number" ? graph.constant(t) : t);
  const x = operand(a);
  const y = operand(b);
  return graph.apply(operator, [x, y], [{ shape: broadcastShape(x.shape, y.shape) }])[0];
}

function unary(operator: string, x: Tensor): Tensor {
  return x.graph.apply(operator, [x], [{ shape: x.shape }])[0];
}

/** `a + b`, element by element, broadcast as NumPy does. */
export const add = (a: Operand, b: Operand): Tensor => binary("Add", a, b);
/** `a - b`, element by element, broadcast as NumPy does. */
export const sub = (a: Operand, b: Operand): Tensor => binary("Sub", a, b);
/** `a · b`, element by element, broadcast as NumPy does. */
export const mul = (a: Operand, b: Operand): Tensor => binary("Mul", a, b);
/** `a / b`, element by element, broadcast as NumPy does. */
export const div = (a: Operand, b: Operand): Tensor => binary("Div", a, b);
/** The smaller of `a` and `b`, element by element, broadcast as NumPy does. */
export const min = (a: Operand, b: Operand): Tensor => binary("Min", a, b);
/** The larger of `a` and `b`, element by element, broadcast as NumPy does. */
export const max = (a: Operand, b: Operand): Tensor => binary("Max", a, b);
/** `-x` */
export const neg = (x: Tensor): Tensor => unary("Neg", x);
/** Square root of every entry. */
export const sqrt = (x: Tensor): Tensor => unary("Sqrt", x);
/** `e^x` of every entry. */
export const exp = (x: Tensor): Tensor => unary("Exp", x);
/** Natural logarithm of every entry. */
export const log = (x: Tensor): Tensor => unary("Log", x);
/** Sine of every entry, in rad. */
export const sin = (x: Tensor): Tensor => unary("Sin", x);
/** Cosine of every entry, in rad. */
export const cos = (x: Tensor): Tensor => unary("Cos", x);
/** Absolute value of every entry. */
export const abs = (x: Tensor): Tensor => unary("Abs", x);
/** -1, 0 or 1 for every entry. */
export const sign = (x: Tensor): Tensor => unary("Sign", x);
/** Hyperbolic tangent of every entry. */
export const tanh = (x: Tensor): Tensor => unary("Tanh", x);
/** `1 / (1 + e^-x)` */
export const sigmoid = (x: Tensor): Tensor => unary("Sigmoid", x);
/** `ln(1 + e^x)` */
export const softplus = (x: Tensor): Tensor => unary("Softplus", x);
/** `max(x, 0)` */
export const relu = (x: Tensor): Tensor => unary("Relu", x);
/** ELU with α = 1. */
export const elu = (x: Tensor): Tensor => unary("Elu", x);

/** Options of `gemm`; by default nothing is transposed and both factors are 1. */
export interface GemmOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
  readonly beta?: number;
}

/** `alpha · op(a) op(b) + beta · c` for matrices `[M, K]`, `[K, N]`; `c` is broadcast to `[M, N]`. */
export function gemm(a: Tensor, b: Tensor, c?: Tensor, options: GemmOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, alpha = 1, beta = 1 } = options;
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const [k2, n] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== k2) {
    throw new RangeError(`Cannot multiply matrices [${a.shape.join(", ")}] and [${b.shape.join(", ")}].`);
  }
  const graph = innermost(c === undefined ? [a, b] : [a, b, c]);
  const attributes: Record<string, Attribute> = {
    transA: transposeA ? 1 : 0,
    transB: transposeB ? 1 : 0,
    alpha: { float: alpha },
    beta: { float: beta },
  };
  return graph.apply("Gemm", c === undefined ? [a, b] : [a, b, c], [{ shape: [m!, n!] }], attributes)[0];
}

/** Products of n pairs of matrices, `[n, M, K]` and `[n, K, N]`. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const [n, m, k] = a.shape;
  const [n2, k2, columns] = b.shape;
  if (a.shape.length !== 3 || b.shape.length !== 3 || n !== n2 || k !== k2) {
    throw new RangeError(`Cannot multiply matrices [${a.shape.join(", ")}] and [${b.shape.join(", ")}].`);
  }
  return innermost([a, b]).apply("MatMul", [a, b], [{ shape: [n!, m!, columns!] }])[0];
}

/** Sum over some axes, at least one (negative axes count from the end), or over all without `axes`. */
export function reduceSum(x: Tensor, axes?: readonly number[], keepDims = false): Tensor {
  return reduce("ReduceSum", x, axes, keepDims);
}

/** Sum of squares over all entries, shape `[]`. */
export function sumOfSquares(x: Tensor): Tensor {
  return reduce("ReduceSumSquare", x, undefined, false);
}

function reduce(operator: string, x: Tensor, axes: readonly number[] | undefined, keepDims: boolean): Tensor {
  const rank = x.shape.length;
  const reduced = new Set((axes ?? x.shape.map((_, i) => i)).map((a) => (a < 0 ? a + rank : a)));
  const shape = x.shape.flatMap((d, i) => (reduced.has(i) ? (keepDims ? [1] : []) : [d]));
  const inputs = axes === undefined ? [x] : [x, x.graph.integers([...reduced])];
  return x.graph.apply(operator, inputs, [{ shape }], { keepdims: keepDims ? 1 : 0 })[0];
}

/** Row-major reshape; one size may be -1, to be found from the others when the graph runs. */
export function reshape(x: Tensor, sizes: readonly number[]): Tensor {
  const shape = sizes.map((d) => (d === -1 ? "reshaped" : d));
  return x.graph.apply("Reshape", [x, x.graph.integers(sizes)], [{ shape }])[0];
}

/** Axes in another order: axis `i` of the result is axis `order[i]` of `x`. */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return x.graph.apply("Transpose", [x], [{ shape: order.map((i) => x.shape[i]!) }], { perm: order })[0];
}

/** Joins tensors along one axis; all other sizes must be equal. */
export function concat(parts: readonly Tensor[], axis = -1): Tensor {
  const [first] = parts;
  if (first === undefined) throw new RangeError("There are no tensors to join.");
  if (parts.length === 1) return first;
  const rank = first.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  const size = parts.reduce((n, p) => n + (p.shape[at] as number), 0);
  const shape = first.shape.map((d, i) => (i === at ? size : d));
  return innermost(parts).apply("Concat", parts, [{ shape }], { axis: at })[0];
}

/** Splits an axis into parts of the given sizes. */
export function split<const T extends readonly number[]>(x: Tensor, sizes: T, axis?: number): TensorsOf<T>;
export function split(x: Tensor, sizes: readonly number[], axis = -1): Tensor[] {
  if (sizes.length === 1) return [x];
  const at = axis < 0 ? axis + x.shape.length : axis;
  const outputs = sizes.map((size) => ({ shape: x.shape.map((d, i) => (i === at ? size : d)) }));
  return x.graph.apply("Split", [x, x.graph.integers(sizes)], outputs, { axis: at });
}

/** Entries `start <= i < end` of one axis. */
export function slice(x: Tensor, start: number, end: number, axis = -1): Tensor {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const shape = x.shape.map((d, i) => (i === at ? end - start : d));
  const g = x.graph;
  return g.apply("Slice", [x, g.integers([start]), g.integers([end]), g.integers([at])], [{ shape }])[0];
}

/** `a` where a condition (bool) holds, `b` where it does not, broadcast as NumPy does. No gradient flows through the condition. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const graph = innermost([condition, a, b].filter((t) => typeof t !== "number"));
  const x = typeof a === "number" ? graph.constant(a) : a;
  const y = typeof b === "number" ? graph.constant(b) : b;
  const shape = broadcastShape(condition.shape, broadcastShape(x.shape, y.shape));
  return graph.apply("Where", [condition, x, y], [{ shape }])[0];
}

/** Whether entries are above 0 (bool). It has no gradient. */
export function isPositive(x: Tensor): Tensor {
  return x.graph.apply("Greater", [x, x.graph.constant(0)], [{ shape: x.shape, type: "bool" }])[0];
}

/** Of every row of bools `[R, N]`, whether an earlier one is true, column by column. It has no gradient. */
export function anyBefore(rows: Tensor): Tensor {
  const g = rows.graph;
  const [numbers] = g.apply("Cast", [rows], [{ shape: rows.shape }], { to: ELEMENT_TYPE.float32 });
  // Counts of up to 2^24 are exact in float32.
  const counts = g.apply("CumSum", [numbers, g.integers([0], [])], [{ shape: rows.shape }], { exclusive: 1 });
  return isPositive(counts[0]);
}

/** Rows of `x` picked by `indices` (no gradient flows through the indices). */
export function gather(x: Tensor, indices: Tensor): Tensor {
  const shape = [...indices.shape, ...x.shape.slice(1)];
  return innermost([x, indices]).apply("Gather", [x, indices], [{ shape, type: x.type }], { axis: 0 })[0];
}

/** `x²` */
export const square = (x: Tensor): Tensor => mul(x, x);

/**
 * `Ops` that build into a graph: what lets the planner use the environment's own reward.
 * @param axis where the features lie: 0 for `[X, N]`, 1 for `[N, X]`
 */
export function graphOps(graph: Graph, axis: 0 | 1): Ops<Tensor> {
  return {
    constant: (values) => graph.constant(values, axis === 0 ? [values.length, 1] : [values.length]),
    slice: (x, start, end) => slice(x, start, end, axis),
    concat: (parts) => concat(parts, axis),
    add,
    sub,
    mul,
    div,
    max,
    min,
    scale: (x, factor) => mul(x, factor),
    sqrt,
    tanh,
    exp,
    log,
    abs,
    sin,
    cos,
    sum: (x) => (axis === 0 ? sumRows(x) : reduceSum(x, [1], true)),
  };
}

/** Sum of the few rows of `[R, N]`, `[1, N]`: the runtime's own sum over rows takes several times as long. */
function sumRows(x: Tensor): Tensor {
  const rows = split(x, new Array<number>(x.shape[0] as number).fill(1), 0);
  return rows.reduce((a, b) => add(a, b));
}
