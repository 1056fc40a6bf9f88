import { describe, expect, it } from "vitest";
import { gradients } from "../../../agent/graph/gradients.js";
import { Graph, type Shape, type Tensor } from "../../../agent/graph/graph.js";
import * as ops from "../../../agent/graph/operations.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { normals } from "../fixtures.js";

type Kind = "normal" | "positive" | "awayFromZero" | "alternating";

interface Case {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly kind?: Kind;
  readonly build: (...inputs: Tensor[]) => Tensor;
}

const size = (shape: Shape) => (shape as number[]).reduce((n, d) => n * d, 1);

/** Seeded inputs; the kinds keep a case away from its kinks and poles. */
function draw(kind: Kind, rng: Rng, length: number, which: number): Float32Array {
  return normals(rng, length).map((v, i) => {
    if (kind === "positive") return 0.7 + Math.abs(v);
    if (kind === "awayFromZero") return v + Math.sign(v) * 0.3;
    // Which of two operands is larger alternates, by a clear margin.
    if (kind === "alternating") return 0.1 * v + ((i + which) % 2);
    return v;
  });
}

const unary = (name: string, f: (x: Tensor) => Tensor, kind: Kind = "normal"): Case => ({
  name,
  shapes: [[3, 4]],
  kind,
  build: f,
});

const broadcasts = [
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], [4]],
  [
    [3, 1],
    [1, 4],
  ],
  [[4], [2, 3, 4]],
  [[3, 4], []],
] as const;

const binary = (name: string, f: (a: Tensor, b: Tensor) => Tensor, kind: Kind = "normal"): Case[] =>
  broadcasts.map(([a, b]) => ({ name: `${name} [${a}] [${b}]`, shapes: [a, b], kind, build: f }));

const gemms: Case[] = [false, true].flatMap((transposeA) =>
  [false, true].flatMap((transposeB) => {
    const a = transposeA ? [3, 2] : [2, 3];
    const b = transposeB ? [4, 3] : [3, 4];
    const c = [undefined, [2, 4], [1, 4], [2, 1], [4]];
    return c.map((shape) => ({
      name: `Gemm A${transposeA ? "ᵀ" : ""} B${transposeB ? "ᵀ" : ""} C [${shape ?? "none"}]`,
      shapes: shape === undefined ? [a, b] : [a, b, shape],
      build: (x: Tensor, y: Tensor, z?: Tensor) =>
        ops.gemm(x, y, z, { transposeA, transposeB, alpha: 0.7, beta: z === undefined ? 1 : -1.3 }),
    }));
  }),
);

const cases: Case[] = [
  ...binary("Add", ops.add),
  ...binary("Sub", ops.sub),
  ...binary("Mul", ops.mul),
  ...binary("Div", ops.div, "positive"),
  ...binary("Min", ops.min, "alternating").slice(0, 1),
  ...binary("Max", ops.max, "alternating").slice(0, 1),
  { name: "Min with a scalar", shapes: [[3, 4]], kind: "awayFromZero", build: (x) => ops.min(x, 0) },
  {
    name: "Max of a column",
    shapes: [
      [2, 3],
      [2, 1],
    ],
    kind: "positive",
    build: (x, y) => ops.max(ops.mul(x, 3), y),
  },
  unary("Neg", ops.neg),
  unary("Sqrt", ops.sqrt, "positive"),
  unary("Exp", ops.exp),
  unary("Log", ops.log, "positive"),
  unary("Sin", ops.sin),
  unary("Cos", ops.cos),
  unary("Abs", ops.abs, "awayFromZero"),
  unary("Tanh", ops.tanh),
  unary("Sigmoid", ops.sigmoid),
  unary("Softplus", ops.softplus),
  unary("Relu", ops.relu, "awayFromZero"),
  unary("Elu", ops.elu, "awayFromZero"),
  unary("Mul with itself", ops.square),
  unary("Div by itself squared", (x) => ops.div(x, ops.square(x)), "positive"),
  unary("Sub from a number", (x) => ops.sub(2, x)),
  unary("Div of a number", (x) => ops.div(2, x), "positive"),
  ...gemms,
  {
    name: "MatMul",
    shapes: [
      [2, 3, 2],
      [2, 2, 4],
    ],
    build: (x, y) => ops.matmul(x, y!),
  },
  { name: "Gemm of a matrix with itself", shapes: [[3, 3]], build: (x) => ops.gemm(x, x, x) },
  unary("ReduceSum of all", (x) => ops.reduceSum(x)),
  unary("ReduceSum of all, kept", (x) => ops.reduceSum(x, undefined, true)),
  unary("ReduceSum of rows", (x) => ops.reduceSum(x, [0])),
  unary("ReduceSum of columns, kept", (x) => ops.reduceSum(x, [-1], true)),
  { name: "ReduceSum of outer axes", shapes: [[2, 3, 4]], build: (x) => ops.reduceSum(x, [0, 2]) },
  unary("ReduceSumSquare", ops.sumOfSquares),
  unary("Reshape", (x) => ops.reshape(x, [2, 6])),
  { name: "Transpose", shapes: [[2, 3, 4]], build: (x) => ops.transpose(x, [2, 0, 1]) },
  unary("Split into columns", (x) => {
    const [a, b] = take(2, ops.split(x, [1, 3]));
    return ops.mul(ops.square(b), a);
  }),
  unary("Gather of rows one by one", (x) => {
    const row = (i: number) => ops.gather(x, x.graph.integers([i], []));
    return ops.mul(ops.square(row(2)), ops.add(row(0), row(2)));
  }),
  unary("Split into rows, one unused", (x) => ops.exp(ops.split(x, [1, 1, 1], 0)[1]!)),
  {
    name: "Concat of columns",
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (a, b) => ops.square(ops.concat([a, b, a])),
  },
  {
    name: "Concat of rows",
    shapes: [
      [1, 3],
      [2, 3],
    ],
    build: (a, b) => ops.square(ops.concat([a, b], 0)),
  },
  ...binary("Where", (a, b) => {
    const columns = a.graph.constant(Float32Array.of(1, -1, 0, 2), [1, 4]);
    return ops.square(ops.where(ops.isPositive(columns), a, b));
  }),
  unary("Where a number is taken", (x) =>
    ops.square(ops.where(ops.isPositive(x.graph.constant(Float32Array.of(1, -1, 0, 2), [4])), 2, x)),
  ),
  unary("Slice of columns", (x) => ops.square(ops.slice(x, 1, 3))),
  unary("Slice of rows", (x) => ops.square(ops.slice(x, 2, 3, 0))),
  {
    name: "a two-layer network's loss",
    shapes: [
      [5, 3],
      [3, 4],
      [1, 4],
      [4, 2],
      [1, 2],
    ],
    build: (x, w1, b1, w2, b2) => {
      const hidden = ops.tanh(ops.gemm(x, ops.mul(w1, 0.5), b1));
      return ops.mul(ops.sumOfSquares(ops.gemm(hidden, w2, b2)), 0.05);
    },
  },
];

