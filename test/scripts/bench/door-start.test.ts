import { expect, test } from "vitest";
import { tryBase } from "../../../scripts/bench/door-start.js";
import { ARM_BASE, START_ANGLES } from "../../../tasks/door/start.js";

test("where the arm of the door tasks stands, the search finds its start and margins above 0.7 rad", () => {
  const found = tryBase(ARM_BASE);
  found?.start.forEach((angle, i) => {
    expect(Math.abs(angle - START_ANGLES[i]!)).toBeLessThan(1e-3);
  });
  expect(found?.margins).toHaveLength(5);
  expect(Math.min(...found!.margins)).toBeGreaterThan(0.7);
});

test("places from where a door cannot be opened are told apart from places out of reach", () => {
  expect(tryBase([-1, 0, 0.4])?.margins).toContain(Number.NEGATIVE_INFINITY);
  expect(tryBase([-2, 0, 0])).toBeUndefined();
});
