import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isFinished } from "../../../agent/run/finished.js";
import { readRun } from "../../../scripts/compare/run-result.js";
import { CSV_HEAD, reportCsv } from "../../../scripts/report/csv.js";
import type { ReportData } from "../../../scripts/report/data.js";
import { reportHtml } from "../../../scripts/report/document.js";
import { reportData } from "../../../scripts/report/report.js";
import { readSource } from "../../../scripts/report/runs.js";
import { summarizeRun } from "../../../scripts/runs/train.js";
import { openRun } from "../../agent/short-run.js";
import { temporaryFolder } from "../../files.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const folder = join(root, "rounds");
let data: ReportData;
beforeAll(async () => {
  const { loop, store } = openRun(folder, ["loop.schedule=rounds:2"], "single");
  await loop.run();
  store.close();
  data = reportData(readSource([folder]), join(root, "report.html"));
});

it("a finished run has returns after every visit, and how each was learned", () => {
  expect(isFinished(folder)).toBe(true);
  const run = readRun(folder);
  expect(run.visits).toEqual([0, 1, 0, 1]);
  expect(run.means.map((row) => row.map(Number.isFinite))).toEqual([
    [true, false],
    [true, true],
    [true, true],
    [true, true],
  ]);
  expect(run.visitCurves.map(({ total }) => total)).toEqual([60, 60, 60, 60]);
  expect(run.learning).toEqual(run.visitCurves.slice(0, 2));
  const { tasks, afterTask } = summarizeRun(folder);
  expect(afterTask).toBe(3);
  expect(tasks.map(({ learned }) => learned)).toEqual([run.means[2]![0], run.means[3]![1]]);
  expect(tasks[0]!.forgetting).toBeCloseTo(run.means[2]![0]! - run.means[3]![0]!, 12);
});

it("its report has a row for each visit, and the visits where they lie on the axis", () => {
  expect(data.runs[0]!.state).toBe("finished");
  expect(data.matrices[0]!.visits).toEqual([0, 1, 0, 1]);
  expect(data.matrices[0]!.cells.map(({ afterTask, task }) => `${afterTask}/${task}`)).toEqual([
    ...["0/0", "1/0", "1/1", "2/0", "2/1", "3/0", "3/1"],
  ]);
  expect(data.charts.return[0]!.visits).toEqual([
    { task: 0, from: 0, to: 100, randomTo: 40 },
    { task: 1, from: 100, to: 200, randomTo: 140 },
    { task: 0, from: 200, to: 260, randomTo: 200 },
    { task: 1, from: 260, to: 320, randomTo: 260 },
  ]);
  const { steps, task } = data.charts.trainingLoss[0]!.curves[0]!;
  expect(task.map((index, k) => `${index}/${steps[k]}`)).toEqual([
    ...["0/40", "0/60", "0/80", "1/140", "1/160", "1/180", "0/220", "0/240", "1/280", "1/300"],
  ]);
});

it("its report and its CSV have the figures of tasks that are visited again", () => {
  expect(data.revisits?.tasks.map(({ task }) => task)).toEqual(["a", "b", "mean"]);
  expect(data.revisits?.visits.map(({ visit }) => visit)).toEqual([2]);
  const html = reportHtml(data);
  expect(html).toContain("<h3>Tasks that are visited again</h3>");
  expect(html).toContain("after each visit (rows)");
  expect(html).toContain("evaluation after visit 4");
  const rows = reportCsv(data).trim().split("\n");
  const columns = CSV_HEAD.split(",").length;
  expect(rows.every((row) => row.split(",").length >= columns)).toBe(true);
  for (const figure of ["backwardTransfer", "secondMinusFirst", "areaShare", "stepsToRecover"])
    expect(rows.some((row) => row.startsWith(`single,${figure},`))).toBe(true);
});
