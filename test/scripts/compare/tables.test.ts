import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { table } from "../../../scripts/compare/tables.js";

const WIDTHS = [40, 60, 80, 120];
const GROUPS = [
  ["method", "average", "forgetting", "retention"],
  ["forward\ntransfer", "success"],
  ["wall time,\nmin", "processor\ntime, min", "n"],
];
const NAMES = ["hypercrl", "multitask-hypernet"];
const ROWS = NAMES.map((name, r) => [
  name,
  ...Array.from({ length: 8 }, (_, c) => `${r}.${c}00\n[-${r}.${c}50, ${r}.${c}75]`),
]);

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => stringWidth(line)));
}

/** Titles of the columns of each table, one below another. */
function headings(text: string): string[][] {
  const lines = text.split("\n");
  const heads = lines.filter((_, i) => lines[i - 1]?.startsWith("┌"));
  return heads.map((line) =>
    line
      .split("│")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("a table", () => {
  it.each(WIDTHS)("fits %i columns and shows every cell", (width) => {
    const text = table(GROUPS, ROWS, { width });
    expect(widest(text)).toBeLessThanOrEqual(width);
    for (const cell of ROWS.flat().flatMap((text) => text.split("\n"))) expect(text).toContain(cell);
  });

  it("is one where there is room", () => {
    expect(headings(table(GROUPS, ROWS, { width: 200 }))).toEqual([
      ["method", "average", "forgetting", "retention", "forward", "success", "wall time,", "processor", "n"],
    ]);
  });

  it("puts groups below each other where there is not, each with the first column", () => {
    expect(headings(table(GROUPS, ROWS, { width: 80 }))).toEqual([
      ["method", "average", "forgetting", "retention"],
      ["method", "forward", "success"],
      ["method", "wall time,", "processor", "n"],
    ]);
  });

  it("splits a group that is too wide by itself", () => {
    expect(headings(table(GROUPS, ROWS, { width: 60 }))).toEqual([
      ["method", "average", "forgetting"],
      ["method", "retention"],
      ["method", "forward", "success"],
      ["method", "wall time,", "processor"],
      ["method", "n"],
    ]);
  });

  it("lists the cells of each row where one column does not fit beside the first", () => {
    expect(table(GROUPS, ROWS, { width: 36 }).split("\n").slice(0, 7)).toEqual([
      "method hypercrl",
      "  average              0.000",
      "    [-0.050, 0.075]",
      "  forgetting           0.100",
      "    [-0.150, 0.175]",
      "  retention            0.200",
      "    [-0.250, 0.275]",
    ]);
  });

  it("counts the columns that characters take", () => {
    const text = table([["名前", "value"]], [["机器手臂", "1"]], { width: 40 });
    expect(new Set(text.split("\n").map((line) => stringWidth(line))).size).toBe(1);
  });

  it("is 80 columns wide at most where nothing is said, as in a file", () => {
    expect(table(GROUPS, ROWS)).toBe(table(GROUPS, ROWS, { width: 80 }));
  });
});
