import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { scheduleAssignments } from "../../../../scripts/cli/options/schedule.js";
import { InputError, UsageError } from "../../../../sim/core/errors.js";
import { temporaryFolder } from "../../../files.js";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileOf(content: string): string {
  const path = join(folder, "visits.json");
  writeFileSync(path, content);
  return path;
}

it("is an assignment of the setting, of words or of what a file lists", () => {
  expect(scheduleAssignments(undefined)).toEqual([]);
  expect(scheduleAssignments("rounds:2")).toEqual(["loop.schedule=rounds:2"]);
  const visits = [{ task: "a", steps: 300 }, { task: 2 }];
  expect(scheduleAssignments(fileOf(JSON.stringify(visits)))).toEqual([
    `loop.schedule=${JSON.stringify(visits)}`,
  ]);
});

it("reads a word as one also where a file has its name", () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    writeFileSync("rounds:3", "[]");
    expect(scheduleAssignments("rounds:3")).toEqual(["loop.schedule=rounds:3"]);
  } finally {
    process.chdir(before);
  }
});

it("refuses other words and names the nearest", () => {
  expect(() => scheduleAssignments("round:2")).toThrow(UsageError);
  expect(() => scheduleAssignments("round:2")).toThrow(
    /Unknown schedule; got "round"; expected one of once, rounds, random\. Did you mean "rounds"\?/,
  );
  expect(() => scheduleAssignments("always")).toThrow(/Or give the path of a JSON file/);
});

it.each([
  ["[]", /visits\.json is not valid at its top; got \[\]; expected a list of at least 1/],
  ["{}", /not valid at its top; got \{\}; expected a list/],
  ['[{"steps": 3}]', /not valid at 0\.task; got nothing; expected text or a/],
  ['[{"task": "a", "steps": 0}]', /not valid at 0\.steps; got 0; expected a number of at least 1/],
  ['[{"task": "a", "step": 3}]', /not valid at 0; got the key "step"; expected task and, if you like, steps/],
  ["[", /visits\.json/],
])("refuses the file %s as one that is wrong", (content, message) => {
  const path = fileOf(content);
  expect(() => scheduleAssignments(path)).toThrow(InputError);
  expect(() => scheduleAssignments(path)).toThrow(message);
});

it("refuses a file that is not there", () => {
  expect(() => scheduleAssignments(join(folder, "none.json"))).toThrow(InputError);
});