/** Compiles `Σ random · f(inputs)` with its gradients, and compares them with central differences. */
async function worstError({ shapes, kind = "normal", build }: Case): Promise<number> {
  const rng = Rng.fromSeed(11);
  const g = new Graph();
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, shape));
  const out = build(...inputs);
  const weights = g.constant(
    normals(rng, size(out.shape)).map((w) => w + Math.sign(w)),
    out.shape,
  );
  const loss = ops.reduceSum(ops.mul(out, weights));
  const analytic = gradients(loss, inputs);
  g.output("loss", loss);
  analytic.forEach((t, i) => {
    expect(t.shape, "shape of the gradient").toEqual(shapes[i]);
    g.output(`g${i}`, t);
  });
  const session = await Session.create(g);
  const values = shapes.map((shape, i) => draw(kind, rng, size(shape), i));
  const feeds = Object.fromEntries(values.map((v, i) => [`x${i}`, tensor(v, shapes[i]!)]));
  const found = values.map((v) => new Float32Array(v.length));
  await session.run(feeds, Object.fromEntries(found.map((v, i) => [`g${i}`, tensor(v, shapes[i]!)])));
  const result = new Float32Array(1);
  const evaluate = async (array: Float32Array, k: number, value: number) => {
    array[k] = value;
    await session.run(feeds, { loss: tensor(result, []) });
    return result[0]!;
  };
  let worst = 0;
  for (const [i, array] of values.entries()) {
    for (let k = 0; k < array.length; k++) {
      const at = array[k]!;
      const [above, below] = [Math.fround(at + 5e-3), Math.fround(at - 5e-3)];
      const slope = ((await evaluate(array, k, above)) - (await evaluate(array, k, below))) / (above - below);
      array[k] = at;
      worst = Math.max(worst, Math.abs(slope - found[i]![k]!) / (1 + Math.abs(slope)));
    }
  }
  await session.release();
  return worst;
}

describe("against central differences of the graph's own forward", () => {
  it.each(cases)("$name", async (operation) => {
    expect(await worstError(operation)).toBeLessThan(2e-3);
  });

  it("covers every operation of the builder that has a gradient", () => {
    const g = new Graph();
    const names = new Set<string>();
    for (const { shapes, build } of cases) build(...shapes.map((s, i) => g.input(`x${i}`, s)));
    for (const node of g.nodes) names.add(node.operator);
    // What makes the condition of Where.
    names.delete("Greater");
    const wanted =
      "Abs Add Concat Cos Div Elu Exp Gather Gemm Log MatMul Max Min Mul Neg ReduceSum ReduceSumSquare Relu Reshape Sigmoid Sin Slice Softplus Split Sqrt Sub Tanh Transpose Where";
    expect([...names].sort()).toEqual(wanted.split(" "));
  });
});

