import { expect, it } from "vitest";
import { fixed } from "../../../sim/core/fixed.js";

it.each([
  [-0.0004, 3, "0.000"],
  [-0.0006, 3, "-0.001"],
  [-0, 1, "0.0"],
  [-0.4, 0, "0"],
  [0.0004, 3, "0.000"],
  [-12.345, 1, "-12.3"],
  [Number.NaN, 2, "NaN"],
])("%d with %d decimals is %s", (value, digits, text) => {
  expect(fixed(value, digits)).toBe(text);
});
