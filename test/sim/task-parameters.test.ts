import { describe, expect, it } from "vitest";
import type { TaskParameter } from "../../sim/task.js";
import { coordinatesOf, otherParameters, parameterText } from "../../sim/task-parameters.js";
import { builtinSuites, findSuite } from "../../tasks/registry.js";

const mass = (value: number): TaskParameter => ({
  ...{ name: "mass", unit: "kg", value },
  ...{ low: 0.25, high: 4, scale: "log" },
});
const friction = (value: number): TaskParameter => ({
  ...{ name: "friction", unit: "1", value },
  ...{ low: 0, high: 2, scale: "linear" },
});

describe("coordinates of a task", () => {
  it("are -1 at the low and 1 at the high bound, with equal steps on the parameter's scale", () => {
    const at = (value: number) => coordinatesOf([mass(value), friction(value / 2)]);
    expect([...at(0.25)]).toEqual([-1, -0.875]);
    expect([...at(4)]).toEqual([1, 1]);
    expect(at(1)[0]).toBeCloseTo(0, 12);
    expect(at(2)[0]).toBeCloseTo(0.5, 12);
    expect(at(2)[1]).toBe(0);
  });
});

it("the package's suites declare parameters that tell their tasks apart, or none", () => {
  const differing = builtinSuites.filter(({ tasks }) => tasks[0]?.parameters !== undefined);
  expect(differing.map(({ name }) => name)).toEqual([
    "push",
    "push-slide",
    "push-random",
    "cartpole",
    "reacher",
  ]);
  for (const { tasks, name } of differing) {
    expect(otherParameters(tasks), name).toBeUndefined();
    const texts = tasks.map(({ parameters }) => parameterText(parameters!));
    expect(new Set(texts).size, name).toBe(tasks.length);
  }
  expect(parameterText(findSuite("push").tasks[1]!.parameters!)).toBe(
    "leftDensity 100 kg/m³, rightDensity 500 kg/m³",
  );
});
