import { describe, expect, it } from "vitest";
import { measureName } from "../../../scripts/compare/measure-name.js";
import { measureTitle } from "../../../scripts/compare/tables.js";

describe("the name of a measure", () => {
  it.each([
    ["positionErrorMm", "position error", "mm", "position\nerror, mm"],
    ["distanceM", "distance", "m", "distance, m"],
    ["largestDoorAngle", "largest door angle", undefined, "largest door\nangle"],
    ["height", "height", undefined, "height"],
    ["HeldOpen", "held open", undefined, "held\nopen"],
  ])("%s", (key, name, unit, title) => {
    expect(measureName(key)).toEqual({ name, unit });
    expect(measureTitle(key)).toBe(title);
  });
});
