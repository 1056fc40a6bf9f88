import { describe, expect, it } from "vitest";
import { turnedAbout } from "../../tasks/tabletop/layout.js";
import { firstPossible } from "../../tasks/varied-starts.js";

describe("draws of a start", () => {
  it("end with the first that is possible, and at some time without one", () => {
    const attempts = (possible: number) => {
      let made = 0;
      firstPossible(() => ++made === possible);
      return made;
    };
    expect(attempts(1)).toBe(1);
    expect(attempts(4)).toBe(4);
    expect(attempts(Number.POSITIVE_INFINITY)).toBe(20);
  });
});

describe("a point given from a middle", () => {
  it("lies where the turned axes say", () => {
    const [x, y] = turnedAbout([1, 2], Math.PI / 2, [3, 0.5]);
    expect(x).toBeCloseTo(0.5, 12);
    expect(y).toBeCloseTo(5, 12);
  });
});
