import { describe, expect, it } from "vitest";
import { fileName, isFileName } from "../../../sim/core/file-name.js";

describe("a name inside a folder", () => {
  it.each(["a", "01-train-0001.mcap", "…", ".hidden", "a b", "x".repeat(255)])("may be %j", (name) => {
    expect(fileName.parse(name)).toBe(name);
  });

  it.each([
    "",
    ".",
    "..",
    "a/b",
    "../a",
    "/etc/passwd",
    "a\\b",
    "a\0b",
    "a\nb",
    "\u001b[2J",
    "x".repeat(256),
  ])("is not %j", (name) => {
    expect(isFileName(name)).toBe(false);
    expect(fileName.safeParse(name).success).toBe(false);
  });
});
