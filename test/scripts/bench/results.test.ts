import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  compareResults,
  formatComparison,
  machineDifferences,
  showFigure,
} from "../../../scripts/bench/compare.js";
import {
  type BenchResult,
  benchResult,
  joinSections,
  type Machine,
  named,
  readResult,
  sectionTable,
} from "../../../scripts/bench/result.js";
import { InputError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const MACHINE: Machine = {
  cpu: "Some CPU",
  cores: 2,
  memoryGb: 16,
  platform: "linux x64",
  versions: { node: "v20.0.0", onnxruntime: "1.30.0" },
};

const result = (figures: BenchResult["figures"], machine = MACHINE): BenchResult =>
  benchResult(machine, { figures, rows: [] });

describe("comparison of two results", () => {
  const before = result({
    "planning.push.ms": { value: 40, unit: "ms" },
    "planning.push.gemmShare": { value: 0.8, unit: "share" },
    "planning.push.rate": { value: 5, unit: "M/s" },
    "planning.old.ms": { value: 3, unit: "ms" },
    "memory.episodes.growth": { value: 7, unit: "MB" },
    "planning.zero.ms": { value: 0, unit: "ms" },
  });
  const now = result({
    "planning.push.ms": { value: 30, unit: "ms" },
    "planning.push.gemmShare": { value: 0.9, unit: "share" },
    "planning.push.rate": { value: 5, unit: "GB/s" },
    "planning.new.ms": { value: 1, unit: "ms" },
    "planning.zero.ms": { value: 2, unit: "ms" },
  });

  it("gives changes in percent of the earlier value, and none where there is nothing to compare", () => {
    const percents = compareResults(before, now).map(({ name, percent }) => [
      name,
      percent === undefined ? undefined : Math.round(percent * 10) / 10,
    ]);
    expect(percents).toEqual([
      ["planning.push.ms", -25],
      ["planning.push.gemmShare", 12.5],
      ["planning.push.rate", undefined],
      ["planning.new.ms", undefined],
      ["planning.zero.ms", undefined],
      ["planning.old.ms", undefined],
    ]);
  });

  it("prints signs, units and what is missing, but no section that was not measured", () => {
    const text = formatComparison(before, now);
    expect(text).toMatch(/planning\.push\.ms +│ +40\.0 ms │ +30\.0 ms │ -25\.0 %/);
    expect(text).toMatch(/planning\.push\.gemmShare +│ +0\.800 share +│ +0\.900 share +│ +\+12\.5 %/);
    expect(text).toMatch(/planning\.new\.ms +│ +– +│ +1\.00 ms +│ +– +│/);
    expect(text).toMatch(/planning\.old\.ms +│ +3\.00 ms +│ +– +│ +– +│/);
    expect(text).not.toContain("memory.episodes");
    expect(text).not.toContain("Other machine");
  });

  it("prints the sign of what was rounded", () => {
    const changed = (value: number) =>
      formatComparison(
        result({ "planning.push.ms": { value: 1000, unit: "ms" } }),
        result({ "planning.push.ms": { value, unit: "ms" } }),
      );
    for (const value of [999.9, 1000, 1000.1]) expect(changed(value)).toMatch(/ \+0\.0 %/);
    expect(changed(999)).toMatch(/ -0\.1 %/);
  });

  it("names what differs between the machines", () => {
    const other = { ...MACHINE, cores: 4, versions: { ...MACHINE.versions, node: "v22.0.0" } };
    const withTorch = { ...other, torch: { version: "1.13" } };
    expect(machineDifferences(MACHINE, MACHINE)).toEqual([]);
    expect(machineDifferences(MACHINE, withTorch)).toEqual([
      "cores: 2 → 4",
      "node: v20.0.0 → v22.0.0",
      "torch version: none → 1.13",
    ]);
    expect(formatComparison(before, { ...now, machine: other })).toContain(
      "Other machine or versions: cores: 2 → 4; node: v20.0.0 → v22.0.0",
    );
  });

  it.each([
    [1234.56, "1235 ms"],
    [123.456, "123 ms"],
    [12.345, "12.3 ms"],
    [1.2345, "1.23 ms"],
    [0.12345, "0.123 ms"],
    [-12.345, "-12.3 ms"],
  ])("shows %d with the digits that matter", (value, text) => {
    expect(showFigure({ value, unit: "ms" })).toBe(text);
  });
});

describe("sections", () => {
  const row = { what: "plan", figure: "1.0 ms", against: "0.5 ms", ratio: "0.50" };

  it("join their figures and rows in order; names get their prefix", () => {
    const a = { figures: named("planning.push", { ms: [1, "ms"] }), rows: [row] };
    const b = { figures: named("planning.door", { ms: [2, "ms"] }), rows: [{ ...row, what: "other" }] };
    const joined = joinSections([a, b]);
    expect(joined.figures).toEqual({
      "planning.push.ms": { value: 1, unit: "ms" },
      "planning.door.ms": { value: 2, unit: "ms" },
    });
    expect(joined.rows.map(({ what }) => what)).toEqual(["plan", "other"]);
  });

  it("are a table with a line for each row", () => {
    expect(sectionTable({ figures: {}, rows: [row] })).toMatch(/plan +│ 1\.0 ms +│ 0\.5 ms +│ +0\.50 │/);
  });
});

describe("a file of results", () => {
  const path = join(folder, "result.json");
  const good = result({ "planning.push.ms": { value: 40, unit: "ms" } });
  const read = (value: unknown) => {
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    return readResult(path);
  };

  it("is read as it was written, with and without PyTorch", () => {
    expect(read(good)).toEqual(good);
    const withTorch = { ...good, machine: { ...MACHINE, torch: { version: "1.13" } } };
    expect(read(withTorch)).toEqual(withTorch);
  });

  it.each<[string, unknown, RegExp]>([
    [
      "cut off",
      JSON.stringify(good).slice(0, 40),
      /is damaged; got .*JSON.*expected a bench result of format/,
    ],
    ["other JSON", { name: "hypercrl", version: "0.1.0" }, /format: .*expected "hypercrl-bench\/1"/],
    ["a list", [1, 2], /is damaged; got Invalid input: expected object/],
    ["another format", { ...good, format: "hypercrl-bench/0" }, /got format: /],
    ["no machine", { ...good, machine: undefined }, /got machine: /],
    [
      "a figure without number",
      { ...good, figures: { a: { value: null, unit: "ms" } } },
      /figures\.a\.value: /,
    ],
    ["an unknown unit", { ...good, figures: { a: { value: 1, unit: "furlong" } } }, /figures\.a\.unit: /],
    ["a key too many", { ...good, extra: 1 }, /"extra"/],
  ])("is refused: %s", (_, value, message) => {
    expect(() => read(value)).toThrow(InputError);
    expect(() => read(value)).toThrow(message);
    expect(() => read(value)).toThrow(/Write one with `npm run bench -- --json FILE`/);
  });

  it("is refused when it is not there", () => {
    expect(() => readResult(join(folder, "none.json"))).toThrow(InputError);
    expect(() => readResult(join(folder, "none.json"))).toThrow(
      /none\.json is missing; expected a bench result of format hypercrl-bench/,
    );
  });
});
