import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRun } from "../../../scripts/compare/run-result.js";
import { CSV_HEAD, reportCsv } from "../../../scripts/report/csv.js";
import type { ReportData } from "../../../scripts/report/data.js";
import { reportHtml } from "../../../scripts/report/document.js";
import { reportData } from "../../../scripts/report/report.js";
import { readSource } from "../../../scripts/report/runs.js";
import { summarizeRun } from "../../../scripts/runs/train.js";
import { openDiscoveringRun } from "../../agent/discovery/discovering-run.js";
import { openRun } from "../../agent/short-run.js";
import { temporaryFolder } from "../../files.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const folder = join(root, "untold");
let data: ReportData;
beforeAll(async () => {
  const { loop, store } = openDiscoveringRun(folder);
  await loop.run();
  store.close();
  data = reportData(readSource([folder]), join(root, "report.html"));
});

it("a run that discovers its tasks has the figures of its summary in the comparison", () => {
  const summary = summarizeRun(folder).discovery!;
  expect(readRun(folder).discovery).toEqual(summary);
  expect(summary.changes).toBe(3);
  const { lines, changes } = data.discovery!;
  expect(lines.map(({ label, runs, tasks }) => [label, runs, tasks])).toEqual([["hypercrl", 1, 2]]);
  expect(lines[0]!.tasksFound.mean).toBe(summary.tasksFound);
  expect(lines[0]!.detected).toEqual({ count: summary.detected, of: 3 });
  expect(changes.map(({ visit }) => visit)).toEqual([1, 2, 3]);
  expect(changes.flatMap(({ values }) => values)).toEqual(summary.delays);
});

it("its page has a table with definitions and a plot for each change that was detected", () => {
  const html = reportHtml(data);
  expect(html).toContain("<h3>Tasks that runs discover</h3>");
  expect(html).toContain("detection delay: control steps from a change to its detection");
  const drawn = data.discovery!.charts.filter(({ estimates }) => estimates[0]!.n > 0);
  expect(drawn.length).toBeGreaterThan(0);
  for (const { score } of drawn) expect(html).toContain(`data-score="${score}"`);
});

it("its CSV has a row for each figure and each change", () => {
  const rows = reportCsv(data)
    .trim()
    .split("\n")
    .map((row) => row.split(","));
  const { delay } = data.discovery!.changes[0]!;
  const found = rows.filter(([, figure]) => figure === "delayOfChange");
  expect(found.map((row) => row.length)).toEqual([1, 2, 3].map(() => CSV_HEAD.split(",").length));
  // The change came with the second visit, after the first.
  expect(found[0]).toEqual(["hypercrl", "delayOfChange", "", "1", "", "", String(delay.mean), "", "", "1"]);
  for (const figure of ["tasksFound", "changesDetected", "detectionDelay", "falseAlarmRate"])
    expect(rows.filter(([, name]) => name === figure)).toHaveLength(1);
});

it("a run that is told its tasks has nothing of it", async () => {
  const announced = join(root, "told");
  const { loop, store } = openRun(announced, [], "single");
  await loop.run();
  store.close();
  const page = reportData(readSource([announced]), join(root, "told.html"));
  expect(page.discovery).toBeUndefined();
  expect(reportHtml(page)).not.toContain("Tasks that runs discover");
  expect(reportCsv(page)).not.toMatch(/tasksFound|delayOfChange/);
});
