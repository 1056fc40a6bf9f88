import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { reportCsv } from "../../../scripts/report/csv.js";
import { reportHtml } from "../../../scripts/report/document.js";
import { reportData } from "../../../scripts/report/report.js";
import { readSource } from "../../../scripts/report/runs.js";
import { temporaryFolder } from "../../files.js";
import { type MadeRun, makeRun } from "./folders.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

function report(...runs: readonly MadeRun[]) {
  const folders = runs.map((run, i) => makeRun(join(root, `${expect.getState().currentTestName}-${i}`), run));
  return reportData(readSource(folders), join(root, "report.html"));
}

describe("errors of the model", () => {
  it("are means over seeds with the lowest and highest, after each task from its own on", () => {
    const { modelErrors } = report({ method: "hypercrl", seed: 1 }, { method: "hypercrl", seed: 3 });
    expect(modelErrors.charts.map(({ unit, task }) => [unit, task])).toEqual([
      ["m", 0],
      ["m", 1],
    ]);
    const [first, second] = modelErrors.charts.map(({ curves }) => curves.find((c) => c.horizon === 10));
    expect(first).toEqual({
      ...{ label: "hypercrl", horizon: 10, afterTask: [0, 1], n: [2, 2] },
      ...{ mean: [0.012, 0.024], low: [0.011, 0.022], high: [0.013, 0.026], unchanged: [0.5, 0.5] },
    });
    expect(second?.afterTask).toEqual([1]);
    expect(modelErrors.charts[0]!.curves.map(({ horizon }) => horizon)).toEqual([1, 5, 10, 20]);
  });

  it("say what was left out", () => {
    const data = report({ method: "hypercrl", seed: 2 }, { method: "single", seed: 3, learned: 1 });
    // Three evaluations of a run of two tasks, one of the other, each of 4 times 64 predictions.
    expect(data.modelErrors.leftOut).toEqual([
      { label: "hypercrl", leftOut: 6, of: 768 },
      { label: "single", leftOut: 3, of: 256 },
    ]);
    expect(reportHtml(data)).toContain("hypercrl: 6 of 768 predictions were not finite and are left out.");
  });

  it("are in a table of every line and in the CSV", () => {
    const data = report({ method: "hypercrl", seed: 2 });
    const html = reportHtml(data);
    const rows = /aria-label="Model error of hypercrl".*?<\/table>/s.exec(html)![0].match(/<tr>.*?<\/tr>/gs)!;
    expect(
      rows.map((row) =>
        row
          .replace(/<[^>]*>/g, "|")
          .split(/\|+/)
          .slice(1, -1),
      ),
    ).toEqual([
      ["task", "unit", "after learning", "1 step", "5 steps", "10 steps", "20 steps"],
      ["a", "m", "a", "0.003 (6 %)", "0.007 (3 %)", "0.012 (2 %)", "0.022 (2 %)"],
      ["a", "m", "b", "0.006 (12 %)", "0.014 (6 %)", "0.024 (5 %)", "0.044 (4 %)"],
      ["b", "m", "b", "0.003 (6 %)", "0.007 (3 %)", "0.012 (2 %)", "0.022 (2 %)"],
    ]);
    const lines = reportCsv(data).split("\n");
    expect(lines).toContain("hypercrl,modelError 20 steps ahead (m),,2,1,,0.044,0.044,0.044,1");
    expect(lines).toContain("hypercrl,unchangedError 20 steps ahead (m),,2,1,,1,,,1");
  });

  it("are not there for runs of versions that did not note them", () => {
    const data = report({ method: "hypercrl", seed: 1, modelErrors: false });
    expect(data.modelErrors).toEqual({ charts: [], leftOut: [] });
    expect(reportHtml(data)).not.toContain("held-out episodes</h2>");
    const both = report({ method: "hypercrl", seed: 1, modelErrors: false }, { method: "single", seed: 1 });
    expect(both.modelErrors.charts[0]!.curves.map(({ label }) => label)).toEqual(new Array(4).fill("single"));
  });
});
