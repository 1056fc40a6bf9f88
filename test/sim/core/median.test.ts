import { expect, it } from "vitest";
import { medianOf } from "../../../sim/core/median.js";

it("is the middle by size, the upper one of two, and NaN of nothing", () => {
  expect(medianOf([10, 9, 2])).toBe(9);
  expect(medianOf([4, 1, 3, 2])).toBe(3);
  expect(medianOf([])).toBeNaN();
});

it("leaves the values in their order", () => {
  const values = [3, 1, 2];
  medianOf(values);
  expect(values).toEqual([3, 1, 2]);
});
