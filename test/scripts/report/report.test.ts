import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compareRuns, definitions } from "../../../scripts/compare/comparison.js";
import {
  DIFFERENCE_SCORES,
  differenceDefinition,
  differencesFrom,
} from "../../../scripts/compare/differences.js";
import { findOracle } from "../../../scripts/compare/oracle-reference.js";
import { readRun } from "../../../scripts/compare/run-result.js";
import { referenceOf, SCORES, scoreRun } from "../../../scripts/compare/scores.js";
import { reportCsv } from "../../../scripts/report/csv.js";
import { reportHtml } from "../../../scripts/report/document.js";
import { reportData } from "../../../scripts/report/report.js";
import { readSource } from "../../../scripts/report/runs.js";
import { writeReport } from "../../../scripts/sweep/report-files.js";
import { reportFolder } from "../../../scripts/sweep/sweep.js";
import { UsageError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { madeReference } from "../compare/made-reference.js";
import { evaluationReturn, type MadeRun, makeRun, makeSweep } from "./folders.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const page = join(root, "report.html");
let made = 0;
function folderOf(run: MadeRun): string {
  made++;
  return makeRun(join(root, `run-${made}`), run);
}
const report = (...paths: string[]) => reportData(readSource(paths), page);

/** The made-up tasks of these runs are not those of the package's suite of that name. */
const NO_ORACLE = findOracle({ suite: "push", tasks: ["a", "b"], record: undefined }, undefined);

const compared = [
  ...[1, 2, 3].map((seed) => folderOf({ method: "hypercrl", seed, offset: 7 * seed })),
  ...[1, 2].map((seed) => folderOf({ method: "single", seed, offset: -3 * seed })),
];

describe("figures", () => {
  const data = report(...compared);
  const results = compared.map((folder) => readRun(folder));
  const reference = referenceOf(results);

  it("are those of the comparison on the same folders", () => {
    const methods = compareRuns(results);
    expect(methods.map(({ method }) => method)).toEqual(["hypercrl", "single"]);
    expect(data.scores.map(({ score }) => score)).toEqual(SCORES);
    for (const { score, estimates } of data.scores) {
      const wanted = methods.map((m) => JSON.parse(JSON.stringify(m[score as (typeof SCORES)[number]])));
      expect(estimates, score).toMatchObject(wanted);
    }
    expect(data.definitions).toEqual(definitions(reference, NO_ORACLE));
    expect(data.reached).toEqual(methods.map(({ method: label, reached: counts }) => ({ label, counts })));
    expect(reportHtml(data)).toContain("<h3>While tasks are learned</h3>");
  });

  it("of each run are those of the comparison, too", () => {
    const wanted = results.map((result) => scoreRun(result, reference));
    expect(data.runs.map((run) => run.scores)).toEqual(JSON.parse(JSON.stringify(wanted)));
    const [average] = take(1, data.scores);
    expect(average.estimates.map(({ values }) => values)).toEqual([
      wanted.slice(0, 3).map((s) => s.average),
      wanted.slice(3).map((s) => s.average),
    ]);
  });

  it("that set methods apart are those of the comparison, from the method asked for", () => {
    const differences = differencesFrom(results, ["hypercrl", "single"], "hypercrl")!;
    const [{ method, ...figures }] = take(1, differences.methods);
    expect(data.differences).toMatchObject({ from: "hypercrl", rows: [{ label: method }] });
    expect(data.differences!.definition).toBe(differenceDefinition(differences));
    const [row] = take(1, data.differences!.rows);
    expect(row.figures.map(({ score }) => score)).toEqual(DIFFERENCE_SCORES);
    for (const { score, title: _, digits: __, ...figure } of row.figures) {
      const wanted = figures[score as (typeof DIFFERENCE_SCORES)[number]];
      expect(figure, score).toEqual(JSON.parse(JSON.stringify(wanted)));
    }
    const html = reportHtml(data);
    expect(html).toContain("<h3>Differences from hypercrl, seed by seed</h3>");
    expect(html).toContain("<b>difference</b>");
    const other = reportData(readSource(compared), page, "single").differences!;
    expect([other.from, other.rows[0]!.label]).toEqual(["single", "hypercrl"]);
    expect(() => reportData(readSource(compared), page, "ewc")).toThrow(UsageError);
    expect(report(compared[0]!).differences).toBeNull();
  });

  it("in the matrix are means over runs of what the comparison starts from", () => {
    const [hypercrl] = take(1, data.matrices);
    expect(hypercrl.cells.map((c) => [c.afterTask, c.task])).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
    for (const { afterTask: i, task: j, return: value, normalised, n } of hypercrl.cells) {
      const mean = results.slice(0, 3).reduce((sum, r) => sum + r.means[i]![j]!, 0) / 3;
      expect(value).toBeCloseTo(mean, 12);
      const random = j + 1;
      expect(normalised).toBeCloseTo((mean - random) / (reference!.returns[j]! - random), 12);
      expect(n).toBe(3);
    }
  });

  it("are plain returns without runs of single", () => {
    const plain = report(...compared.slice(0, 3));
    expect(plain.reference).toBeNull();
    expect(plain.reached).toEqual([]);
    expect(plain.matrices[0]!.cells.map((c) => c.normalised)).toEqual([null, null, null]);
    expect(plain.scores[0]!.unit).toBe("return");
    expect(plain.scores.find(({ score }) => score === "forwardTransfer")?.estimates[0]).toMatchObject({
      ...{ mean: null, n: 0, values: [] },
    });
    expect(plain.definitions).toEqual(definitions(undefined, NO_ORACLE));
  });

  it("of time are shares of the wall time", () => {
    // Four sessions of 3 s and eight episodes' planning of 1.2 s, of 90 s.
    expect(data.time).toMatchObject([
      { label: "hypercrl", n: 3, training: 12 / 60 },
      { label: "single", n: 2 },
    ]);
    expect(data.time[0]!.planning).toBeCloseTo(9.6 / 60, 12);
    expect(data.time[0]!.rest).toBeCloseTo((90 - 12 - 9.6) / 60, 12);
  });

  it("are in the CSV as in the JSON", () => {
    const lines = reportCsv(data).trimEnd().split("\n");
    // Of three seeds there is no interval.
    expect(lines).toContain(`hypercrl,average,,,,,${data.scores[0]!.estimates[0]!.mean},,,3`);
    const [cell] = take(1, data.matrices[1]!.cells);
    expect(lines).toContain(`single,evaluationReturn,,1,1,,${cell.return},,,2`);
    const points = data.charts.return[0]!.curves.reduce((n, { steps }) => n + steps.length, 0);
    expect(lines.filter((line) => line.split(",")[1] === "return")).toHaveLength(points);
    expect(new Set(lines.map((line) => line.split(",").length))).toEqual(new Set([10]));
  });
});

describe("an unfinished run", () => {
  const data = report(compared[0]!, folderOf({ method: "hypercrl", seed: 9, learned: 1 }));

  it("is reported as far as it got and marked", () => {
    expect(data.runs.map(({ finished, state }) => [finished, state])).toEqual([
      [true, "finished"],
      [false, "unfinished: evaluation after task 1 of 2"],
    ]);
    expect(data.runs[1]!.scores).toBeNull();
    expect(data.scores[0]!.estimates.map(({ n }) => n)).toEqual([1]);
    expect(data.matrices[0]!.cells.map(({ n }) => n)).toEqual([2, 1, 1]);
    expect(new Set(data.charts.return[0]!.curves[0]!.n)).toEqual(new Set([2, 1]));
  });

  it("with nothing but settings has no curves", () => {
    const bare = folderOf({ method: "single", seed: 1, learned: 0 });
    writeFileSync(join(bare, "metrics.jsonl"), "");
    rmSync(join(bare, "evaluation.json"));
    const empty = report(bare);
    expect(empty.runs[0]).toMatchObject({ state: "unfinished: before the first task", episodes: [] });
    expect(empty.charts.return).toEqual([]);
    expect([empty.matrices, empty.time]).toEqual([[], []]);
  });

  it("counts an evaluation once all its episodes are made", () => {
    const half = folderOf({ method: "hypercrl", seed: 3, learned: 1, loop: { evaluationEpisodes: 3 } });
    expect(report(half).matrices).toEqual([]);
  });
});

describe("where some tasks are left out of evaluations", () => {
  const tasks = ["a", "b", "c", "d"];
  const made = (evaluateTasks: number | "all") =>
    [1, 2, 3].map((seed) => folderOf({ method: "single", seed, tasks, loop: { evaluateTasks } }));
  const [some, all] = [made(2), made("all")];

  it("figures are those of all evaluations, as they need no other", () => {
    const figures = (folders: readonly string[]) => {
      const { scores, counts, differences } = reportData(readSource(folders), page);
      return { scores, counts, differences };
    };
    expect(figures(some)).toEqual(figures(all));
    for (const [i, folder] of some.entries()) {
      const [{ means }, { means: whole }] = [readRun(folder), readRun(all[i]!)];
      const gaps = means.flat().filter(Number.isNaN);
      expect(gaps).toHaveLength(1);
      expect(means.map((row, i) => row[i])).toEqual(whole.map((row, i) => row[i]));
      expect(means[3]).toEqual(whole[3]);
    }
  });

  it("a cell of the matrix is the mean of the runs that have it, and missing where none has", () => {
    const [matrix] = take(1, reportData(readSource(some), page).matrices);
    const runs = some.map((folder) => readRun(folder));
    for (const i of tasks.keys()) {
      for (let j = 0; j <= i; j++) {
        const own = runs.map(({ means }) => means[i]![j]!).filter(Number.isFinite);
        const cell = matrix.cells.find((c) => c.afterTask === i && c.task === j);
        expect(cell?.n ?? 0).toBe(own.length);
        if (cell !== undefined) expect(cell.return).toBeCloseTo(own.reduce((a, b) => a + b) / own.length, 12);
      }
    }
    const alone = report(some[0]!);
    expect(alone.matrices[0]!.cells).toHaveLength(9);
    const rows = reportCsv(alone).split("\n");
    expect(rows.filter((row) => row.startsWith("single,evaluationReturn,"))).toHaveLength(9);
    const after = alone.modelErrors.charts.find(({ task, unit }) => task === 0 && unit === "m")!;
    const measured = alone.matrices[0]!.cells.filter(({ task }) => task === 0).map((c) => c.afterTask);
    for (const { afterTask } of after.curves) expect(afterTask).toEqual(measured);
  });
});

describe("the oracle", () => {
  const file = join(root, "push-oracle.json");
  // Random 1 and 3 as in the runs, the oracle 201 and 203.
  writeFileSync(file, JSON.stringify(madeReference("push", ["a", "b"], [1, 3], [201, 203])));
  const run = folderOf({ method: "hypercrl", seed: 1 });
  const data = reportData(readSource([run]), page, undefined, file);

  it("is what averages are normalised by, and a row of its own", () => {
    // After the last task 71.5 on a and 121.5 on b.
    const wanted = ((71.5 - 1) / 200 + (121.5 - 3) / 200) / 2;
    expect(data.runs[0]!.scores!.oracleAverage).toBeCloseTo(wanted, 12);
    const chart = data.scores.find(({ score }) => score === "oracleAverage")!;
    expect(chart).toMatchObject({ title: "average of oracle", unit: "random 0, oracle 1" });
    expect(chart.estimates[0]!.mean).toBeCloseTo(wanted, 12);
    // Without a run of single its average is in returns.
    expect(data.oracle).toEqual({ average: 202, oracleAverage: 1, success: 0.5, episodes: 2 });
    const row = /<tr><td>oracle<\/td>.*?<\/tr>/.exec(reportHtml(data))![0];
    expect(row.match(/<td>.*?<\/td>/g)!.slice(0, 3)).toEqual([
      ...["<td>oracle</td>", "<td>202.000</td>", "<td>1.000</td>"],
    ]);
    expect(reportCsv(data)).toContain("oracle,oracleAverage,,,,,1,,,2\n");
  });

  it("is none where the suite of the runs has other tasks, unless it is given", () => {
    expect(report(run).oracle).toBeNull();
    expect(report(run).runs[0]!.scores!.oracleAverage).toBeNull();
    writeFileSync(file, JSON.stringify(madeReference("push", ["a", "c"], [1, 3], [201, 203])));
    expect(() => reportData(readSource([run]), page, undefined, file)).toThrow(
      /is not the oracle of these runs; got task 2 is c, not b/,
    );
  });

  it("is found in the folder of a sweep", () => {
    const sweep = makeSweep(join(root, "with-oracle"), [{ method: "hypercrl", seed: 1 }]);
    expect(report(sweep).oracle).toBeNull();
    const reference = madeReference("push", ["a", "b"], [1, 3], [201, 203]);
    writeFileSync(join(sweep, "oracle.json"), JSON.stringify(reference));
    expect(report(sweep).oracle).toEqual(data.oracle);
    const counts = { success: { count: 2, of: 4 } };
    expect(reportFolder(sweep).oracle).toEqual({ ...data.oracle, counts });
    expect(report(sweep).counts.at(-1)).toEqual({ label: "oracle", counts });
  });
});

describe("counts of episodes", () => {
  // Returns after the last task: seed 1 has 71, 72 on a and 121, 122 on b; seed 2 one more each.
  const sweep = makeSweep(join(root, "counted"), [
    { method: "hypercrl", seed: 1, outcomes: true },
    { method: "hypercrl", seed: 2, outcomes: true, offset: 29 },
    { method: "single", seed: 1 },
  ]);
  const wanted = [
    { label: "hypercrl", counts: { success: { count: 4, of: 8 }, passed: { count: 6, of: 8 } } },
    // Made by a version that knew no outcomes.
    { label: "single", counts: { success: { count: 2, of: 4 } } },
  ];

  it("are in the page, its JSON and its CSV", () => {
    const data = report(sweep);
    expect(data.counts).toEqual(wanted);
    const table = /<h3>Evaluation episodes after the last task<\/h3>.*?<\/table>/s.exec(reportHtml(data))![0];
    expect(table.match(/<t[dh][ >][^<]*/g)!.map((cell) => cell.replace(/^.*>/, ""))).toEqual([
      ...["method", "success", "passed", "hypercrl", "4 of 8", "6 of 8", "single", "2 of 4", "–"],
    ]);
    expect(reportCsv(data)).toContain("hypercrl,passedEpisodes,,,,,6,,,8\n");
  });

  it("are in what a sweep writes", () => {
    const results = reportFolder(sweep);
    expect(results.methods.map(({ method: label, counts }) => ({ label, counts }))).toEqual(wanted);
    writeReport(sweep, results);
    const text = readFileSync(join(sweep, "sweep-results.txt"), "utf8");
    expect(text).toMatch(
      /│ episodes │ success │ passed │\n│ with .*\n.*\n│ hypercrl │ {2}4 of 8 │ 6 of 8 │\n│ single .*2 of 4 │ +– │/,
    );
    expect(readFileSync(join(sweep, "sweep-results.csv"), "utf8")).toContain(
      "hypercrl,passedEpisodes,6,,,8,,,\n",
    );
    expect(JSON.parse(readFileSync(join(sweep, "sweep-results.json"), "utf8")).runs[2].counts).toEqual(
      wanted[1]!.counts,
    );
  });
});

describe("lines of a report", () => {
  it("are told apart by their settings", () => {
    const data = report(
      folderOf({ method: "hypercrl", seed: 1 }),
      folderOf({ method: "hypercrl", seed: 1, planner: "cem" }),
      folderOf({ method: "hypercrl", seed: 2, planner: "cem" }),
    );
    expect(data.runs.map(({ label }) => label)).toEqual([
      "hypercrl (planner.name=icem)",
      "hypercrl (planner.name=cem)",
      "hypercrl (planner.name=cem)",
    ]);
    expect(data.settings).toEqual([{ name: "planner.name", values: ["icem", "cem"] }]);
  });

  it("are those of a sweep, with runs that have not begun", () => {
    const sweep = makeSweep(join(root, "sweep"), [
      { method: "hypercrl", seed: 1 },
      { method: "hypercrl", seed: 1, planner: "cem", label: "with-cem" },
      { method: "hypercrl", seed: 2, begun: false },
    ]);
    const data = report(sweep);
    expect(data.labels).toEqual(["hypercrl", "with-cem"]);
    expect(data.notBegun).toEqual([expect.stringMatching(/^hypercrl-s2-[0-9a-f]{12}$/)]);
  });
});

describe("episodes", () => {
  const run = { method: "hypercrl", seed: 4 } as const;
  const folder = folderOf(run);

  it("are the best and worst of each task and the last of the run", () => {
    const rows = report(folder).runs[0]!.episodes;
    expect(rows.map(({ which, task, moment }) => [which, task, moment])).toEqual([
      ["best", "a", "evaluation after task 1"],
      ["worst", "a", "training"],
      ["best", "b", "evaluation after task 2"],
      ["worst", "b", "training"],
      ["last", "b", "evaluation after task 2"],
    ]);
    expect(rows[0]!.return).toBe(evaluationReturn(run, 0, 0, 1));
    expect(rows[0]).toMatchObject({
      recording: "episodes/01-evaluate-01-02.mcap",
      link: null,
      command: null,
    });
  });

  it("are those of evaluations where learning episodes were shorter", () => {
    const short = folderOf({ ...run, seed: 6, loop: { learningEpisodeSteps: 50 } });
    const moments = report(short).runs[0]!.episodes.map(({ moment }) => moment);
    expect(moments.every((moment) => moment.startsWith("evaluation after"))).toBe(true);
    expect(moments).toHaveLength(5);
  });

  it("that were kept have a link from the page and a command", () => {
    const odd = makeRun(join(root, "it's a #1"), { ...run, seed: 5 });
    mkdirSync(join(odd, "episodes"));
    writeFileSync(join(odd, "episodes", "01-evaluate-01-02.mcap"), "");
    const [best, worst] = take(2, report(odd).runs[0]!.episodes);
    expect(best.link).toBe("it's%20a%20%231/episodes/01-evaluate-01-02.mcap");
    const path = join(odd, "episodes/01-evaluate-01-02.mcap").replace("'", "'\\''");
    expect(best.command).toBe(`hypercrl view '${path}'`);
    expect(worst.link).toBeNull();
  });
});
