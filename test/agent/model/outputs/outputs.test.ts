import { describe, expect, it } from "vitest";
import { gradients } from "../../../../agent/graph/gradients.js";
import { Graph } from "../../../../agent/graph/graph.js";
import * as ops from "../../../../agent/graph/operations.js";
import { Session, tensor } from "../../../../agent/graph/session.js";
import { drawStart, generatedCount, hyperfanScales } from "../../../../agent/model/hypernetwork.js";
import { type MlpShape, parameterShapes, weightCount } from "../../../../agent/model/network.js";
import { type OutputChoice, outputForm } from "../../../../agent/model/outputs/outputs.js";
import { ParameterGroup } from "../../../../agent/model/parameters.js";
import { flatValues, networkParameters } from "../../../../agent/training/network-parts.js";
import { Rng } from "../../../../sim/core/rng.js";
import { bits, normals, relativeError } from "../../fixtures.js";

const PUSH: MlpShape = { sizes: [12, 200, 200, 10], activation: "relu" };
const DOOR: MlpShape = { sizes: [33, 200, 200, 200, 200, 26], activation: "relu" };
/** No size is a multiple of another. */
const ODD: MlpShape = { sizes: [7, 9, 5], activation: "relu" };
/** One layer of four inputs and outputs. */
const SQUARE: MlpShape = { sizes: [4, 4], activation: "relu" };

/** The weights of n networks `[n, P]`. */
async function weightsOf(
  shape: MlpShape,
  choice: OutputChoice,
  generated: Float32Array,
  base?: Float32Array,
): Promise<Float32Array> {
  const form = outputForm({ ...choice, target: shape });
  const n = generated.length / form.count;
  const P = weightCount(shape);
  const g = new Graph();
  const input = g.input("generated", [n, form.count]);
  g.output("weights", ops.add(form.weights(input, base && g.input("base", [n, P])), 0));
  const session = await Session.create(g);
  const weights = new Float32Array(n * P);
  const feeds = {
    generated: tensor(generated, [n, form.count]),
    ...(base && { base: tensor(base, [n, P]) }),
  };
  await session.run(feeds, { weights: tensor(weights, [n, P]) });
  await session.release();
  return weights;
}

/** Matrices and biases of a network, by their place in `parameterShapes`. */
function cutWeights(shape: MlpShape, weights: Float32Array): Float32Array[] {
  let at = 0;
  return parameterShapes(shape).map(([rows, columns]) => {
    at += rows * columns;
    return weights.slice(at - rows * columns, at);
  });
}

