import { expect, it } from "vitest";
import { estimate, interval } from "../../../scripts/compare/bootstrap.js";
import { intervalText, pText } from "../../../scripts/compare/interval-text.js";

const DRAWS = Array.from({ length: 10_000 }, (_, i) => i);
const five = [0.9, 0.95, 1, 1.05, 1.1];

it("gives the same interval for the same numbers, inside their range and around their mean", () => {
  const found = estimate(five);
  expect(estimate(five)).toEqual(found);
  expect(found).toMatchObject({ n: 5, lowest: 0.9, highest: 1.1 });
  expect(found.mean).toBeCloseTo(1, 12);
  expect(found.low).toBeGreaterThanOrEqual(0.9);
  expect(found.low).toBeLessThan(0.96);
  expect(found.high).toBeGreaterThan(1.04);
  expect(found.high).toBeLessThanOrEqual(1.1);
});

it("of fewer than five values has their range and no interval, and leaves out what is not defined", () => {
  expect(estimate([0.9, 1.1, Number.NaN])).toEqual({
    ...{ mean: 1, low: Number.NaN, high: Number.NaN },
    ...{ n: 2, lowest: 0.9, highest: 1.1 },
  });
  expect(estimate([])).toMatchObject({ mean: Number.NaN, n: 0, lowest: Number.NaN });
});

it("leaves out 2.5 % of the draws on either side", () => {
  expect(interval(DRAWS)).toEqual({ low: 250, high: 9749 });
});

it("has no bounds where draws that are not defined reach them", () => {
  const without = (count: number) => interval(DRAWS.map((x) => (x < count ? Number.NaN : x)));
  expect(without(100)).toEqual({ low: 250, high: 9849 });
  expect(without(251)).toEqual({ low: Number.NaN, high: Number.NaN });
});

it("is shown in brackets, a range without, and of one value neither", () => {
  const range = { lowest: 0.9, highest: 1.1 };
  expect(intervalText({ low: 0.95, high: 1.05, n: 5, ...range }, 2)).toBe("[0.95, 1.05]");
  expect(intervalText({ low: Number.NaN, high: Number.NaN, n: 3, ...range }, 2)).toBe("(0.90 … 1.10)");
  expect(intervalText({ low: null, high: null, n: 1, ...range }, 2)).toBe("");
});

it("p-values are rounded to thousandths", () => {
  expect([0.0312, 0.00004, 1, Number.NaN, null].map(pText)).toEqual([
    "p 0.031",
    "p < 0.001",
    "p 1.000",
    "",
    "",
  ]);
});
