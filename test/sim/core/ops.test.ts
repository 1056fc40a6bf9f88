import { describe, expect, it } from "vitest";
import { eagerOps as ops } from "../../../sim/core/ops.js";

const f = (...values: number[]) => Float64Array.from(values);

describe("eagerOps", () => {
  it("calculates element by element", () => {
    expect(ops.add(f(1, 2), f(10, 20))).toEqual(f(11, 22));
    expect(ops.sub(f(1, 2), f(10, 20))).toEqual(f(-9, -18));
    expect(ops.mul(f(1, 2), f(10, 20))).toEqual(f(10, 40));
    expect(ops.div(f(1, 2), f(10, 8))).toEqual(f(0.1, 0.25));
    expect(ops.max(f(1, 4), f(3, 2))).toEqual(f(3, 4));
    expect(ops.min(f(1, 4), f(3))).toEqual(f(1, 3));
    expect(ops.scale(f(1, 2), -3)).toEqual(f(-3, -6));
    expect(ops.sqrt(f(4, 9))).toEqual(f(2, 3));
    expect(ops.abs(f(-4, 9))).toEqual(f(4, 9));
    expect(ops.tanh(f(0.5))[0]).toBeCloseTo(0.46211715726, 10);
    expect(ops.exp(f(0, 1))).toEqual(f(1, Math.E));
    expect(ops.log(f(1, Math.E))).toEqual(f(0, 1));
    expect(ops.sin(f(0, Math.PI / 2))).toEqual(f(0, 1));
    expect(ops.cos(f(0, Math.PI))).toEqual(f(1, -1));
  });

  it("broadcasts one feature against many, on either side", () => {
    expect(ops.sub(f(1, 2, 3), f(1))).toEqual(f(0, 1, 2));
    expect(ops.sub(f(1), f(1, 2, 3))).toEqual(f(0, -1, -2));
    expect(() => ops.add(f(1, 2), f(1, 2, 3))).toThrow(/length 2 and 3/);
  });

  it("slices, joins and sums features", () => {
    expect(ops.slice(f(1, 2, 3, 4), 1, 3)).toEqual(f(2, 3));
    expect(ops.concat([f(1), f(2, 3), f()])).toEqual(f(1, 2, 3));
    expect(ops.sum(f(1, 2, 3.5))).toEqual(f(6.5));
    expect(ops.constant([1, 2])).toEqual(f(1, 2));
  });

  it("leaves its arguments alone", () => {
    const x = f(-1, 4);
    for (const result of [ops.abs(x), ops.scale(x, 2), ops.add(x, x), ops.concat([x])]) result.fill(9);
    expect(x).toEqual(f(-1, 4));
  });
});
