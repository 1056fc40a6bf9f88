import { describe, expect, test } from "vitest";
import { UsageError } from "../../sim/core/errors.js";
import { builtinSuites, createRegistry, findSuite } from "../../tasks/registry.js";

describe("registry", () => {
  test("the push suite has the published tasks in the published order", () => {
    expect(findSuite("push").tasks.map((t) => t.name)).toEqual([
      "500-500",
      "100-500",
      "500-100",
      "500-250",
      "250-500",
    ]);
  });

  test("an unknown name is answered with the nearest one", () => {
    expect(() => findSuite("pussh")).toThrow(UsageError);
    expect(() => findSuite("pussh")).toThrow(/Did you mean "push"/);
  });

  test("a registry takes new suites and leaves the builtin ones alone", () => {
    const registry = createRegistry();
    const before = builtinSuites.length;
    registry.register({ name: "mine", description: "x", tasks: findSuite("push").tasks.slice(0, 1) });
    expect(registry.find("mine").tasks).toHaveLength(1);
    expect(registry.list()).toHaveLength(before + 1);
    expect(builtinSuites).toHaveLength(before);
    expect(() => findSuite("mine")).toThrow(UsageError);
  });

  test("taken suite names and repeated task names are refused", () => {
    const [task] = findSuite("push").tasks;
    const registry = createRegistry();
    expect(() => registry.register({ name: "push", description: "x", tasks: [] })).toThrow(/same name/);
    expect(() => registry.register({ name: "twice", description: "x", tasks: [task, task] })).toThrow(
      /500-500/,
    );
    expect(registry.list()).toHaveLength(builtinSuites.length);
  });
});
