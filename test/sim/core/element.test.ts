import { expect, it } from "vitest";
import { elementAt, firstOf } from "../../../sim/core/element.js";

it("gives the element, also one that is null or zero", () => {
  expect(elementAt(["a", "b"], 1, "letters")).toBe("b");
  expect(elementAt([null], 0, "values")).toBeNull();
  expect(firstOf(Float32Array.of(0, 1), "numbers")).toBe(0);
});

it("says which list has no such element", () => {
  expect(() => elementAt(["a", "b"], 2, "letters")).toThrow(
    new RangeError("No element 2 among the 2 letters"),
  );
  expect(() => firstOf([], "runs")).toThrow(new RangeError("No element 0 among the 0 runs"));
});
