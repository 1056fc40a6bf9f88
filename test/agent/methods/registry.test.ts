import { expect, it } from "vitest";
import { networkShape } from "../../../agent/methods/method.js";
import { findMethod, methods } from "../../../agent/methods/registry.js";
import { UsageError } from "../../../sim/core/errors.js";

it.each(methods)("describes $name in one line", ({ name, summary }) => {
  expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect(summary).toMatch(/^[^A-Z.\n].{20,100}[^.\n]$|^HyperCRL .{20,100}[^.\n]$/);
});

it("names the nearest method when there is none of a name", () => {
  expect(findMethod("ewc").name).toBe("ewc");
  expect(() => findMethod("finetun")).toThrow(UsageError);
  expect(() => findMethod("finetun")).toThrow(/Unknown method/);
});

it("knows that a progressive network grows with each task, and that others do not", () => {
  const dynamics = { sizes: [4, 8, 6, 2], activation: "relu" } as const;
  expect(networkShape(findMethod("pnn"), dynamics, 2)).toEqual({
    ...dynamics,
    sizes: [4, 24, 18, 2],
    blocks: 3,
  });
  expect(networkShape(findMethod("ewc"), dynamics, 2)).toBe(dynamics);
  expect(networkShape(findMethod("pnn"), dynamics, 2, 4)).toEqual({
    ...dynamics,
    sizes: [4, 96, 72, 2],
    blocks: 3,
    members: 4,
  });
});
