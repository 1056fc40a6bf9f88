import { describe, expect, it } from "vitest";
import { Rng } from "../../../sim/core/rng.js";

const draws = (rng: Rng, n: number) => Array.from({ length: n }, () => rng.normal());

describe("Rng", () => {
  it("gives the numbers it always gave", () => {
    // Made by these very calls at commit bb92072, Node 20.20.2.
    const rng = Rng.fromSeed(1);
    expect([
      rng.uint32(),
      rng.uint32(),
      rng.split("planner").uint32(),
      rng.uniform(),
      rng.normal(),
      rng.integer(1000),
    ]).toEqual([2198987004, 1979632075, 319225556, 0.2985593085598709, -0.40653983988717934, 399]);
  });

  it("splits by name only, whatever was drawn", () => {
    const one = Rng.fromSeed(5);
    const before = draws(one.split("planner"), 5);
    draws(one, 100);
    expect(draws(one.split("planner"), 5)).toEqual(before);
    expect(draws(Rng.fromSeed(5).split("reset"), 5)).not.toEqual(before);
    expect(draws(Rng.fromSeed(6).split("planner"), 5)).not.toEqual(before);
  });

  it("has streams that do not correlate: siblings, parent and child, neighbouring seeds", () => {
    const n = 20_000;
    const streams = [
      Rng.fromSeed(1),
      Rng.fromSeed(2),
      Rng.fromSeed(1).split("a"),
      Rng.fromSeed(1).split("b"),
    ];
    const values = streams.map((rng) => draws(rng, n));
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < i; j++) {
        const correlation = values[i]!.reduce((s, v, k) => s + v * values[j]![k]!, 0) / n;
        // Standard error 1/sqrt(n) = 0.0071.
        expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(n));
      }
    }
  });

  it("continues identically from its state, through JSON and after any kind of draw", () => {
    const rng = Rng.fromSeed(3).split("planner");
    for (let i = 0; i < 1000; i++) {
      rng.normal();
      rng.uniform();
      rng.integer(7);
    }
    const copy = Rng.fromState(JSON.parse(JSON.stringify(rng.state())));
    expect(copy.path).toBe(rng.path);
    const after = draws(rng, 1000);
    expect(draws(copy, 1000)).toEqual(after);
    expect(copy.state()).toEqual(rng.state());
    expect(copy.split("x").uint32()).toBe(rng.split("x").uint32());
  });

  it.each([
    ["normal", (rng: Rng, n: number) => Float64Array.from({ length: n }, () => rng.normal())],
    [
      "fillNormal",
      (rng: Rng, n: number) => {
        const out = new Float32Array(n);
        rng.fillNormal(out);
        return Float64Array.from(out);
      },
    ],
  ] as const)("%s has normal moments and tails", (_, draw) => {
    const n = 1_000_000;
    const values = draw(Rng.fromSeed(11), n);
    const moment = (p: number) => values.reduce((s, v) => s + v ** p, 0) / n;
    // Five standard errors: Var(x) = 1, Var(x²) = 2, Var(x³) = 15, Var(x⁴) = 96.
    const bound = (variance: number) => 5 * Math.sqrt(variance / n);
    expect(Math.abs(moment(1))).toBeLessThan(bound(1));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(bound(2));
    expect(Math.abs(moment(3))).toBeLessThan(bound(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(bound(96));
    // Upper tail probabilities of the standard normal; 3.442619855899 is where the ziggurat's own tail begins.
    const tails = [
      [0, 0.5],
      [0.5, 0.3085375387],
      [1, 0.1586552539],
      [2, 0.0227501319],
      [3, 0.001349898],
      [3.442619855899, 0.00028806],
      [4, 0.0000316712],
    ] as const;
    for (const [limit, p] of tails) {
      for (const sign of [1, -1]) {
        const share = values.reduce((count, v) => count + (sign * v > limit ? 1 : 0), 0) / n;
        expect(Math.abs(share - p), `share beyond ${sign * limit}`).toBeLessThan(bound(p * (1 - p)));
      }
    }
  });

  it("draws uniformly from [0, 1) and from 0 … n-1", () => {
    const rng = Rng.fromSeed(12);
    const n = 100_000;
    const bins = new Array(10).fill(0);
    for (let i = 0; i < n; i++) {
      const u = rng.uniform();
      expect(u >= 0 && u < 1).toBe(true);
      bins[Math.floor(u * 10)]++;
    }
    const integers = new Array(10).fill(0);
    for (let i = 0; i < n; i++) integers[rng.integer(10)]++;
    const chi2 = (counts: number[]) => counts.reduce((s, c) => s + (c - n / 10) ** 2 / (n / 10), 0);
    // 99.99 % point of chi-squared with 9 degrees of freedom.
    expect(chi2(bins)).toBeLessThan(33.7);
    expect(chi2(integers)).toBeLessThan(33.7);
  });
});
