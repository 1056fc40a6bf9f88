import { describe, expect, it } from "vitest";
import { holm, studentCdf, studentUpper, tTest } from "../../../scripts/compare/student.js";

describe("Student's t", () => {
  // Tables of Fisher & Yates: two-sided 5 %, and one-sided 0.5 %.
  it.each([
    [1, 12.706, 63.657],
    [2, 4.303, 9.925],
    [3, 3.182, 5.841],
    [4, 2.776, 4.604],
    [9, 2.262, 3.25],
    [30, 2.042, 2.75],
  ])("with %i degrees of freedom exceeds %d in 2.5 %% and %d in 0.5 %%", (freedom, t25, t5) => {
    expect(studentUpper(0.025, freedom)).toBeCloseTo(t25, 3);
    expect(studentUpper(0.005, freedom)).toBeCloseTo(t5, 3);
    expect(studentCdf(-t25, freedom)).toBeCloseTo(0.025, 4);
    expect(studentCdf(0, freedom)).toBe(0.5);
  });

  it("gives the p-value of a mean", () => {
    // Mean 2, standard error 0.7071: t = 2.828 with 4 degrees of freedom.
    expect(tTest([0, 1, 2, 3, 4])).toBeCloseTo(0.04742, 5);
    expect(tTest([-1, 0, 1])).toBe(1);
    expect(tTest([2, 2, 2])).toBe(0);
    expect(tTest([0, 0])).toBe(1);
  });
});

describe("Holm's correction", () => {
  it("multiplies the smallest by their number, the next by one fewer, and keeps the order", () => {
    expect(holm([0.03, 0.01, 0.04])).toEqual([0.06, 0.03, 0.06]);
    expect(holm([0.6, 0.5])).toEqual([1, 1]);
  });

  it("leaves out what was not tested", () => {
    expect(holm([Number.NaN, 0.02, 0.01])).toEqual([Number.NaN, 0.02, 0.02]);
  });
});
