import { describe, expect, it } from "vitest";
import { didYouMean, findNamed, oneOf } from "../../../sim/core/one-of.js";

describe("the nearest name", () => {
  const PLANNERS = ["icem", "cem", "mppi", "pddm", "random", "gradient"];

  it.each([
    ["cme", "cem"],
    ["ice", "icem"],
    ["ramdon", "random"],
    ["gradeint", "gradient"],
  ])("%s may have been meant for %s", (typed, meant) => {
    expect(didYouMean(typed, PLANNERS)).toEqual({ todo: `Did you mean "${meant}"?` });
  });

  it.each(["x", "foo", "simplex", "planner", "m"])("%s is near none", (typed) => {
    expect(didYouMean(typed, PLANNERS)).toEqual({});
  });

  it("is suggested for longer names that differ in more letters", () => {
    expect(didYouMean("planner.keepfracton", ["planner.keepFraction", "planner.samples"])).toEqual({
      todo: 'Did you mean "planner.keepFraction"?',
    });
    expect(
      didYouMean("learningRate", ["mlp.learningRate", "hypernetwork.learningRate", "loop.steps"]),
    ).toEqual({
      todo: 'Did you mean "mlp.learningRate" or "hypernetwork.learningRate"?',
    });
    expect(didYouMean("planner.x", ["planner.beta", "planner.horizon"])).toEqual({});
  });
});

it("without a near name the message says what there is, and what else to do", () => {
  expect(() => findNamed("suite", "juggle", [{ name: "push" }])).toThrow(
    /^Unknown suite; got "juggle"; expected one of push\.$/,
  );
  const many = Array.from({ length: 17 }, (_, i) => `setting-number-${i}`);
  expect(() => oneOf("setting", "size", many, "See the list")).toThrow(
    /^Unknown setting; got "size"; expected one of 17 names\. See the list\.$/,
  );
  expect(() => oneOf("setting", "setting-numbr-3", many, "See the list")).toThrow(
    /Did you mean "setting-number-3"/,
  );
});
