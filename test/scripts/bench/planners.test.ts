import { readFileSync, rmSync } from "node:fs";

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import {
  chooseVariants,
  measurePlanners,
  plannersTable,
  planVariants,
  randomReturn,
  VARIANT_IDS,
} from "../../../scripts/bench/planners.js";
import { createBenchProgram } from "../../../scripts/bench/program.js";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { train } from "../../../scripts/runs/train.js";
import { InputError, UsageError } from "../../../sim/core/errors.js";
import { pushSuite } from "../../../tasks/push/push.js";
import { CATALOG } from "../../agent/fixtures.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
const run = join(folder, "run");
const SHORT = {
  ...{ tasks: 1, "loop.initialRandomSteps": 120, "loop.stepsPerTask": 120, "loop.trainEvery": 120 },
  ...{ "loop.trainIterations": 5, "loop.evaluationEpisodes": 1, "dynamics.hidden": [8] },
  ...{ "planner.samples": 16, "planner.elites": 4, "planner.iterations": 1, "planner.horizon": 3 },
};

beforeAll(async () => {
  await train({ out: run, settings: SHORT, threads: 1 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const planner = (...set: string[]) =>
  resolveSettings({ suite: pushSuite, method: "single", profile: "quick", seed: 1 }, set, CATALOG).planner;

it("compares planners at one budget, and iCEM at a quarter of CEM's samples", () => {
  // iCEM's 125 × 5 is a quarter of the published budget.
  const icems = planner("planner.samples=125", "planner.iterations=5");
  const cems = planner(
    "planner.name=cem",
    "planner.samples=500",
    "planner.elites=40",
    "planner.iterations=5",
  );
  for (const own of [icems, cems]) {
    const variants = planVariants(own);
    const budget = (id: (typeof VARIANT_IDS)[number]) => {
      const { samples = 0, iterations = 1 } = variants[id].planner;
      return samples * iterations;
    };
    for (const id of ["cem", "cem-cold", "icem", "mppi", "random", "pddm"] as const)
      expect(budget(id)).toBe(2500);
    expect(budget("icem-quarter")).toBe(625);
    expect(variants["icem-quarter"].planner).toMatchObject({ name: "icem", elites: 10 });
    expect(variants.own.planner).toEqual({});
    expect(Object.values(variants).map(({ id }) => id)).toEqual(VARIANT_IDS);
  }
  const { "icem-quarter": icem } = planVariants(
    planner("planner.samples=64", "planner.elites=16", "planner.iterations=5", "planner.decay=1"),
  );
  expect(icem).toMatchObject({ text: "icem 64 × 5", planner: { samples: 64, elites: 16 } });
});

it("refuses runs that plan differently", async () => {
  const other = join(folder, "other");
  await train({ out: other, settings: { ...SHORT, "planner.horizon": 2 }, threads: 1 });
  expect(() => chooseVariants([run, other])).toThrow(/must plan alike.*other with other planner settings/);
  expect(chooseVariants([run, run], ["own", "cem"]).map(({ id }) => id)).toEqual(["cem", "own"]);
}, 60_000);

it("evaluates each planner on the run's models and writes nothing there", async () => {
  const before = readFileSync(join(run, "settings.json"));
  const variants = [
    { id: "own", text: "own", planner: {} },
    { id: "random", text: "best of four", planner: { name: "random", samples: 4, elites: 4 } as const },
    {
      id: "gradient",
      text: "gradient",
      planner: { name: "gradient", restarts: 4, gradientSteps: 2 } as const,
    },
  ];
  const said: string[] = [];
  const results = await measurePlanners({
    runs: [run],
    episodes: 2,
    variants,
    say: (text) => said.push(text),
  });
  const own = await evaluateRun(run, { episodes: 2, threads: 1 });
  expect(results[0]!.returns).toEqual([[own.tasks[0]!.episodes.map((e) => e.return)]]);
  expect(results[1]!.returns[0]![0]).toHaveLength(2);
  expect(results[1]!.returns).not.toEqual(results[0]!.returns);
  expect(results.every(({ ms }) => ms > 0)).toBe(true);
  expect(said).toHaveLength(3);
  expect(readFileSync(join(run, "settings.json"))).toEqual(before);
  expect(plannersTable(results, [randomReturn(run)])).toMatch(/best of four/);
}, 60_000);

it("writes every episode's return to the file that --json names", async () => {
  const file = join(folder, "planners.json");
  const io = { out: () => {}, err: () => {} };
  const args = ["planners", run, "--planners", "own", "--episodes", "1", "--json", file];
  await createBenchProgram(io).parseAsync(args, { from: "user" });
  const written = JSON.parse(readFileSync(file, "utf8")) as { episodes: number; results: { id: string }[] };
  expect([written.episodes, written.results.map(({ id }) => id)]).toEqual([1, ["own"]]);
}, 60_000);

it("plans with the settings that --set gives", async () => {
  const file = join(folder, "planners-set.json");
  const io = { out: () => {}, err: () => {} };
  const assignments = ["planner.initialStd=0.01", "planner.warmStart=false"];
  const set = assignments.flatMap((assignment) => ["--set", assignment]);
  const args = ["planners", run, "--planners", "own", "--episodes", "2", "--json", file, ...set];
  await createBenchProgram(io).parseAsync(args, { from: "user" });
  const written = JSON.parse(readFileSync(file, "utf8")) as { results: { returns: number[][][] }[] };
  const returnsOf = async (changes: readonly string[]) => {
    const { tasks } = await evaluateRun(run, { episodes: 2, threads: 1, assignments: changes });
    return tasks.map((task) => task.episodes.map((e) => e.return));
  };
  expect(written).toMatchObject({ assignments, results: [{ returns: [await returnsOf(assignments)] }] });
  expect(written.results[0]!.returns[0]).not.toEqual(await returnsOf([]));
  const wrong = ["planners", run, "--set", "planner.noiseBta=1"];
  await expect(createBenchProgram(io).parseAsync(wrong, { from: "user" })).rejects.toThrow(/noiseBeta/);
}, 60_000);

it("gives each run's mean over episodes and tasks, and its share between random and the first planner", () => {
  const results = [
    {
      id: "cem",
      text: "first",
      planner: {},
      ms: 1,
      returns: [
        [[10, 30], [40]],
        [[50], [70]],
      ],
    },
    {
      id: "icem",
      text: "second",
      planner: {},
      ms: 2.25,
      returns: [
        [[10], [10]],
        [[30], [50]],
      ],
    },
  ];
  // Means 30 and 60 against 10 and 40; with random at 0 and 20 the shares are 1/3 and 1/2.
  const text = plannersTable(results, [0, 20]);
  expect(text).toMatch(/first +│ +45\.0 \(30\.0 … 60\.0\) │ 1\.000 \(1\.000 … 1\.000\) │ +1\.0/);
  expect(text).toMatch(/second +│ +25\.0 \(10\.0 … 40\.0\) │ 0\.417 \(0\.333 … 0\.500\) │ +2\.3/);
});

it("compares only what is asked for", async () => {
  const lines: string[] = [];
  const io = { out: (text: string) => lines.push(text), err: () => {} };
  const words = ["planners", run, "--planners", "own,random", "--episodes", "1"];
  await createBenchProgram(io).parseAsync(words, { from: "user" });
  expect(lines.join("\n")).toMatch(/the run's own[\s\S]*random 64/);
  expect(lines.join("\n")).not.toMatch(/cem 500|mppi/);
}, 60_000);

it("refuses settings that do not fit and folders that are no finished run, before it measures", async () => {
  const wrong = { id: "own", text: "wrong", planner: { name: "cem", samples: 2, elites: 3 } as const };
  await expect(measurePlanners({ runs: [run], episodes: 1, variants: [wrong] })).rejects.toThrow(UsageError);
  const lines: string[] = [];
  const io = { out: (text: string) => lines.push(text), err: (text: string) => lines.push(text) };
  const planners = (...words: string[]) =>
    createBenchProgram(io).parseAsync(["planners", ...words], { from: "user" });
  await expect(planners(join(folder, "none"))).rejects.toThrow(InputError);
  await expect(planners(run, "--planners", "cem,icem-half")).rejects.toThrow(/got icem-half/i);
  expect(lines).toEqual([]);
});
