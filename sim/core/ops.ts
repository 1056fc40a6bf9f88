/**
 * The arithmetic that a reward, and what ends an episode, may use. Each is written once against this interface; the
 * environment evaluates it on one transition (`eagerOps`), the planner builds it into its graph on a batch of `N`
 * trajectories.
 * A value is a vector of features, or a batch of such vectors whose layout is the implementation's affair. Every
 * operation but `slice`, `concat` and `sum` is element-wise, and a single feature is broadcast against several.
 */
export interface Ops<T> {
  /** Constant features, the same for every vector of a batch. */
  constant(values: readonly number[]): T;
  /** Features `start <= i < end`. */
  slice(x: T, start: number, end: number): T;
  /** The features of all parts, one after the other. */
  concat(parts: readonly T[]): T;
  /** `a + b` */
  add(a: T, b: T): T;
  /** `a - b` */
  sub(a: T, b: T): T;
  /** `a · b` */
  mul(a: T, b: T): T;
  /** `a / b` */
  div(a: T, b: T): T;
  /** The larger of `a` and `b`. */
  max(a: T, b: T): T;
  /** The smaller of `a` and `b`. */
  min(a: T, b: T): T;
  /** `factor · x` */
  scale(x: T, factor: number): T;
  /** Square root. */
  sqrt(x: T): T;
  /** Hyperbolic tangent. */
  tanh(x: T): T;
  /** `e^x` */
  exp(x: T): T;
  /** Natural logarithm. */
  log(x: T): T;
  /** Absolute value. */
  abs(x: T): T;
  /** Sine, in rad. */
  sin(x: T): T;
  /** Cosine, in rad. */
  cos(x: T): T;
  /** Sum over the features: a single feature. */
  sum(x: T): T;
}

function zip(a: Float64Array, b: Float64Array, f: (x: number, y: number) => number): Float64Array {
  const n = Math.max(a.length, b.length);
  if ((a.length !== n && a.length !== 1) || (b.length !== n && b.length !== 1)) {
    throw new RangeError(`Cannot broadcast features of length ${a.length} and ${b.length}.`);
  }
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) out[i] = f(a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!);
  return out;
}

/** `Ops` on one transition in float64: what the environment evaluates. */
export const eagerOps: Ops<Float64Array> = {
  constant: (values) => Float64Array.from(values),
  slice: (x, start, end) => x.subarray(start, end),
  concat: (parts) => {
    const out = new Float64Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  },
  add: (a, b) => zip(a, b, (x, y) => x + y),
  sub: (a, b) => zip(a, b, (x, y) => x - y),
  mul: (a, b) => zip(a, b, (x, y) => x * y),
  div: (a, b) => zip(a, b, (x, y) => x / y),
  max: (a, b) => zip(a, b, Math.max),
  min: (a, b) => zip(a, b, Math.min),
  scale: (x, factor) => x.map((v) => v * factor),
  sqrt: (x) => x.map(Math.sqrt),
  tanh: (x) => x.map(Math.tanh),
  exp: (x) => x.map(Math.exp),
  log: (x) => x.map(Math.log),
  abs: (x) => x.map(Math.abs),
  sin: (x) => x.map(Math.sin),
  cos: (x) => x.map(Math.cos),
  sum: (x) => Float64Array.of(x.reduce((s, v) => s + v, 0)),
};
