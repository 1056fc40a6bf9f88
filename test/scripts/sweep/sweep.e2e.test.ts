import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DIFFERENCE_SCORES } from "../../../scripts/compare/differences.js";
import { REACHED, SCORES } from "../../../scripts/compare/scores.js";
import { readManifest } from "../../../scripts/sweep/manifest-file.js";
import type { SweepReport } from "../../../scripts/sweep/report.js";
import { fileHashes, processesIn, temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { call, expectOneError, TINY_SWEEP } from "../call.js";
import { metricsLines, run, start } from "../cli.js";
import { madeReference } from "../compare/made-reference.js";

const folder = temporaryFolder();
const whole = join(folder, "whole");
const sweep = (out: string, seeds = "1,2") => [
  ...["sweep", "--methods", "single,finetune", "--seeds", seeds, "--jobs", "2", "--out", out],
  ...TINY_SWEEP,
];
const resume = (out: string) => ["sweep", "--resume", out];

beforeAll(async () => {
  const { code, stderr } = await run(sweep(whole));
  expect(code, stderr).toBe(0);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true }));

const results = (out: string) =>
  JSON.parse(readFileSync(join(out, "sweep-results.json"), "utf8")) as SweepReport;
const runFolders = (out: string) =>
  readdirSync(join(out, "runs"))
    .sort()
    .map((name) => join(out, "runs", name));
const of = (out: string, name: string) => runFolders(out).find((path) => path.includes(`/${name}-`))!;

/** Waits until a run's metrics have so many lines while its process is at work; returns the process. */
async function processOf(out: string, name: string, lines: number): Promise<number> {
  for (;;) {
    const path = existsSync(join(out, "runs")) ? of(out, name) : undefined;
    if (path !== undefined && metricsLines(path) >= lines) {
      const [pid] = processesIn(path);
      if (pid !== undefined) return pid;
    }
    await sleep(5);
  }
}

/** Waits until nobody works in any run of a sweep. */
async function quiet(out: string): Promise<void> {
  while (runFolders(out).some((path) => processesIn(path).length > 0)) await sleep(5);
}

/** Every run of a sweep has the bytes that it has in the undisturbed one. */
function expectSameRuns(out: string): void {
  for (const path of runFolders(out))
    expect(fileHashes(path)).toEqual(fileHashes(join(whole, "runs", basename(path))));
}

