import { describe, expect, it } from "vitest";
import { mixed } from "../../../agent/evaluation/evaluate-unannounced.js";
import { Rng } from "../../../sim/core/rng.js";

describe("mixed", () => {
  it("gives every task its episodes, so many in a row, and never the same task after itself", () => {
    for (let seed = 0; seed < 50; seed++) {
      const order = mixed(3, 5, 2, Rng.fromSeed(seed));
      for (const task of [0, 1, 2]) expect(order.filter((k) => k === task)).toHaveLength(5);
      // Two rounds of two episodes for each task, and one of one.
      const blocks = [0, 2, 4, 6, 8, 10, 12, 13, 14].map((at) => order[at]!);
      const lengths = [2, 2, 2, 2, 2, 2, 1, 1, 1];
      expect(order).toEqual(blocks.flatMap((task, i) => new Array<number>(lengths[i]!).fill(task)));
      for (const [i, task] of blocks.slice(1).entries()) expect(task).not.toBe(blocks[i]);
    }
  });

  it("depends on the seed alone", () => {
    const orders = [1, 1, 2, 3].map((seed) => mixed(4, 3, 1, Rng.fromSeed(seed)).join());
    expect(orders[0]).toBe(orders[1]);
    expect(new Set(orders).size).toBe(3);
  });
});