/** Runs a graph of constants and named inputs of shape `[1]` or given data. */
async function value(g: Graph, out: Tensor, feeds: Record<string, Float32Array>): Promise<number[]> {
  g.output("out", out);
  const session = await Session.create(g);
  const result = new Float32Array(size(out.shape));
  const tensors = Object.fromEntries(Object.entries(feeds).map(([k, v]) => [k, tensor(v, [v.length])]));
  await session.run(tensors, { out: tensor(result, out.shape as number[]) });
  await session.release();
  return [...result];
}

describe("rules at kinks", () => {
  it("splits the gradient in halves where both operands of Max are equal", async () => {
    const g = new Graph();
    const [a, b] = [g.input("a", [2]), g.input("b", [2])];
    const [da] = take(1, gradients(ops.reduceSum(ops.max(a, b)), [a, b]));
    expect(await value(g, da, { a: Float32Array.of(1, 3), b: Float32Array.of(1, 2) })).toEqual([0.5, 1]);
  });

  it("is 0 at the kink of Relu and Abs", async () => {
    const g = new Graph();
    const x = g.input("x", [3]);
    const [dx] = take(1, gradients(ops.reduceSum(ops.add(ops.relu(x), ops.mul(ops.abs(x), 10))), [x]));
    expect(await value(g, dx, { x: Float32Array.of(-1, 0, 1) })).toEqual([-10, 0, 11]);
  });
});

describe("addTo", () => {
  it("adds to the results, through Gemm's third matrix and otherwise", async () => {
    const g = new Graph();
    const x = g.input("x", [2]);
    const w = ops.reshape(x, [1, 2]);
    const loss = ops.reduceSum(
      ops.add(ops.gemm(w, g.constant([3, 4], [2, 1])), ops.reduceSum(ops.square(x))),
    );
    const [dx] = take(1, gradients(loss, [x], [g.constant([100, 200])]));
    expect(await value(g, dx, { x: Float32Array.of(1, 2) })).toEqual([100 + 3 + 2, 200 + 4 + 4]);
    const other = new Graph();
    const y = other.input("y", [1, 2]);
    const product = ops.reduceSum(ops.gemm(y, other.constant([3, 4], [2, 1])));
    const [dy] = take(1, gradients(product, [y], [other.constant([100, 200], [1, 2])]));
    other.output("dy", dy);
    const session = await Session.create(other);
    const result = new Float32Array(2);
    await session.run({ y: tensor(Float32Array.of(1, 2), [1, 2]) }, { dy: tensor(result, [1, 2]) });
    expect([...result]).toEqual([103, 204]);
  });

  it("gives only what is added when the loss does not depend on the tensor", async () => {
    const g = new Graph();
    const [x, y] = [g.input("x", [2]), g.input("y", [2])];
    const [, dy] = take(2, gradients(ops.sumOfSquares(x), [x, y], [x, ops.mul(y, 3)]));
    expect(await value(g, dy, { x: Float32Array.of(1, 1), y: Float32Array.of(1, 2) })).toEqual([3, 6]);
  });
});

describe("errors", () => {
  const g = new Graph();
  const x = g.input("x", [3]);

  it("rejects a loss that is not a scalar, with its shape", () => {
    expect(() => gradients(ops.square(x), [x])).toThrow(new RangeError("A loss must be a scalar; got [3]."));
  });

  it("rejects an operation without gradient on the way, with its name", () => {
    expect(() => gradients(ops.reduceSum(ops.sign(x)), [x])).toThrow(/Operation Sign has no gradient/);
  });

  it("rejects a choice of several rows, and of one known only when the graph runs", () => {
    const fed = g.input("row", [], "int64");
    for (const indices of [g.integers([1, 0]), fed]) {
      const loss = ops.sumOfSquares(ops.gather(x, indices));
      expect(() => gradients(loss, [x])).toThrow(/Gather has a gradient for a single constant index only/);
    }
  });

  it("rejects a tensor that the loss does not depend on, with its name", () => {
    const other = g.input("stranger", [3]);
    expect(() => gradients(ops.sumOfSquares(x), [x, other])).toThrow(/does not depend on stranger/);
  });

  it("does not mind an operation without gradient that lies before the tensor or beside it", async () => {
    const h = new Graph();
    const rows = h.input("rows", [4]);
    const picked = ops.gather(rows, h.integers([2, 0]));
    const weighted = ops.mul(ops.sign(rows), 2);
    const loss = ops.add(ops.sumOfSquares(picked), ops.reduceSum(weighted));
    const [d] = take(1, gradients(loss, [picked]));
    expect(await value(h, d, { rows: Float32Array.of(1, 2, 3, 4) })).toEqual([6, 2]);
  });
});
