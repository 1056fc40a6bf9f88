import { describe, expect, it } from "vitest";
import { chooseRows, NO_FILTER, valuesOf } from "../../../../scripts/viewer/page/picker-rows.js";
import type { EpisodeRow } from "../../../../scripts/viewer/payload.js";

const ROWS: readonly EpisodeRow[] = [
  {
    source: 0,
    file: "b.mcap",
    task: "zebra",
    taskIndex: 0,
    phase: "train",
    afterTask: 0,
    return: -5,
    steps: 9,
    success: false,
  },
  {
    source: 0,
    file: "a.mcap",
    task: "ape",
    taskIndex: 1,
    phase: "evaluate",
    afterTask: 10,
    return: 3,
    steps: 8,
    success: true,
  },
  {
    source: 1,
    file: "c.mcap",
    task: "zebra",
    taskIndex: 0,
    phase: "evaluate",
    afterTask: 2,
    return: 30,
    steps: 7,
    success: true,
  },
  { source: 1, file: "broken.mcap", problem: "truncated" },
];
const BY_FILE = { key: "file", descending: false } as const;
const files = (rows: readonly EpisodeRow[]) => rows.map(({ file }) => file[0]).join("");

describe("chooseRows", () => {
  it.each([
    ["file", false, "abbc"],
    ["file", true, "cbba"],
    ["return", true, "cabb"],
    ["return", false, "bacb"],
    ["task", false, "bcab"],
    ["afterTask", true, "acbb"],
    ["success", true, "acbb"],
    ["steps", false, "cabb"],
  ] as const)("sorts by %s (descending: %s), rows without a value last", (key, descending, expected) => {
    expect(files(chooseRows(ROWS, NO_FILTER, { key, descending }))).toBe(expected);
  });

  it.each([
    [{ task: "zebra" }, "bc"],
    [{ phase: "evaluate" }, "ac"],
    [{ success: "true" }, "ac"],
    [{ success: "false" }, "b"],
    [{ source: "1" }, "bc"],
    [{ afterTask: "10" }, "a"],
    [{ text: "ZEB  train" }, "b"],
    [{ text: "broken" }, "b"],
    [{ task: "zebra", phase: "evaluate", text: "mcap" }, "c"],
    [{ text: "no such" }, ""],
  ])("filters by %j", (filter, expected) => {
    expect(files(chooseRows(ROWS, { ...NO_FILTER, ...filter }, BY_FILE))).toBe(expected);
  });
});

describe("valuesOf", () => {
  it("lists tasks in the order of learning and moments by number", () => {
    expect(valuesOf(ROWS, "task")).toEqual(["zebra", "ape"]);
    expect(valuesOf(ROWS, "afterTask")).toEqual(["0", "2", "10"]);
    expect(valuesOf(ROWS, "phase")).toEqual(["train", "evaluate"]);
  });
});
