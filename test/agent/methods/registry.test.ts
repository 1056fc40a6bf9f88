import { expect, it } from "vitest";
import { findMethod, methods, networkShape } from "../../../agent/methods/registry.js";
import { METHODS } from "../../../agent/settings/schema.js";
import { METHOD_DEFAULTS } from "../../../agent/settings/suites.js";
import { UsageError } from "../../../sim/core/errors.js";

it("lists the methods that settings know, with what they change of a profile", () => {
  expect(methods.map(({ name }) => name)).toEqual(METHODS);
  const defaults = methods.flatMap(({ name, defaults }) => (defaults ? [[name, defaults]] : []));
  expect(Object.fromEntries(defaults)).toEqual(METHOD_DEFAULTS);
});

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
  expect(networkShape("pnn", dynamics, 2)).toEqual({ ...dynamics, sizes: [4, 24, 18, 2], blocks: 3 });
  expect(networkShape("ewc", dynamics, 2)).toBe(dynamics);
});
