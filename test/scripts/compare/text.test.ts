import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { number, wrap, wrapParts } from "../../../scripts/compare/text.js";

describe("wrap", () => {
  it.each([40, 60, 80, 120])("fits %i columns and loses nothing", (width) => {
    const text = `error: ${"a plain sentence that goes on ".repeat(8)}\n    indented ${"words ".repeat(40)}`;
    const wrapped = wrap(text, width);
    const rows = wrapped.split("\n");
    expect(Math.max(...rows.map((row) => stringWidth(row)))).toBeLessThanOrEqual(width);
    expect(wrapped.replace(/\s+/g, " ").trim()).toBe(text.replace(/\s+/g, " ").trim());
    expect(rows.slice(1).every((row) => row.startsWith("  "))).toBe(true);
    expect(rows.at(-1)).toMatch(/^ {6}words/);
  });

  it("never breaks a command in backquotes, nor a path", () => {
    const command = "`hypercrl train --resume runs/a-folder-with-a-long-name`";
    const path = `/a/${"path/".repeat(20)}x`;
    expect(wrap(`Continue it with ${command}, or look at ${path} first`, 40).split("\n")).toEqual([
      "Continue it with",
      `  ${command},`,
      "  or look at",
      `  ${path}`,
      "  first",
    ]);
  });

  it("leaves a line that fits as it is, and counts wide characters twice", () => {
    expect(wrap("  kept   as it is", 40)).toBe("  kept   as it is");
    expect(wrap("机器 手臂 推动", 12).split("\n")).toEqual(["机器 手臂", "  推动"]);
  });
});

it("parts of a line stay whole, on further lines where there is no room", () => {
  const parts = ["task 1/5 500-500", "step 240 of 3600", "12 min left"];
  expect(wrapParts(parts, 80)).toBe("task 1/5 500-500  step 240 of 3600  12 min left");
  expect(wrapParts(parts, 40)).toBe("task 1/5 500-500  step 240 of 3600\n  12 min left");
  expect(wrapParts(parts, 20)).toBe("task 1/5 500-500\n  step 240 of 3600\n  12 min left");
});

it("a number is a dash where it was not measured, and has no sign where it is rounded to 0", () => {
  expect([Number.NaN, null, undefined, -0.0002, -0.0006].map((value) => number(value, 3))).toEqual([
    "–",
    "–",
    "–",
    "0.000",
    "-0.001",
  ]);
});
