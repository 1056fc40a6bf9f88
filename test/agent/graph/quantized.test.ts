import { expect, it } from "vitest";
import { Graph } from "../../../agent/graph/graph.js";
import { quantizeColumns, quantizedProduct } from "../../../agent/graph/quantized.js";
import { alignedArray, Session, tensor } from "../../../agent/graph/session.js";
import { Rng } from "../../../sim/core/rng.js";
import { normals, relativeError } from "../fixtures.js";

const [N, K, M] = [9, 40, 17];

/** Runs the product of x `[N, K]` and the quantised w `[K, M]`. */
async function run(x: Float32Array, w: Float32Array, bias: Float32Array) {
  const g = new Graph();
  const matrix = quantizeColumns(g.input("w", [K, M]));
  g.output("values", matrix.values);
  g.output("scale", matrix.scale);
  g.output("y", quantizedProduct(g.input("x", [N, K]), matrix, g.input("bias", [M])));
  const session = await Session.create(g);
  const [values, scale, y] = [new Int8Array(K * M), alignedArray(M), alignedArray(N * M)];
  const feeds = { x: tensor(x, [N, K]), w: tensor(w, [K, M]), bias: tensor(bias, [M]) };
  const results = { values: tensor(values, [K, M]), scale: tensor(scale, [M]), y: tensor(y, [N, M]) };
  await session.run(feeds, results);
  await session.release();
  return { values, scale, y };
}

/** Halves go to the even number, as the runtime rounds. */
function round(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

it("rounds each column of weights to 63 steps of its largest entry, and activations to 256 from least to most", async () => {
  const rng = Rng.fromSeed(4);
  const [x, w, bias] = [normals(rng, N * K), normals(rng, K * M, 0.3), normals(rng, M)];
  // A column of zeros has no largest entry to divide by.
  for (let k = 0; k < K; k++) w[k * M + 5] = 0;
  const { values, scale, y } = await run(x, w, bias);
  const column = (m: number) => Array.from({ length: K }, (_, k) => w[k * M + m]!);
  for (let m = 0; m < M; m++) {
    const largest = Math.max(...column(m).map(Math.abs));
    if (m !== 5) expect(scale[m]! / (largest / 63)).toBeCloseTo(1, 5);
    column(m).forEach((value, k) => {
      expect(Math.abs(values[k * M + m]! * scale[m]! - value)).toBeLessThanOrEqual(0.501 * scale[m]!);
    });
  }
  expect(Math.max(...values.map(Math.abs))).toBe(63);
  const [least, most] = [Math.min(0, ...x), Math.max(0, ...x)];
  const step = Math.fround((most - least) / 255);
  const zero = round(-least / step);
  const rounded = [...x].map((value) => round(value / step) + zero);
  const wanted = Array.from({ length: N * M }, (_, i) => {
    const [n, m] = [Math.floor(i / M), i % M];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += (rounded[n * K + k]! - zero) * values[k * M + m]!;
    return sum * step * scale[m]! + bias[m]!;
  });
  expect(relativeError(y, wanted)).toBeLessThan(1e-6);
});

it("adds the largest products up without saturating", async () => {
  const x = new Float32Array(N * K).fill(1);
  const { y } = await run(x, new Float32Array(K * M).fill(2), new Float32Array(M));
  for (const value of y) expect(value).toBeCloseTo(2 * K, 3);
});

it("gives no number where a weight is none", async () => {
  const w = new Float32Array(K * M).fill(1);
  w[3] = Number.NaN;
  const { y } = await run(new Float32Array(N * K).fill(1), w, new Float32Array(M));
  expect(y[3]).toBeNaN();
  expect(y[4]).toBeCloseTo(K, 3);
});