/** `a [rows, inner] · b [inner, columns]` in float64. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, inner: number): number[] {
  const [rows, columns] = [a.length / inner, b.length / inner];
  return Array.from({ length: rows * columns }, (_, k) => {
    const [row, column] = [Math.floor(k / columns), k % columns];
    let sum = 0;
    for (let i = 0; i < inner; i++) sum += a[row * inner + i]! * b[i * columns + column]!;
    return sum;
  });
}

describe("numbers that are generated", () => {
  it.each([
    [PUSH, {}, 44_810],
    [PUSH, { output: "low-rank", rank: 2 }, 2054],
    [PUSH, { output: "low-rank", rank: 4 }, 3698],
    [PUSH, { output: "low-rank", rank: 16 }, 11_210],
    [DOOR, { output: "low-rank", rank: 4 }, 7462],
    [PUSH, { output: "hypercomplex", algebra: 2 }, 22_634],
    [PUSH, { output: "hypercomplex", algebra: 4 }, 11_802],
    [PUSH, { output: "hypercomplex", algebra: 5 }, 9785],
    [DOOR, { output: "hypercomplex", algebra: 4 }, 34_346],
  ] as const)("of %o with %o are %d", (target, choice, count) => {
    expect(generatedCount({ ...choice, target })).toBe(count);
  });

  it("are scaled part by part to the variance of a start, and to zero where they start at zero", () => {
    const rng = Rng.fromSeed(3);
    for (const output of ["full", "low-rank", "hypercomplex"] as const) {
      const { parts, count } = outputForm({ target: PUSH, output });
      const raw = normals(rng, count, 7);
      const scales = hyperfanScales(parts, raw);
      let at = 0;
      for (const part of parts) {
        const scaled = raw.slice(at, at + part.count).map((x, i) => x * scales[at + i]!);
        const power = scaled.reduce((sum, x) => sum + x * x, 0) / part.count;
        expect(power).toBeCloseTo(part.bound ** 2 / 3, 5);
        at += part.count;
      }
      expect(at).toBe(count);
    }
  });
});

describe("full", () => {
  it("gives the generated numbers as they are, which start as those of a plain network", async () => {
    const target: MlpShape = { ...PUSH, sizes: [12, 20, 20], outputVariance: true };
    const generated = normals(Rng.fromSeed(1), weightCount(target));
    expect(bits(await weightsOf(target, {}, generated)).equals(bits(generated))).toBe(true);
    const network = new ParameterGroup(networkParameters(target));
    network.initialize(Rng.fromSeed(2));
    const start = drawStart(outputForm({ target }).parts, Rng.fromSeed(2));
    expect(bits(start).equals(bits(flatValues(network)))).toBe(true);
  });
});

describe("low-rank", () => {
  const choice = { output: "low-rank", rank: 2 } as const;

  it("is the base, bit by bit, where the second factors and the biases are zero", async () => {
    const { parts, count } = outputForm({ ...choice, target: PUSH });
    const base = normals(Rng.fromSeed(4), weightCount(PUSH), 0.1);
    const start = drawStart(parts, Rng.fromSeed(5));
    // The first factors are not zero, so that the second ones can be learned.
    expect(start.filter((x) => x !== 0)).toHaveLength(2 * (12 + 200 + 200));
    expect(count).toBe(start.length);
    expect(bits(await weightsOf(PUSH, choice, start, base)).equals(bits(base))).toBe(true);
  });

  it("adds the product of the factors, for each of several networks", async () => {
    const target: MlpShape = { ...ODD, sizes: [7, 9, 8], outputVariance: true };
    const Q = generatedCount({ ...choice, target });
    // 7 · 9 > 2 (7 + 9) and 9 · 8 > 2 (9 + 8): both layers have factors.
    expect(Q).toBe(2 * (7 + 9) + 9 + 2 * (9 + 8) + 8 + 8);
    const rng = Rng.fromSeed(6);
    const [generated, base] = [normals(rng, 2 * Q), normals(rng, 2 * weightCount(target))];
    const found = await weightsOf(target, choice, generated, base);
    for (const n of [0, 1]) {
      const g = generated.subarray(n * Q, (n + 1) * Q);
      const take = (start: number, length: number) => g.subarray(start, start + length);
      const change = [
        ...product(take(0, 14), take(14, 18), 2),
        ...take(32, 9),
        ...product(take(41, 18), take(59, 16), 2),
        ...take(75, 16),
      ];
      const P = weightCount(target);
      const wanted = change.map((x, i) => x + base[n * P + i]!);
      expect(relativeError(found.subarray(n * P, (n + 1) * P), wanted)).toBeLessThan(1e-6);
    }
  });

  it("reaches any matrix from any base where the rank is that of the matrix", async () => {
    // Eight inputs are too few for factors of rank 8, so that the matrix is generated whole; of rank 3 a matrix [8, 7] has factors.
    const target: MlpShape = { sizes: [8, 7], activation: "relu" };
    const rng = Rng.fromSeed(7);
    const [wanted, base] = [normals(rng, 8 * 7 + 7), normals(rng, 8 * 7 + 7)];
    const change = wanted.map((x, i) => x - base[i]!);
    for (const rank of [4, 7, 8]) {
      const whole = { ...choice, rank };
      expect(generatedCount({ ...whole, target })).toBe(8 * 7 + 7);
      expect(relativeError(await weightsOf(target, whole, change, base), wanted)).toBeLessThan(1e-6);
    }
    // A change of rank 3: the unit matrix's first three rows times anything.
    const factor = normals(rng, 3 * 7);
    const unit = Float32Array.from({ length: 8 * 3 }, (_, k) => (Math.floor(k / 3) === k % 3 ? 1 : 0));
    const generated = Float32Array.from([...unit, ...factor, ...new Float32Array(7)]);
    const low = await weightsOf(target, { ...choice, rank: 3 }, generated, base);
    const moved = low.map((x, i) => x - base[i]!);
    expect(relativeError(moved.subarray(0, 21), factor)).toBeLessThan(1e-6);
    expect(Math.max(...moved.subarray(21).map(Math.abs))).toBe(0);
  });

  it("is the same for factors that are turned against each other", async () => {
    const target: MlpShape = { sizes: [8, 9], activation: "relu" };
    const rng = Rng.fromSeed(8);
    const [a, c, bias] = [normals(rng, 16), normals(rng, 18), normals(rng, 9)];
    const base = normals(rng, 8 * 9 + 9);
    // G = [[2, 1], [1, 1]] and its inverse [[1, -1], [-1, 2]].
    const turned = [...product(a, [2, 1, 1, 1], 2), ...product([1, -1, -1, 2], c, 2), ...bias];
    const [one, other] = [Float32Array.from([...a, ...c, ...bias]), Float32Array.from(turned)];
    const found = await weightsOf(target, choice, other, base);
    expect(relativeError(found, await weightsOf(target, choice, one, base))).toBeLessThan(1e-6);
  });
});

describe("hypercomplex", () => {
  const algebraOf = (algebra: number) => ({ output: "hypercomplex", algebra }) as const;

  it("with n = 1 and A = 1 is the plain layer, bit by bit", async () => {
    const weights = normals(Rng.fromSeed(9), weightCount(ODD));
    const [w0, b0, w1, b1] = cutWeights(ODD, weights);
    const generated = Float32Array.from([1, ...w0!, ...b0!, 1, ...w1!, ...b1!]);
    expect(bits(await weightsOf(ODD, algebraOf(1), generated)).equals(bits(weights))).toBe(true);
  });

  it("with n = 4 and the table of quaternions multiplies quaternions", async () => {
    const q = [0.3, -0.7, 1.1, 0.2];
    // Row vectors: entry (a, c) of A_i is the share of x_a q_i in component c of q x.
    const table = [
      [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
      [0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0],
      [0, 0, 1, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0, 1, 0, 0],
      [0, 0, 0, 1, 0, 0, 1, 0, 0, -1, 0, 0, -1, 0, 0, 0],
    ];
    const generated = Float32Array.from([...table.flat(), ...q, 0, 0, 0, 0]);
    const [matrix] = cutWeights(SQUARE, await weightsOf(SQUARE, algebraOf(4), generated));
    const x = [0.5, 2, -1, 0.25];
    const [a, b, c, d] = q as [number, number, number, number];
    const [s, i, j, k] = x as [number, number, number, number];
    const hamilton = [
      a * s - b * i - c * j - d * k,
      a * i + b * s + c * k - d * j,
      a * j - b * k + c * s + d * i,
      a * k + b * j - c * i + d * s,
    ];
    expect(relativeError(product(x, matrix!, 4), hamilton)).toBeLessThan(1e-6);
  });

  it("is the sum of Kronecker products, cut where n does not divide the sizes, for each of several networks", async () => {
    const target: MlpShape = { ...ODD, sizes: [7, 9, 8], outputVariance: true };
    const Q = generatedCount({ ...algebraOf(2), target });
    expect(Q).toBe(8 + 2 * 4 * 5 + 9 + 8 + 2 * 5 * 4 + 8 + 8);
    const generated = normals(Rng.fromSeed(10), 2 * Q);
    const P = weightCount(target);
    const found = await weightsOf(target, algebraOf(2), generated);
    for (const n of [0, 1]) {
      const g = generated.subarray(n * Q, (n + 1) * Q);
      const kronecker = (at: number, [fanIn, out]: readonly [number, number]) => {
        const [p, q] = [Math.ceil(fanIn / 2), Math.ceil(out / 2)];
        return Array.from({ length: fanIn * out }, (_, k) => {
          const [row, column] = [Math.floor(k / out), k % out];
          return [0, 1].reduce((sum, i) => {
            const a = g[at + i * 4 + 2 * Math.floor(row / p) + Math.floor(column / q)]!;
            return sum + a * g[at + 8 + i * p * q + (row % p) * q + (column % q)]!;
          }, 0);
        });
      };
      const second = 8 + 40 + 9;
      const wanted = [
        ...kronecker(0, [7, 9]),
        ...g.subarray(48, second),
        ...kronecker(second, [9, 8]),
        ...g.subarray(second + 48),
      ];
      expect(relativeError(found.subarray(n * P, (n + 1) * P), wanted)).toBeLessThan(1e-6);
    }
  });

  it("starts with the variance of a plain network", async () => {
    const { parts } = outputForm({ ...algebraOf(4), target: PUSH });
    const matrices = [0, 1, 2, 3, 4, 5, 6, 7].map(async (seed) => {
      const weights = await weightsOf(PUSH, algebraOf(4), drawStart(parts, Rng.fromSeed(seed)));
      return cutWeights(PUSH, weights)[2]!;
    });
    const all = (await Promise.all(matrices)).flatMap((matrix) => [...matrix]);
    const power = all.reduce((sum, x) => sum + x * x, 0) / all.length;
    expect(power * 200).toBeGreaterThan(0.8);
    expect(power * 200).toBeLessThan(1.2);
  });
});

describe.each([
  { output: "low-rank", rank: 2 },
  { output: "hypercomplex", algebra: 3 },
] as const)("gradients through $output", (choice) => {
  it("are those of finite differences", async () => {
    const target: MlpShape = { ...ODD, sizes: [7, 9, 8] };
    const form = outputForm({ ...choice, target });
    const rng = Rng.fromSeed(11);
    const P = weightCount(target);
    const [generated, base, c] = [normals(rng, form.count), normals(rng, P), normals(rng, P)];
    const g = new Graph();
    const input = g.input("generated", [1, form.count]);
    const W = form.weights(input, form.hasBase ? g.constant(base, [1, P]) : undefined);
    const [d] = gradients(ops.reduceSum(ops.mul(W, g.constant(c, [1, P]))), [input]);
    g.output("d", d);
    const session = await Session.create(g);
    const found = new Float32Array(form.count);
    await session.run(
      { generated: tensor(generated, [1, form.count]) },
      { d: tensor(found, [1, form.count]) },
    );
    await session.release();
    // The loss is linear in every single number, so that large steps make no error but that of float32.
    const rows = Array.from({ length: 2 * form.count }, (_, k) => {
      const moved = generated.slice();
      moved[k % form.count]! += k < form.count ? 1 : -1;
      return moved;
    });
    const stacked = Float32Array.from(rows.flatMap((row) => [...row]));
    const bases = Float32Array.from(rows.flatMap(() => [...base]));
    const weights = await weightsOf(target, choice, stacked, form.hasBase ? bases : undefined);
    const loss = (row: number) => c.reduce((sum, x, i) => sum + x * weights[row * P + i]!, 0);
    const wanted = generated.map((_, k) => (loss(k) - loss(k + form.count)) / 2);
    expect(relativeError(found, wanted)).toBeLessThan(1e-5);
  });
});
