import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { builtinSuites } from "../../../tasks/registry.js";
import { CATALOG } from "../fixtures.js";

const resolve = (
  { defaults, ...suite }: (typeof builtinSuites)[number],
  profile: string,
  assignments: readonly string[] = [],
) => {
  const choice = { suite: { ...suite, ...(defaults && { defaults }) }, method: "hypercrl", profile, seed: 1 };
  return resolveSettings(choice, assignments, CATALOG);
};

const cases = builtinSuites.flatMap((suite) =>
  (["quick", "paper"] as const).flatMap((profile) => {
    const own = suite.defaults?.[profile];
    return own === undefined ? [] : [{ name: suite.name, suite, profile, own }];
  }),
);

describe.each(cases)("$profile settings of $name", ({ suite, profile, own }) => {
  const { defaults: _, ...plain } = suite;

  it("are valid, and each changes the profile", () => {
    expect(new Set(own.map((assignment) => assignment.split("=")[0])).size).toBe(own.length);
    const before = JSON.stringify(resolve(plain, profile));
    for (const assignment of own) {
      expect(JSON.stringify(resolve(plain, profile, [assignment])), assignment).not.toBe(before);
    }
    expect(resolve(suite, profile)).toEqual(resolve(plain, profile, own));
  });

  it("keep every transition of a task, and give way to the user's", () => {
    const { loop } = resolve(suite, profile);
    expect(loop.bufferCapacity).toBe(loop.initialRandomSteps + loop.stepsPerTask);
    expect(resolve(suite, profile, ["planner.horizon=3"]).planner.horizon).toBe(3);
  });
});

it("a suite leaves a profile that it has no defaults for as it is", () => {
  expect(cases.map(({ name, profile }) => `${name} ${profile}`)).not.toContain("reacher paper");
  const [push, reacher] = ["push", "reacher"].map((name) => {
    const suite = builtinSuites.find((one) => one.name === name);
    if (suite === undefined) throw new Error(`no suite ${name}`);
    return resolve(suite, "paper", ["tasks=1"]);
  });
  expect({ ...reacher, suite: "push" }).toEqual(push);
});