describe("a sweep of two methods and two seeds", () => {
  it("leaves a folder per run named by the hash of its settings, and a manifest that lists them", () => {
    const { runs, settings } = readManifest(whole);
    expect(runs.map(({ label, seed }) => `${label} ${seed}`)).toEqual([
      "single 1",
      "finetune 1",
      "single 2",
      "finetune 2",
    ]);
    expect(readdirSync(join(whole, "runs")).sort()).toEqual(runs.map(({ id }) => id).sort());
    for (const { id, hash } of runs) expect(id.endsWith(hash.slice(0, 12))).toBe(true);
    expect(settings.single).toMatchObject({ suite: "reacher", method: "single", tasks: 2 });
  });

  it("writes figures that follow from its runs' folders, as JSON, CSV and table", () => {
    const { methods, runs, failed, unfinished } = results(whole);
    expect([failed, unfinished]).toEqual([[], []]);
    const returns = (name: string) => {
      const { returns: r } = JSON.parse(readFileSync(join(of(whole, name), "evaluation.json"), "utf8"));
      return (r as number[][][]).map((row) => row.map(([only]) => only));
    };
    for (const entry of runs) expect(entry.means).toEqual(returns(`${entry.label}-s${entry.seed}`));
    for (const { method, runs: n, counts, success, wallMinutes, cpuMinutes, peakMiB } of methods) {
      const own = runs.filter((r) => r.label === method);
      expect([n, success.n, wallMinutes.n]).toEqual([2, 2, 2]);
      const minutes = own.map((r) => r.usage!.wallMs / 60_000);
      expect(wallMinutes.mean).toBeCloseTo((minutes[0]! + minutes[1]!) / 2, 12);
      expect(cpuMinutes.lowest).toBeGreaterThan(0);
      expect(peakMiB.lowest).toBeGreaterThan(50);
      // Of two seeds there is no interval.
      expect([peakMiB.low, peakMiB.high]).toEqual([null, null]);
      expect(counts.success!.count / counts.success!.of).toBeCloseTo(success.mean, 12);
    }
    const csv = readFileSync(join(whole, "sweep-results.csv"), "utf8").trim().split("\n");
    expect(csv).toHaveLength(1 + 2 * SCORES.length + 3 + DIFFERENCE_SCORES.length + 2 * REACHED.length + 3);
    const line = csv.find((text) => text.startsWith("finetune,success,"))!.split(",");
    const { mean, n, lowest, highest } = methods.find(({ method }) => method === "finetune")!.success;
    expect(line.slice(2)).toEqual([String(mean), "", "", ...[n, lowest, highest].map(String), ""]);
    const text = readFileSync(join(whole, "sweep-results.txt"), "utf8");
    expect(text).toMatch(/│ finetune │/);
    expect(text).toMatch(/^│ difference +│/m);
    expect(text).toMatch(/^│ from single +│/m);
    for (const name of [
      "average of oracle",
      "forgetting",
      "retention",
      "forward transfer",
      "transfer of return",
      "steps to half, to 90 %",
      "success",
      "brackets",
      "difference",
    ]) {
      expect(text).toMatch(new RegExp(`^${name}: `, "m"));
    }
  });

  it("is only read again by --resume once all is finished, and by --report at any time", async () => {
    const before = fileHashes(whole);
    const again = await call(resume(whole));
    expect(again.stdout).toMatch(/^Sweep of 4 runs on reacher, 4 finished already/);
    expect(again.code).toBe(0);
    const report = await call(["sweep", "--report", "--out", whole]);
    expect(`${report.stdout}`).toBe(readFileSync(join(whole, "sweep-results.txt"), "utf8"));
    expect(fileHashes(whole)).toEqual(before);
  });

  it("refuses an oracle of another suite before it runs anything", async () => {
    const out = join(folder, "with-another");
    const other = join(folder, "other.json");
    writeFileSync(other, JSON.stringify(madeReference("wheels", ["light"], [0], [1])));
    const wrong = await call(["sweep", "--out", out, ...TINY_SWEEP, "--oracle", other]);
    expectOneError(wrong, 3, /other\.json is not the oracle of these runs; got suite wheels/);
    expect(existsSync(out)).toBe(false);
  });

  it("shows differences from the method that is asked for, and knows when there is none", async () => {
    const shown = await call([
      "sweep",
      "--report",
      "--out",
      whole,
      "--differences-from",
      "finetune",
      "--json",
    ]);
    const { differences } = JSON.parse(shown.stdout) as SweepReport;
    expect(differences).toMatchObject({ from: "finetune", methods: [{ method: "single" }] });
    const [other] = take(1, results(whole).differences!.methods);
    expect(differences!.methods[0]!.average.mean).toBe(-other.average.mean);
    const { better, n } = differences!.methods[0]!.average;
    expect(better + other.average.better).toBeLessThanOrEqual(n);
    for (const what of ["--report", "--resume"]) {
      const elsewhere = await call(["sweep", what, whole, "--out", folder]);
      expectOneError(elsewhere, 2, new RegExp(`Two folders are given for one sweep; got ${what} .* --out `));
      expect(await call(["sweep", what, whole, "--out", `${whole}/`])).toMatchObject({ code: 0 });
      const wrong = await call(["sweep", what, "--out", whole, "--differences-from", "finetuned"]);
      expectOneError(
        wrong,
        2,
        /no such method to show differences from; got "finetuned".*Did you mean "finetune"/,
      );
    }
  });
});

