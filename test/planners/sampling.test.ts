import { describe, expect, it } from "vitest";
import {
  ActionGaussian,
  perAction,
  readSequence,
  selectElites,
  writeSequence,
} from "../../planners/sampling.js";
import { RunError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";

function select(costs: readonly number[], wanted: number): number[] {
  const out = new Int32Array(wanted);
  return [...out.subarray(0, selectElites(Float32Array.from(costs), out))];
}

describe("selectElites", () => {
  it("agrees with a stable full sort, ties included", () => {
    const rng = Rng.fromSeed(1);
    for (let trial = 0; trial < 200; trial++) {
      // Few distinct values, so that most costs are tied.
      const costs = Array.from({ length: 1 + rng.integer(60) }, () => rng.integer(8));
      const wanted = 1 + rng.integer(costs.length);
      const sorted = costs.map((_, i) => i).sort((a, b) => costs[a]! - costs[b]! || a - b);
      expect(select(costs, wanted)).toEqual(sorted.slice(0, wanted));
    }
  });

  it("never chooses a non-finite cost, not even -Infinity", () => {
    expect(select([Number.NaN, 3, Infinity, 1, -Infinity, 2], 2)).toEqual([3, 5]);
    expect(select([Number.NaN, 3, Infinity, 1, -Infinity, 2], 6)).toEqual([3, 5, 1]);
  });

  it("says what happened when every cost is non-finite", () => {
    expect(() => select([Number.NaN, Infinity], 1)).toThrow(RunError);
    expect(() => select([Number.NaN, Infinity], 1)).toThrow(
      /got 2 costs, the first NaN; expected at least one/,
    );
  });
});

describe("perAction", () => {
  it("takes one number for all actions, or one for each", () => {
    expect(perAction(0.3, 2, "planner.initialStd")).toEqual([0.3, 0.3]);
    expect(perAction([0.3, 0.1], 2, "planner.initialStd")).toEqual([0.3, 0.1]);
  });

  it("names a value that the setting can have", () => {
    expect(() => perAction([0.02], 2, "loop.explorationStd")).toThrow(
      /explorationStd .*; got 1 number; expected one number, or one for each of 2 actions\. .* loop\.explorationStd=0\.02/,
    );
  });
});

describe("ActionGaussian", () => {
  const problem = { horizon: 2, low: [-1, -5], high: [1, 5] };

  it("fits mean and population std per (h, u), with momentum", () => {
    const gaussian = new ActionGaussian(problem);
    const elites = Float32Array.of(1, 2, 3, 4, 3, 2, 7, 0);
    gaussian.fit(elites, 2, 0);
    expect([...gaussian.mean]).toEqual([2, 2, 5, 2]);
    expect([...gaussian.std]).toEqual([1, 0, 2, 2]);
    gaussian.fit(Float32Array.of(0, 0, 0, 0), 1, 0.25);
    expect([...gaussian.mean]).toEqual([0.5, 0.5, 1.25, 0.5]);
    expect([...gaussian.std]).toEqual([0.25, 0, 0.5, 0.5]);
  });

  it("scales noise [H, N, U] by the entry's own mean, std and bounds", () => {
    const gaussian = new ActionGaussian(problem);
    gaussian.mean.set([0.5, 1, -0.5, 2]);
    gaussian.std.set([1, 2, 0.5, 0]);
    const noise = Float32Array.of(0, 1, 1, -1, -4, 1, 1, 9);
    gaussian.apply(noise, 2);
    expect([...noise]).toEqual([0.5, 3, 1, -1, -1, 2, 0, 2]);
  });
});

describe("sequences", () => {
  it("are read from and written to one column of [H, N, U]", () => {
    const samples = Float32Array.from({ length: 12 }, (_, i) => i);
    const out = new Float32Array(4);
    readSequence(samples, 3, 1, out, 2);
    expect([...out]).toEqual([2, 3, 8, 9]);
    writeSequence(samples, 3, 2, Float32Array.of(-1, -2), 2);
    expect([...samples]).toEqual([0, 1, 2, 3, -1, -2, 6, 7, 8, 9, 10, 11]);
  });
});
