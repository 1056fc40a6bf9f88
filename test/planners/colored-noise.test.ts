import { describe, expect, it } from "vitest";
import { coloredNoiseMap, colorNoise } from "../../planners/colored-noise.js";
import { Rng } from "../../sim/core/rng.js";

const ROWS = 20_000;

/** Noise `[horizon, ROWS]`. */
function noise(horizon: number, beta: number): Float32Array {
  const white = new Float32Array(horizon * ROWS);
  Rng.fromSeed(horizon).fillNormal(white);
  const out = new Float32Array(white.length);
  colorNoise(coloredNoiseMap(horizon, beta), white, out);
  return out;
}

/** Mean power at frequency k / horizon over all rows, by a plain DFT. */
function power(x: Float32Array, horizon: number, k: number): number {
  let total = 0;
  for (let n = 0; n < ROWS; n++) {
    let re = 0;
    let im = 0;
    for (let h = 0; h < horizon; h++) {
      const angle = (2 * Math.PI * k * h) / horizon;
      re += x[h * ROWS + n]! * Math.cos(angle);
      im += x[h * ROWS + n]! * Math.sin(angle);
    }
    total += re * re + im * im;
  }
  return total / ROWS;
}

/** Least-squares slope of log power against log frequency over k = 1 … horizon / 2. */
function slope(x: Float32Array, horizon: number): number {
  const points: [number, number][] = [];
  for (let k = 1; k <= horizon / 2; k++) points.push([Math.log(k), Math.log(power(x, horizon, k))]);
  const mx = points.reduce((s, [a]) => s + a, 0) / points.length;
  const my = points.reduce((s, [, b]) => s + b, 0) / points.length;
  const covariance = points.reduce((s, [a, b]) => s + (a - mx) * (b - my), 0);
  return covariance / points.reduce((s, [a]) => s + (a - mx) ** 2, 0);
}

describe.each([
  [20, 0],
  [20, 1],
  [20, 2],
  [15, 2],
  [15, 3.5],
])("horizon %i, beta %d", (horizon, beta) => {
  const x = noise(horizon, beta);

  it("has the spectrum 1/f^beta, the constant at the power of the lowest frequency", () => {
    expect(Math.abs(slope(x, horizon) + beta)).toBeLessThan(0.03);
    expect(Math.abs(power(x, horizon, 0) / power(x, horizon, 1) - 1)).toBeLessThan(0.05);
  });

  it("has zero mean and unit variance at every step", () => {
    for (let h = 0; h < horizon; h++) {
      const row = x.subarray(h * ROWS, (h + 1) * ROWS);
      const mean = row.reduce((s, v) => s + v, 0) / ROWS;
      const variance = row.reduce((s, v) => s + v * v, 0) / ROWS - mean ** 2;
      expect(Math.abs(mean)).toBeLessThan(0.03);
      expect(Math.abs(variance - 1)).toBeLessThan(0.04);
    }
  });
});

describe("coloredNoiseMap", () => {
  it("is orthogonal for beta 0, so that the noise is white", () => {
    const n = 7;
    const map = coloredNoiseMap(n, 0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let dot = 0;
        for (let k = 0; k < n; k++) dot += map[i * n + k]! * map[j * n + k]!;
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 6);
      }
    }
  });

  it("maps a horizon of one to itself", () => {
    expect([...coloredNoiseMap(1, 2)]).toEqual([1]);
  });
});

describe("colorNoise", () => {
  it.each([
    [3, 5],
    [4, 8],
    [20, 400],
    [30, 1501],
    [120, 33],
    [121, 9],
  ])("is the matrix product, horizon %i, %i columns", (horizon, columns) => {
    const rng = Rng.fromSeed(horizon);
    const map = new Float32Array(horizon * horizon);
    const white = new Float32Array(horizon * columns);
    rng.fillNormal(map);
    rng.fillNormal(white);
    const out = new Float32Array(white.length).fill(9);
    colorNoise(map, white, out);
    for (let h = 0; h < horizon; h++) {
      for (let j = 0; j < columns; j++) {
        let expected = 0;
        for (let k = 0; k < horizon; k++) expected += map[h * horizon + k]! * white[k * columns + j]!;
        if (!(Math.abs(out[h * columns + j]! - expected) < 1e-4)) expect(out[h * columns + j]).toBe(expected);
      }
    }
  });
});
