import { describe, expect, test } from "vitest";
import { UsageError } from "../../sim/core/errors.js";
import { findSuite } from "../../tasks/registry.js";

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
    expect(() => findSuite("pussh")).toThrow(/Unknown task suite; got "pussh".*Did you mean "push"/);
  });
});
