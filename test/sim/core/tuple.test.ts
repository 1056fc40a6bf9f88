import { expect, it } from "vitest";
import { tuple } from "../../../sim/core/tuple.js";

it("takes a vector apart, and refuses one of another length", () => {
  const [dx, dy] = tuple(Float64Array.of(0.25, -1), 2);
  expect([dx, dy]).toEqual([0.25, -1]);
  expect(() => tuple([1, 2, 3], 2)).toThrow(new RangeError("3 numbers instead of 2."));
  expect(() => tuple([], 1)).toThrow(RangeError);
});
