import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { extendCatalog } from "../../../agent/catalog.js";
import { hashSettings } from "../../../agent/run/origin.js";
import { readSettings } from "../../../agent/run/read-run.js";
import { describeSettings } from "../../../agent/settings/describe.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { icemPlanner } from "../../../planners/icem.js";
import { definePlanner } from "../../../planners/types.js";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { builtinCatalog } from "../../../scripts/parts/catalog.js";
import { train } from "../../../scripts/runs/train.js";
import { findSuite } from "../../../tasks/registry.js";
import { temporaryFolder } from "../../files.js";

// The package as a later version may be: with one more planner and one more method, each with a setting.
vi.mock(import("../../../planners/registry.js"), async (original) => {
  const registry = await original();
  const [icem] = registry.builtinPlanners;
  const settings = {
    ...icem.settings,
    foresight: (await import("zod")).z.int().default(2).describe("Steps."),
  };
  const builtinPlanners: unknown = [...registry.builtinPlanners, { ...icem, name: "foreseeing", settings }];
  return { builtinPlanners: builtinPlanners as typeof registry.builtinPlanners };
});
vi.mock(import("../../../agent/methods/registry.js"), async (original) => {
  const { methods, findMethod } = await original();
  const settings = { patience: (await import("zod")).z.int().default(3).describe("Sessions.") };
  const finetune = findMethod("finetune");
  return { findMethod, methods: [...methods, { ...finetune, name: "patient", settings }] };
});

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const suite = findSuite("reacher");
const choice = { suite, method: "finetune", profile: "quick", seed: 1 };
const settings = {
  ...{ "loop.initialRandomSteps": 50, "loop.stepsPerTask": 55, "loop.trainIterations": 5 },
  ...{ "loop.evaluationEpisodes": 1, "planner.samples": 16, "planner.elites": 4, "planner.iterations": 1 },
  ...{ "planner.horizon": 3, "dynamics.hidden": [16, 16], tasks: 1 },
};
const small = { suite: "reacher", method: "finetune", settings, threads: 1 };

describe("with a planner and a method that came to the package later", () => {
  it("runs that choose neither have the settings and the hash that they had before", async () => {
    const before = "9d812ebd8af6b9b0249f34dc9e8d1810ac67d4906c9b5e939b4c4bdfc8c0b395";
    // The quick profile and reacher had other defaults then.
    const then = resolveSettings(
      choice,
      ["hypernetwork.regularizedTasks=all", "loop.learningStarts=shared"],
      builtinCatalog,
    );
    expect(hashSettings(then)).toBe(before);
    const resolved = resolveSettings(choice, [], builtinCatalog);
    const changed = resolveSettings(choice, ["planner.foresight=5", "patient.patience=7"], builtinCatalog);
    expect(JSON.stringify(changed)).toBe(JSON.stringify(resolved));

    const out = join(folder, "older");
    const stop = new AbortController();
    const first = await train({ ...small, out, signal: stop.signal, onProgress: () => stop.abort() });
    expect(first.outcome).toBe("stopped");
    expect(readSettings(out)).not.toHaveProperty("patient");
    expect(readSettings(out).planner).not.toHaveProperty("foresight");
    expect(await train({ resume: out, threads: 1 })).toMatchObject({ outcome: "done" });
    expect((await evaluateRun(out, { planner: "foreseeing", threads: 1 })).tasks).toHaveLength(1);
  });

  it("runs that choose them have their settings, and so has the list of settings", () => {
    const chosen = { ...choice, method: "patient", planner: "foreseeing" };
    expect(resolveSettings(chosen, ["planner.foresight=5"], builtinCatalog)).toMatchObject({
      patient: { patience: 3 },
      planner: { name: "foreseeing", foresight: 5, momentum: 0 },
    });
    const names = describeSettings(choice, builtinCatalog).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["patient.patience", "planner.foresight"]));
  });
});

it("a run is not continued with another planner", async () => {
  const out = join(folder, "same-planner");
  await train({ ...small, planner: "icem", out });
  const other = train({ resume: out, planner: "cem", threads: 1 });
  await expect(other).rejects.toThrow(
    /made with another planner; got planner "icem"; expected "cem", as given/,
  );
  expect(await train({ resume: out, planner: "icem", threads: 1 })).toMatchObject({ outcome: "done" });
});

it("a run with a planner of the package is read without the catalog that had another one", async () => {
  const own = { shots: z.int().min(1).default(30).describe("Sequences.") };
  const planners = [
    definePlanner({ ...icemPlanner, name: "mine", settings: { ...icemPlanner.settings, ...own } }),
  ];
  const out = join(folder, "with-more");
  await train({ ...small, planner: "icem", catalog: extendCatalog(builtinCatalog, { planners }), out });
  expect((await evaluateRun(out, { threads: 1 })).complete).toBe(true);
  expect(await train({ resume: out })).toMatchObject({ outcome: "done" });
});
