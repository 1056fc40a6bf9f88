import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportCommand } from "../../../scripts/cli/commands/report.js";
import { SILENT_IO } from "../../../scripts/cli/io.js";
import type { ReportData } from "../../../scripts/report/data.js";
import { HyperCrlError } from "../../../sim/core/errors.js";
import { halve, temporaryFolder } from "../../files.js";
import { call, expectOneError, unwrapped } from "../call.js";
import { run } from "../cli.js";
import { makeRun, makeSweep } from "../report/folders.js";

const folder = temporaryFolder();
const good = join(folder, "good");
const out = join(folder, "out", "page.html");
const never = join(folder, "never.html");
const report = (...paths: string[]) => call(["report", "--out", out, ...paths]);

beforeAll(() => {
  makeRun(good, { method: "hypercrl", seed: 1 });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("hypercrl report", () => {
  it("writes the page with CSV and JSON beside it, and replaces them", async () => {
    const single = makeRun(join(folder, "single"), { method: "single", seed: 1, learned: 1 });
    for (const paths of [[good], [good, single]]) {
      const { code, stdout, stderr } = await report(...paths);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(out);
      expect(stdout.includes("1 run not finished")).toBe(paths.length === 2);
    }
    expect(readdirSync(join(folder, "out")).sort()).toEqual(["page.csv", "page.html", "page.json"]);
    const data = JSON.parse(readFileSync(join(folder, "out", "page.json"), "utf8")) as ReportData;
    expect(data.labels).toEqual(["hypercrl", "single"]);
    expect(readFileSync(out, "utf8")).toContain("<title>push: hypercrl, single</title>");
  });

  it("prints with --json what it writes", async () => {
    const sweep = makeSweep(join(folder, "sweep"), [
      { method: "hypercrl", seed: 1 },
      { method: "hypercrl", seed: 2, begun: false },
    ]);
    const { code, stdout } = await call(["report", sweep, "--json", "--out", out]);
    expect(code).toBe(0);
    const data = JSON.parse(stdout) as ReportData;
    expect(data).toEqual(JSON.parse(readFileSync(join(folder, "out", "page.json"), "utf8")));
    expect([data.runs.length, data.notBegun.length]).toEqual([1, 1]);
  });

  it("is report.html in the folder given, of several in the current one, where nothing else is asked for", async () => {
    const single = makeRun(join(folder, "beside"), { method: "single", seed: 1 });
    const sweep = makeSweep(join(folder, "alone"), [{ method: "hypercrl", seed: 1 }]);
    const FILES = ["csv", "html", "json"].map((end) => `report.${end}`);
    const written = (place: string) => readdirSync(place).filter((name) => name.startsWith("report."));
    for (const one of [single, sweep]) {
      const { code, stdout, stderr } = await call(["report", one]);
      expect(code, stderr).toBe(0);
      expect(unwrapped(stdout)).toContain(join(one, "report.html"));
      expect(written(one).sort()).toEqual(FILES);
    }
    expect((await run(["report", good, single], folder)).code).toBe(0);
    expect(written(folder).sort()).toEqual(FILES);
    expect(written(good)).toEqual([]);
  });
});

/** The error with which a report is not made; a process for each would take minutes. */
async function expectFailure(exitCode: number, message: RegExp, paths: readonly string[], target = never) {
  const error = await reportCommand(paths, { out: target }, SILENT_IO).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(HyperCrlError);
  expect(error).toMatchObject({ exitCode, message: expect.stringMatching(message) });
  expect(existsSync(never)).toBe(false);
}

describe("a wrong call exits with 2 and writes nothing", () => {
  const wrong = (message: RegExp, ...paths: string[]) => expectFailure(2, message, paths);

  it("no run", async () => {
    expectOneError(await call(["report"]), 2, /missing required argument 'run'/);
  });

  it("a page of another kind", async () => {
    expectOneError(
      await call(["report", good, "--out", "x.pdf"]),
      2,
      /got x\.pdf; expected a name ending in \.html/,
    );
  });

  it.each(["page.html", "page.csv", "page.json"])("%s that is somebody else's", async (name) => {
    const mine = join(folder, `mine-${name}`);
    mkdirSync(mine);
    writeFileSync(join(mine, name), "mine");
    const message = /exists and is no earlier report.*Choose another --out/;
    await expectFailure(2, message, [good], join(mine, "page.html"));
    expect(readdirSync(mine)).toEqual([name]);
    expect(readFileSync(join(mine, name), "utf8")).toBe("mine");
  });

  it("runs of two suites", async () => {
    const other = makeRun(join(folder, "other-suite"), { method: "hypercrl", seed: 2, suite: "cartpole" });
    await wrong(
      /different suites do not compare; got "cartpole" in .*other-suite; expected "push"/,
      good,
      other,
    );
  });

  it("runs of other tasks", async () => {
    const more = makeRun(join(folder, "more"), { method: "hypercrl", seed: 2, tasks: ["a", "b", "c"] });
    await wrong(/different numbers of tasks do not compare; got 3 in .*more; expected 2/, good, more);
    const renamed = makeRun(join(folder, "renamed"), { method: "hypercrl", seed: 2, tasks: ["a", "z"] });
    await wrong(
      /different tasks do not compare; got task 2 called "z" in .*renamed; expected "b"/,
      good,
      renamed,
    );
  });

  it("a run twice, under one name or two", async () => {
    await wrong(/The same run is given twice; got .*good twice/, good, `${good}/`);
    const copy = makeRun(join(folder, "copy"), { method: "hypercrl", seed: 1 });
    await wrong(/got .*good and .*copy, with the same settings and seed/, good, copy);
  });
});

describe("bad input exits with 3 and names the file", () => {
  const append = (name: string, line: string) => (copy: string) =>
    writeFileSync(join(copy, name), `${readFileSync(join(copy, name), "utf8")}${line}\n`);
  const write = (name: string, text: string) => (copy: string) => writeFileSync(join(copy, name), text);
  const remove = (name: string) => (copy: string) => rmSync(join(copy, name));
  it.each<[string, (copy: string) => void, RegExp]>([
    ["settings cut off", (c) => halve(join(c, "settings.json")), /settings\.json is damaged/],
    ["metrics missing", remove("metrics.jsonl"), /metrics\.jsonl is missing; expected a log/],
    [
      "metrics with a line that is no JSON",
      append("metrics.jsonl", "{"),
      /metrics\.jsonl is damaged in line \d+/,
    ],
    [
      "metrics with null",
      append("metrics.jsonl", "null"),
      /metrics\.jsonl is damaged in line \d+; got Invalid input: .*; expected a record with a type/,
    ],
    [
      "an episode without a return",
      append("metrics.jsonl", '{"type":"evaluation","afterTask":0,"task":"a","taskIndex":0,"episode":0}'),
      /metrics\.jsonl is damaged in line \d+; got return: .*expected a record of type evaluation/,
    ],
    [
      "a task that the run does not have",
      append("metrics.jsonl", '{"type":"training","taskIndex":2,"steps":1,"taskLoss":1,"regularizer":0}'),
      /metrics\.jsonl is damaged in line \d+; got task index 2; expected less than the run's 2 tasks/,
    ],
    ["metrics cut off", (c) => halve(join(c, "metrics.jsonl")), /metrics\.jsonl ends before its run did/],
    ["timing with a list", append("timing.jsonl", "[]"), /timing\.jsonl is damaged in line \d+/],
    [
      "timing of another kind",
      append("timing.jsonl", '{"type":"usage"}'),
      /timing\.jsonl is damaged .*session/,
    ],
    [
      "evaluation cut off",
      (c) => halve(join(c, "evaluation.json")),
      /evaluation\.json is damaged; got .*JSON/,
    ],
    [
      "evaluation of another kind",
      write("evaluation.json", "{}"),
      /evaluation\.json is damaged; got definition: /,
    ],
    ["versions missing", remove("versions.json"), /versions\.json is missing/],
    ["versions cut off", (c) => halve(join(c, "versions.json")), /versions\.json is damaged/],
    ["versions that are none", write("versions.json", "[1]"), /versions\.json is damaged/],
  ])("%s", async (name, damage, message) => {
    const copy = makeRun(join(folder, name.replaceAll(" ", "-")), { method: "hypercrl", seed: 1 });
    damage(copy);
    await expectFailure(3, message, [copy]);
  });

  it("paths that are no runs", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    expectOneError(await report(join(folder, "nowhere")), 3, /nowhere is missing; expected a run folder/);
    await expectFailure(3, /settings\.json is a file; expected a run folder/, [join(good, "settings.json")]);
    await expectFailure(3, /empty is neither a run nor a sweep/, [empty]);
  });

  it("a sweep that is damaged or has not begun", async () => {
    const sweep = makeSweep(join(folder, "unbegun"), [{ method: "single", seed: 1, begun: false }]);
    await expectFailure(3, /No run of .*unbegun has begun/, [sweep]);
    halve(join(sweep, "sweep.json"));
    await expectFailure(3, /sweep\.json is damaged/, [sweep]);
  });
});
