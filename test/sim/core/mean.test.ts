import { expect, it } from "vitest";
import { meanOf } from "../../../sim/core/mean.js";

it("is the sum over the count, and NaN of nothing", () => {
  expect(meanOf([1, 2, 6])).toBe(3);
  expect(meanOf([])).toBeNaN();
});