it("a run killed midway is reported while the others finish; alone it continues to the same bytes", async () => {
  const out = join(folder, "killed");
  const child = start(sweep(out));
  process.kill(await processOf(out, "finetune-s1", 5), "SIGKILL");
  const { code, stdout, stderr } = await child.finished;
  const killed = of(out, "finetune-s1");
  expect(stdout).toMatch(/^finetune seed 1 {2}failed \(killed by SIGKILL/m);
  expect(stdout).toContain(`    rerun it alone: hypercrl train --resume ${killed}\n`);
  expect(stdout).toMatch(/^3 of 4 runs are finished\.$/m);
  expect(stderr).toMatch(/^1 of 4 runs failed; continue with:\n {2}hypercrl sweep --resume \//m);
  expect(code).toBe(1);
  expect(results(out)).toMatchObject({
    failed: [{ end: "killed by SIGKILL", command: `hypercrl train --resume ${killed}` }],
    unfinished: [killed.split("/").at(-1)],
  });
  const alone = await run(["train", "--quiet", "--resume", killed, "--threads", "1"]);
  expect(alone.code, alone.stderr).toBe(0);
  expectSameRuns(out);
  expect(await run(resume(out))).toMatchObject({ code: 0 });
  expect(results(out)).toMatchObject({ failed: [], unfinished: [], methods: [{ runs: 2 }, { runs: 2 }] });
}, 300_000);

it("a folder in use refuses a second sweep and a second process of a run; Ctrl-C lets all runs save", async () => {
  const out = join(folder, "stopped");
  const child = start(sweep(out, "1"));
  const pid = await processOf(out, "single-s1", 3);
  // Held in place, so that it is at work however long the other calls take.
  process.kill(pid, "SIGSTOP");
  expectOneError(await call(resume(out)), 3, /Sweep .* is in use; got process \d+ at work/);
  expectOneError(await call(sweep(out, "1")), 2, /exists and is not empty.*--resume/);
  const busy = ["train", "--resume", of(out, "single-s1")];
  expectOneError(await call(busy), 3, new RegExp(`Run .* is in use; got process ${pid} at work`));
  child.kill("SIGINT");
  process.kill(pid, "SIGCONT");
  const { code, stderr } = await child.finished;
  expect(stderr).toMatch(
    /^Stopped\. Every run has saved its state; continue with:\n {2}hypercrl sweep --resume/m,
  );
  expect(code).toBe(130);
  expect(runFolders(out).flatMap(processesIn)).toEqual([]);
  expect(results(out).failed).toEqual([]);
  expect(await run([...resume(out), "--quiet"])).toMatchObject({ code: 0 });
  expectSameRuns(out);
}, 300_000);

it("the runs of a sweep that is killed stop by themselves, and the sweep can go on", async () => {
  const out = join(folder, "orphans");
  const child = start(sweep(out, "1"));
  await processOf(out, "single-s1", 3);
  child.kill("SIGKILL");
  expect(await child.finished).toMatchObject({ signal: "SIGKILL" });
  await quiet(out);
  expect(runFolders(out).some((path) => !existsSync(join(path, "evaluation.json")))).toBe(true);
  expect(await run([...resume(out), "--quiet", "--jobs", "2"])).toMatchObject({ code: 0 });
  expectSameRuns(out);
}, 300_000);

describe("a wrong call or folder", () => {
  const copy = (name: string, change: (out: string) => void = () => {}) => {
    const out = join(folder, name);
    cpSync(whole, out, { recursive: true });
    change(out);
    return out;
  };
  const edit = (from: string, to: string) => (out: string) => {
    const path = join(out, "sweep.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  };

  it.each<[string, (out: string) => void, RegExp]>([
    ["another schema", edit('"schema": 1', '"schema": 0'), /another schema version; got 0; expected 1/],
    ["another version", edit('"physics": "', '"physics": "0'), /another physics version/],
    ["no manifest", (out) => rmSync(join(out, "sweep.json")), /sweep\.json is missing/],
  ])("with %s exits with 3 and changes nothing", async (name, change, message) => {
    const out = copy(name.replaceAll(" ", "-"), change);
    const before = fileHashes(out);
    expectOneError(await call(resume(out)), 3, message);
    expect(fileHashes(out)).toEqual(before);
  });

  it("adds no run where neither methods nor seeds are given, though lines have other seeds", async () => {
    const out = copy("uneven", (path) => {
      const manifest = JSON.parse(readFileSync(join(path, "sweep.json"), "utf8"));
      manifest.runs.pop();
      writeFileSync(join(path, "sweep.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    });
    const before = readFileSync(join(out, "sweep.json"), "utf8");
    const { code, stdout } = await call([...resume(out), "--suite", "reacher", "--profile", "quick"]);
    expect(stdout).toMatch(/^Sweep of 3 runs on reacher, 3 finished already/);
    expect(code).toBe(0);
    expect(readFileSync(join(out, "sweep.json"), "utf8")).toBe(before);
  });

  it("a run that cannot be continued is reported with its error, and is what fails", async () => {
    const out = copy("damaged", (path) => {
      rmSync(join(of(path, "single-s2"), "evaluation.json"));
      writeFileSync(join(of(path, "single-s2"), "checkpoint.json"), "{");
    });
    const { code, stdout } = await run(resume(out));
    // Lines are broken to fit a terminal.
    const text = stdout.replace(/\s+/g, " ");
    expect(text).toMatch(/ single-s2-\w+: exit code 3, error: \S+checkpoint\.json is damaged/);
    expect(code).toBe(1);
  });

  it.each<[string, string[], number, RegExp]>([
    ["other settings", ["--set", "planner.samples=17"], 2, /begun with other settings; got .*17/],
    ["another profile", ["--profile", "paper"], 2, /begun with another profile; got "paper"/],
    ["a method that is none", ["--methods", "singel"], 2, /Unknown method; got "singel"/],
  ])("--resume with %s is refused", async (_, args, exitCode, message) => {
    expectOneError(await call([...resume(whole), ...args]), exitCode, message);
  });

  it("starts nothing", async () => {
    const out = join(folder, "never");
    const file = join(folder, "file.json");
    writeFileSync(file, '{"sedes": [1]}');
    expectOneError(await call(["sweep", "--out", out, "--file", file]), 3, /Unknown key.*"sedes".*"seeds"/);
    expectOneError(
      await call(["sweep", "--out", out, "--file", file, "--seeds", "1"]),
      2,
      /cannot be used with option '--seeds/,
    );
    expectOneError(await call(["sweep", "--out", out, "--suite", "psh"]), 2, /"psh".*Did you mean "push"/);
    expectOneError(
      await call(["sweep", "--out", out, "--seeds", "one"]),
      2,
      /Expected seeds from 0 to 4294967295 such as 1,2,3/,
    );
    expectOneError(await call(resume(out)), 3, /sweep\.json is missing/);
    expect(existsSync(out)).toBe(false);
  });
});
