import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../../agent/settings/schema.js";
import { SUITE_DEFAULTS } from "../../../agent/settings/suites.js";
import { builtinSuites } from "../../../tasks/registry.js";

/** A suite of a user's own. */
const UNLISTED = "mine";

const resolve = (suite: string, profile: string, assignments: readonly string[] = []) =>
  resolveSettings({ suite, method: "hypercrl", profile, seed: 1, suiteTasks: 5 }, assignments);

const cases = Object.entries(SUITE_DEFAULTS).flatMap(([suite, profiles]) =>
  Object.entries(profiles).map(([profile, own]) => ({ suite, profile, own })),
);

describe.each(cases)("$profile settings of $suite", ({ suite, profile, own }) => {
  it("belong to a suite, are valid, and each changes the profile", () => {
    expect(builtinSuites.map(({ name }) => name)).toContain(suite);
    expect(new Set(own.map((assignment) => assignment.split("=")[0])).size).toBe(own.length);
    const plain = JSON.stringify({ ...resolve(UNLISTED, profile), suite });
    for (const assignment of own) {
      const changed = { ...resolve(UNLISTED, profile, [assignment]), suite };
      expect(JSON.stringify(changed), assignment).not.toBe(plain);
    }
    expect(resolve(suite, profile)).toEqual({ ...resolve(UNLISTED, profile, own), suite });
  });

  it("keep every transition of a task, and give way to the user's", () => {
    const { loop } = resolve(suite, profile);
    expect(loop.bufferCapacity).toBe(loop.initialRandomSteps + loop.stepsPerTask);
    expect(resolve(suite, profile, ["planner.horizon=3"]).planner.horizon).toBe(3);
  });
});

it("a suite or profile that is not listed is as it is", () => {
  // A name that every object has is no suite's.
  expect(resolve("constructor", "quick")).toEqual({ ...resolve(UNLISTED, "quick"), suite: "constructor" });
  expect(resolve("cartpole", "paper")).toEqual({ ...resolve(UNLISTED, "paper"), suite: "cartpole" });
});
