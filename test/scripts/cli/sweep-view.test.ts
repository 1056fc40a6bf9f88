import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import { sweepView } from "../../../scripts/cli/sweep-view.js";
import { addRuns, emptyManifest } from "../../../scripts/sweep/manifest.js";
import { baseOf, planRuns } from "../../../scripts/sweep/plan.js";
import { runFolder } from "../../../scripts/sweep/run-folders.js";
import { pushSuite } from "../../../tasks/push/push.js";
import {
  baselineRecord,
  episodeRecord,
  evaluationRecord,
  keptRecord,
  modelErrorRecord,
  trainingRecord,
} from "../../agent/run/make-records.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";

const folder = temporaryFolder();
const choice = { methods: [{ method: "single" }], seeds: [1, 2], assignments: ["tasks=2"] };
const versions = { hypercrl: "0", physics: "0", node: "0", onnxruntime: "0" };
const manifest = addRuns(
  emptyManifest(folder, pushSuite.name, baseOf(choice), versions),
  await planRuns(choice, baseOf(choice), folder),
);
const [run, other] = take(2, manifest.runs);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Puts records at the end of the first run's metrics, the last one cut off if asked. */
function log(records: object[], torn = ""): void {
  mkdirSync(runFolder(folder, run), { recursive: true });
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  writeFileSync(join(runFolder(folder, run), "metrics.jsonl"), text + torn);
}

it("draws every running run in a terminal, in rows too short to be broken, and prints what ended above", () => {
  let [now, cleared] = [0, 0];
  const drawn: string[] = [];
  const printed: string[] = [];
  const live = { update: (text: string) => drawn.push(text), clear: () => cleared++ };
  const view = sweepView({ live, out: (text) => printed.push(text), columns: () => 80, now: () => now });
  view.begin("f", manifest, [run]);
  expect(printed).toEqual(["Sweep of 2 runs on push, 1 finished already, in f"]);
  view.end();
  view.begin(folder, manifest, [run, other]);
  view.started(run);
  now = 3000;
  log([]);
  vi.advanceTimersByTime(1000);
  expect(drawn.at(-1)).toBe("single seed 1  beginning  3 s\n0 of 2 runs done");
  log([episodeRecord({ taskIndex: 1, steps: 240, return: 12.5 })], '{"type": "episo');
  vi.advanceTimersByTime(1000);
  expect(drawn.at(-1)).toMatch(/^single seed 1 {2}task 2\/2\s+step 240\/3600\s+return 12\.5\s+3 s\n/);
  log([evaluationRecord({ afterTask: 1, return: 7 })]);
  vi.advanceTimersByTime(1000);
  expect(drawn.at(-1)).toMatch(/task 2\/2\s+evaluating\s+return 7\.0/);
  log([modelErrorRecord({ afterTask: 1 })]);
  vi.advanceTimersByTime(1000);
  expect(drawn.at(-1)).toMatch(/task 2\/2\s+evaluating\s+3 s/);
  log([keptRecord({ taskIndex: 1 })]);
  vi.advanceTimersByTime(1000);
  expect(drawn.at(-1)).toMatch(/task 2\/2\s+evaluating\s+3 s/);
  const before = cleared;
  view.ended(run, { kind: "finished" });
  expect(cleared).toBe(before + 1);
  expect(printed.at(-1)).toBe("single seed 1  finished after 3 s");
  vi.advanceTimersByTime(1000);
  expect(drawn.at(-1)).toBe("1 of 2 runs done");
  view.end();
  expect(drawn.flatMap((text) => text.split("\n")).filter((row) => row.length > 30)).toEqual([]);
  const draws = drawn.length;
  vi.advanceTimersByTime(5000);
  expect(drawn).toHaveLength(draws);
});

it("prints a plain line when a run gets to another task, and what failed", () => {
  const printed: string[] = [];
  const view = sweepView({
    live: undefined,
    out: (text) => printed.push(text),
    columns: () => 80,
    now: () => 0,
  });
  view.begin(folder, manifest, [run, other]);
  view.started(run);
  log([baselineRecord({ taskIndex: 1, return: -3 })]);
  vi.advanceTimersByTime(3000);
  log([episodeRecord({ steps: 120, return: 1 })]);
  vi.advanceTimersByTime(3000);
  log([episodeRecord({ steps: 240, return: 1 })]);
  vi.advanceTimersByTime(3000);
  log([trainingRecord({ taskIndex: 1, steps: 1200 })]);
  vi.advanceTimersByTime(3000);
  const failure = { id: run.id, end: "exit code 1", error: "error: no.", command: "x" };
  view.ended(run, { kind: "failed", ...failure });
  view.end();
  expect(printed.slice(1)).toEqual([
    "single seed 1  started",
    "single seed 1  task 1/2  step 120/3600  return 1.0",
    "single seed 1  task 2/2  step 1200/3600",
    "single seed 1  failed (exit code 1, error: no.) after 0 s",
  ]);
});

it("says before the runs start which settings its lines do not share", async () => {
  const printed: string[] = [];
  const view = sweepView({
    live: undefined,
    out: (text) => printed.push(text),
    columns: () => 80,
    now: () => 0,
  });
  const methods = [{ method: "single" }, { method: "ewc", set: { "planner.samples": 50 } }, { method: "si" }];
  const mixed = addRuns(manifest, await planRuns({ ...choice, methods }, baseOf(choice), folder));
  view.begin(folder, mixed, mixed.runs);
  view.end();
  expect(printed).toEqual([
    `Sweep of 6 runs on push, in ${folder}`,
    "setting planner.samples: 64 (single, si), 50 (ewc)",
  ]);
});
