import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseMetricsLine, readMetrics, readTiming } from "../../../agent/run/read-log.js";
import { LOG_VERSION } from "../../../agent/run/records.js";
import { Schedule } from "../../../agent/settings/schedule.js";
import { InputError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";
import {
  baselineRecord,
  evaluationRecord,
  modelErrorRecord,
  trainingRecord,
  usageRecord,
} from "./make-records.js";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const TWO_TASKS = new Schedule({
  ...{ seed: 1, tasks: 2 },
  loop: { schedule: "once", initialRandomSteps: 10, stepsPerTask: 20 },
});
const HEAD = { type: "log", version: LOG_VERSION };
const write = (log: "metrics" | "timing", ...lines: readonly (object | string | null)[]) => {
  const texts = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  writeFileSync(join(folder, `${log}.jsonl`), texts.map((text) => `${text}\n`).join(""));
};
const records = [baselineRecord(), trainingRecord(), evaluationRecord()];

describe("reading a log", () => {
  it("gives its records, with the line that says the version and without", () => {
    write("metrics", HEAD, ...records);
    expect(readMetrics(folder)).toEqual(records);
    write("metrics", ...records);
    expect(readMetrics(folder)).toEqual(records);
    write("timing", HEAD, usageRecord());
    expect(readTiming(folder)).toEqual([usageRecord()]);
  });

  it("gives none of a log that has only begun, and of a run without timing", () => {
    write("metrics", HEAD);
    expect(readMetrics(folder)).toEqual([]);
    write("metrics");
    expect(readMetrics(folder)).toEqual([]);
    expect(readTiming(folder)).toEqual([]);
  });

  it("leaves out a torn last line", () => {
    write("metrics", HEAD, ...records);
    writeFileSync(join(folder, "metrics.jsonl"), '{"type":"evalua', { flag: "a" });
    expect(readMetrics(folder)).toEqual(records);
  });

  it("refuses outcomes that are no yes or no, or are named like something else", () => {
    write("metrics", { ...evaluationRecord(), outcomes: { heldOpen: 1 } });
    expect(() => readMetrics(folder)).toThrow(/outcomes\.heldOpen/);
    write("metrics", { ...evaluationRecord(), outcomes: { success: true } });
    expect(() => readMetrics(folder)).toThrow(/outcomes/);
  });

  it("refuses one of a newer version, and says where to turn", () => {
    write("metrics", { type: "log", version: LOG_VERSION + 1 }, { type: "new" });
    expect(() => readMetrics(folder)).toThrow(InputError);
    expect(() => readMetrics(folder)).toThrow(
      /metrics\.jsonl was written by a newer version of hypercrl; got version 2 of the log; expected version 1 or an older one\. Use the version of hypercrl that wrote it/,
    );
  });

  it.each<[string, object | string | null, RegExp]>([
    ["null", null, /damaged in line 3; got .*received null; expected a record with a type/],
    ["a list", [], /damaged in line 3; got .*received array; expected a record with a type/],
    ["no JSON", "{", /damaged in line 3; got .*JSON/],
    [
      "a type that there is not",
      { type: "news" },
      /line 3; got type: .*'baseline'.*; expected a record of type news/,
    ],
    ["a type of the other log", usageRecord(), /line 3; got type: .*expected a record of type usage/],
    ["a version in the middle", HEAD, /line 3; got a second head line; expected a record/],
    ["no return", { ...evaluationRecord(), return: undefined }, /line 3; got return: .*type evaluation/],
    ["a return as text", { ...evaluationRecord(), return: "1" }, /line 3; got return: .*received string/],
    ["half a step", { ...trainingRecord(), steps: 0.5 }, /line 3; got steps: .*expected int/],
    ["a measure as text", { ...evaluationRecord(), measures: { a: "x" } }, /line 3; got measures\.a: /],
    [
      "a model error of a task not yet learned",
      modelErrorRecord({ afterTask: 0, taskIndex: 1 }),
      /line 3; got task index 1; expected a task learned so far/,
    ],
    [
      "a model error too few",
      modelErrorRecord({ starts: [1, 1, 1] }),
      /line 3; got horizons: expected lists of the same length/,
    ],
    [
      "a model error after a task too many",
      modelErrorRecord({ afterTask: 2 }),
      /line 3; got task index 2; expected less than the run's 2/,
    ],
    [
      "a task too many",
      evaluationRecord({ afterTask: 2 }),
      /line 3; got task index 2; expected less than the run's 2/,
    ],
  ])("refuses a line with %s and names it", (_, line, message) => {
    write("metrics", HEAD, trainingRecord(), line);
    expect(() => readMetrics(folder, TWO_TASKS)).toThrow(InputError);
    expect(() => readMetrics(folder, TWO_TASKS)).toThrow(message);
  });

  it("refuses a version that is none", () => {
    write("metrics", { type: "log", version: "1" }, ...records);
    expect(() => readMetrics(folder)).toThrow(
      /damaged in line 1; got version: .*expected a record of type log/,
    );
  });
});

describe("a line of a log that is being written", () => {
  it("is a record, or passed over", () => {
    expect(parseMetricsLine(JSON.stringify(evaluationRecord()))).toEqual(evaluationRecord());
    const others = [
      JSON.stringify(HEAD),
      "",
      "null",
      '{"type":"episode"}',
      "{",
      JSON.stringify(usageRecord()),
    ];
    expect(others.map(parseMetricsLine)).toEqual(others.map(() => undefined));
  });
});
