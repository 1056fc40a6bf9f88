import { describe, expect, it } from "vitest";
import { NOISE_STATE, noise } from "../../../sim/core/noise.js";
import { Rng } from "../../../sim/core/rng.js";

function words(seed: number): Int32Array {
  const rng = Rng.fromSeed(seed);
  return Int32Array.from({ length: NOISE_STATE }, () => rng.uint32());
}

function draw(seed: number, n: number): Float32Array {
  const out = new Float32Array(n);
  noise!.fill(words(seed), out);
  return out;
}

/** xoshiro128++ of one stream, as published, and Box-Muller in float64. */
function reference(seed: number, n: number): number[] {
  const state = words(seed);
  const lanes = [0, 1, 2, 3].map((lane) => [0, 4, 8, 12].map((k) => state[k + lane]! | 0));
  const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));
  const next = (s: number[]) => {
    const result = (rotate((s[0]! + s[3]!) | 0, 7) + s[0]!) | 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotate(s[3]!, 11);
    return result;
  };
  const out: number[] = [];
  while (out.length < n) {
    const pairs = lanes.map((s) => {
      const u = ((next(s) >>> 0) + 0.5) / 2 ** 32;
      const bits = next(s);
      const angle = ((bits & 0x1fffffff) / 2 ** 29 - 0.5) * (Math.PI / 2);
      const radius = Math.sqrt(-2 * Math.log(u));
      const [a, b] = bits < 0 ? [Math.sin(angle), Math.cos(angle)] : [Math.cos(angle), Math.sin(angle)];
      const sign = (bit: number) => ((bits >>> bit) & 1 ? -1 : 1);
      return [sign(30) * radius * a, sign(29) * radius * b] as const;
    });
    out.push(...pairs.map((p) => p[0]), ...pairs.map((p) => p[1]));
  }
  return out.slice(0, n);
}

describe("vectorised normal numbers", () => {
  it("are what xoshiro128++ and Box-Muller give in float64, to float32's precision", () => {
    const found = draw(5, 100_000);
    const wanted = reference(5, 100_000);
    const worst = wanted.reduce((m, x, i) => Math.max(m, Math.abs(found[i]! - x)), 0);
    expect(worst).toBeLessThan(2e-6);
    expect(Math.max(...wanted)).toBeGreaterThan(3.5);
  });

  it("do not depend on how many are asked for", () => {
    const all = draw(6, 100_003);
    for (const n of [1, 7, 8, 9, 32_768, 32_769, 70_001])
      expect([...draw(6, n)]).toEqual([...all.subarray(0, n)]);
  });

  it("follow the normal distribution over its whole range (Kolmogorov-Smirnov)", () => {
    const n = 200_000;
    const values = draw(7, n).sort();
    let distance = 0;
    values.forEach((x, i) => {
      distance = Math.max(distance, Math.abs(normalCdf(x) - (i + 0.5) / n));
    });
    // 99.99 % point of the statistic.
    expect(distance * Math.sqrt(n)).toBeLessThan(2.23);
  });

  it("are independent of their neighbours, in value and in size", () => {
    const n = 1_000_000;
    const x = draw(8, n);
    for (const lag of [1, 2, 3, 4, 5, 7, 8, 16]) {
      let values = 0;
      let sizes = 0;
      for (let i = lag; i < n; i++) {
        values += x[i]! * x[i - lag]!;
        sizes += (x[i]! ** 2 - 1) * (x[i - lag]! ** 2 - 1);
      }
      // Five standard errors: the products' variances are 1 and 4.
      expect(Math.abs(values / n), `lag ${lag}`).toBeLessThan(5 / Math.sqrt(n));
      expect(Math.abs(sizes / n), `sizes, lag ${lag}`).toBeLessThan(10 / Math.sqrt(n));
    }
  });

  it("continue the stream they were started from", () => {
    const rng = Rng.fromSeed(9);
    const [a, b] = [new Float32Array(64), new Float32Array(64)];
    rng.fillNormal(a);
    const copy = Rng.fromState(rng.state());
    rng.fillNormal(b);
    const again = new Float32Array(64);
    copy.fillNormal(again);
    expect([...again]).toEqual([...b]);
    expect([...a]).not.toEqual([...b]);
  });
});

/** Φ by the continued fraction and series of Abramowitz & Stegun 26.2.10 and 26.2.14. */
function normalCdf(x: number): number {
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 3) {
    let term = x;
    let sum = x;
    for (let k = 1; k < 100; k++) {
      term *= (x * x) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / (Math.abs(x) + fraction);
  const tail = density / (Math.abs(x) + fraction);
  return x < 0 ? tail : 1 - tail;
}
