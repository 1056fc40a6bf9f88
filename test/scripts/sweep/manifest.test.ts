import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hashSettings } from "../../../agent/run/origin.js";
import { addRuns, baseOfSweep, emptyManifest, settingsOf } from "../../../scripts/sweep/manifest.js";
import { checkSweepVersions, readManifest, writeManifest } from "../../../scripts/sweep/manifest-file.js";
import { baseOf, planRuns, planSeeds, type SweepChoice } from "../../../scripts/sweep/plan.js";
import { prepareRun, runFolder } from "../../../scripts/sweep/run-folders.js";
import { readSweepFile } from "../../../scripts/sweep/sweep-file.js";
import { InputError, UsageError } from "../../../sim/core/errors.js";
import { pushSuite } from "../../../tasks/push/push.js";
import { METHOD_NAMES } from "../../agent/fixtures.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const versions = { hypercrl: "0.1.0", physics: "1", node: "v20", onnxruntime: "2" };
const plan = (choice: SweepChoice) => planRuns(choice, baseOf(choice), folder);
const manifestOf = async (choice: SweepChoice) =>
  addRuns(emptyManifest(folder, pushSuite.name, baseOf(choice), versions), await plan(choice));

/** A manifest with another first run. */
const changeRun =
  (change: object) =>
  ({ runs, ...rest }: Record<string, unknown>) => {
    const [first, ...others] = runs as object[];
    return { ...rest, runs: [{ ...first, ...change }, ...others] };
  };

describe("a plan", () => {
  it("has every method with every seed, seed by seed, and defaults", async () => {
    const runs = await plan({});
    expect(runs.map((r) => [r.settings.seed, r.label])).toEqual(
      [1, 2, 3].flatMap((seed) => METHOD_NAMES.map((method) => [seed, method])),
    );
    expect(runs[0]!.settings).toMatchObject({ suite: "push", profile: "quick" });
  });

  it("names runs by the hash of settings and seed", async () => {
    const [a, b] = take(2, await plan({ methods: [{ method: "single" }], seeds: [1, 2] }));
    const others = await plan({ methods: [{ method: "single" }], seeds: [1], assignments: ["tasks=2"] });
    const [c] = take(1, others);
    expect(a.id).toBe(`single-s1-${hashSettings(a.settings).slice(0, 12)}`);
    expect(new Set([a.id, b.id, c.id]).size).toBe(3);
  });

  it("gives lines of a file seeds and settings of their own", async () => {
    const runs = await plan({
      methods: [
        { method: "hypercrl" },
        { label: "cem", method: "hypercrl", seeds: [9], set: { "planner.name": "cem" } },
      ],
      seeds: [1],
      assignments: ["planner.samples=100"],
    });
    expect(runs.map((r) => [r.label, r.settings.seed, r.settings.planner.name])).toEqual([
      ["hypercrl", 1, "icem"],
      ["cem", 9, "cem"],
    ]);
    expect(runs.map((r) => r.settings.planner.samples)).toEqual([100, 100]);
  });

  it.each<[string, SweepChoice, RegExp]>([
    ["method", { methods: [{ method: "singel" }] }, /Unknown method; got "singel".*"single"/],
    ["setting", { assignments: ["planner.smaples=1"] }, /planner\.samples/],
    ["seed by assignment", { assignments: ["seed=1"] }, /seed is not chosen by assignment/],
    [
      "name twice",
      { methods: [{ method: "single" }, { method: "single" }] },
      /same name; got "single" twice/,
    ],
    ["label", { methods: [{ method: "single", label: "a/b" }] }, /cannot name a folder; got "a\/b"/],
  ])("is refused with a wrong %s", async (_, choice, message) => {
    await expect(plan(choice)).rejects.toThrow(UsageError);
    await expect(plan(choice)).rejects.toThrow(message);
  });
});

describe("a manifest", () => {
  const choice: SweepChoice = { methods: [{ method: "single" }], seeds: [1, 2], assignments: ["tasks=2"] };

  it("survives being written, and gives back each run's settings", async () => {
    const manifest = await manifestOf(choice);
    writeManifest(folder, manifest);
    expect(readManifest(folder)).toEqual(manifest);
    expect(readManifest(folder).runs.map((run) => settingsOf(manifest, run))).toEqual(
      (await plan(choice)).map((r) => r.settings),
    );
  });

  it("takes more seeds and methods, keeps what it has, and refuses a label with two kinds of settings", async () => {
    const manifest = await manifestOf(choice);
    const more = addRuns(
      manifest,
      await planRuns(
        { methods: [{ method: "single" }, { method: "finetune" }], seeds: [2, 3] },
        baseOfSweep(folder, manifest),
        folder,
      ),
    );
    expect(more.runs.slice(0, 2)).toEqual(manifest.runs);
    expect(more.runs.map((r) => `${r.label} ${r.seed}`)).toEqual([
      "single 1",
      "single 2",
      "finetune 2",
      "single 3",
      "finetune 3",
    ]);
    const others = await plan({ ...choice, assignments: ["tasks=3"] });
    expect(() => addRuns(manifest, others)).toThrow(/holds runs of single with other settings/);
  });

  it("takes more seeds for the lines it has, with their settings", async () => {
    const cem = { label: "cem", method: "hypercrl", set: { "planner.name": "cem" } };
    const manifest = await manifestOf({ methods: [{ method: "single" }, cem], seeds: [1] });
    const more = addRuns(manifest, planSeeds(manifest.settings, [1, 2]));
    expect(more).toEqual(await manifestOf({ methods: [{ method: "single" }, cem], seeds: [1, 2] }));
  });

  it("takes more seeds for lines that were planned before a setting was added", async () => {
    const manifest = await manifestOf(choice);
    const older = structuredClone(manifest);
    for (const line of Object.values(older.settings)) {
      const planner = line.planner as Record<string, unknown>;
      expect(planner.lastAction).toBe("repeat");
      delete planner.lastAction;
    }
    const seed = 7;
    for (const planned of [planSeeds(older.settings, [seed]), await plan({ ...choice, seeds: [seed] })]) {
      const more = addRuns(older, planned);
      expect(more.settings).toEqual(older.settings);
      expect(more.runs.slice(0, -1)).toEqual(older.runs);
      expect(settingsOf(more, more.runs.at(-1)!)).toEqual(
        (await plan({ ...choice, seeds: [seed] }))[0]!.settings,
      );
    }
    older.settings.single = { method: "single" };
    const planned = await plan(choice);
    expect(() => addRuns(older, planned)).toThrow(InputError);
  });

  it("makes run folders, again after a kill in the middle, and never takes another run's for its own", async () => {
    const manifest = await manifestOf(choice);
    const [run, other] = take(2, manifest.runs);
    const path = runFolder(folder, run);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "versions.json"), "{");
    prepareRun(folder, manifest, run, versions);
    prepareRun(folder, manifest, run, versions);
    expect(JSON.parse(readFileSync(join(path, "versions.json"), "utf8"))).toEqual(versions);
    const settings = readFileSync(join(path, "settings.json"), "utf8");
    prepareRun(folder, manifest, other, versions);
    writeFileSync(join(runFolder(folder, other), "settings.json"), settings);
    expect(() => prepareRun(folder, manifest, other, versions)).toThrow(/belongs to other settings/);
  });

  it("removes nothing but what it made itself, and makes no run in what a link leads to", async () => {
    const manifest = await manifestOf(choice);
    const run = manifest.runs[0]!;
    const path = runFolder(folder, run);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "thesis.tex"), "mine");
    expect(() => prepareRun(folder, manifest, run, versions)).toThrow(/is no run; got thesis\.tex in it/);
    const outside = join(folder, "outside");
    rmSync(path, { recursive: true });
    mkdirSync(outside);
    writeFileSync(join(outside, "versions.json"), "mine");
    symlinkSync(outside, path);
    expect(() => prepareRun(folder, manifest, run, versions)).toThrow(
      /is not a folder of its own; got a link/,
    );
    expect(readFileSync(join(outside, "versions.json"), "utf8")).toBe("mine");
    rmSync(path);
  });

  it("does not begin a run anew that has saved its state but lost its settings", async () => {
    const manifest = await manifestOf(choice);
    const other = manifest.runs[1]!;
    const path = runFolder(folder, other);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "checkpoint.json"), "{}");
    expect(() => prepareRun(folder, manifest, other, versions)).toThrow(
      /settings\.json is missing; got a run that has saved/,
    );
    rmSync(join(path, "checkpoint.json"));
    prepareRun(folder, manifest, other, versions);
    expect(readFileSync(join(path, "settings.json"), "utf8")).toContain("push");
  });

  it.each<[string, (m: Record<string, unknown>) => unknown, RegExp]>([
    ["another schema", (m) => ({ ...m, schema: 2 }), /another schema version; got 2; expected 1/],
    ["no schema", () => [], /another schema version; got none/],
    ["an unknown key", (m) => ({ ...m, extra: 1 }), /is damaged; got .*extra/],
    ["no runs", ({ runs, ...m }) => m, /is damaged; got runs: /],
    [
      "no settings of a run",
      (m) => ({ ...m, settings: {} }),
      /is damaged; got settings: expected those of every label/,
    ],
    ["an empty list of runs", (m) => ({ ...m, runs: [] }), /is damaged; got runs: expected at least one run/],
    [
      "a run outside of the sweep",
      changeRun({ id: "../../victim" }),
      /got runs\.0\.id: expected label, seed and hash/,
    ],
    [
      "a label that is a path",
      changeRun({ label: "../victim" }),
      /got runs\.0\.label: expected letters, digits/,
    ],
    [
      "a label that objects have",
      changeRun({ label: "constructor" }),
      /got runs\.0\.label: expected letters/,
    ],
    ["a hash that is a path", changeRun({ hash: `${"../".repeat(21)}a` }), /got runs\.0\.hash/],
  ])("with %s is refused", async (_, change, message) => {
    const text = JSON.stringify(change({ ...(await manifestOf(choice)) }));
    writeFileSync(join(folder, "sweep.json"), text);
    expect(() => readManifest(folder)).toThrow(InputError);
    expect(() => readManifest(folder)).toThrow(message);
  });

  it("cut off, missing or of other settings than its hashes say is refused", async () => {
    writeFileSync(join(folder, "sweep.json"), '{"schema": 1,');
    expect(() => readManifest(folder)).toThrow(/sweep\.json is damaged; got .*JSON/);
    expect(() => readManifest(join(folder, "none"))).toThrow(
      /sweep\.json is missing; expected a sweep folder/,
    );
    const manifest = await manifestOf(choice);
    const changed = { ...manifest, settings: { single: { ...manifest.settings.single, tasks: 3 } } };
    expect(() => settingsOf(changed, changed.runs[0]!)).toThrow(/do not match its hash/);
    const unknown = { ...manifest, settings: { single: { ...manifest.settings.single, future: 1 } } };
    expect(() => settingsOf(unknown, unknown.runs[0]!)).toThrow(/damaged; got Unknown key.*future/);
  });

  it("of another version is refused; another Node.js is not", async () => {
    const manifest = await manifestOf(choice);
    const check = (change: object) => () => checkSweepVersions("s", manifest, { ...versions, ...change });
    expect(check({ physics: "0" })).toThrow(/another physics version; got 1; expected 0/);
    expect(check({ hypercrl: "9" })).toThrow(/another hypercrl version/);
    expect(check({ node: "v24" })).not.toThrow();
  });
});

describe("a sweep file", () => {
  const path = join(folder, "file.json");
  const read = (value: unknown) => () => {
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    return readSweepFile(path);
  };

  it("gives methods by name or with more, settings as assignments", () => {
    const set = { "planner.samples": 100, "dynamics.hidden": [8, 8], "planner.name": "cem" };
    const methods = ["single", { label: "lag", method: "hypercrl", set: { "loop.trainLag": 9 } }];
    expect(read({ suite: "push", tasks: 2, methods, seeds: [4], set })()).toEqual({
      suite: "push",
      methods: [{ method: "single" }, { label: "lag", method: "hypercrl", set: { "loop.trainLag": 9 } }],
      seeds: [4],
      assignments: ["planner.samples=100", "dynamics.hidden=[8,8]", 'planner.name="cem"', "tasks=2"],
    });
  });

  it.each<[string, unknown, RegExp]>([
    ["an unknown key", { sedes: [1] }, /Unknown key .*; got "sedes".*Did you mean "seeds"/],
    [
      "an unknown key of a line",
      { methods: ["single", { method: "single", lable: "a" }] },
      /Unknown key .* at methods\.1; got "lable".*"label"/,
    ],
    ["a seed that is none", { seeds: [1.5] }, /not valid at seeds\.0/],
    ["no method in a line", { methods: [{}] }, /not valid at methods\.0\.method/],
    ["a list", [], /not valid at its top/],
    ["text that is no JSON", "suite: push", /is damaged; got .*JSON/],
  ])("with %s is refused", (_, value, message) => {
    expect(read(value)).toThrow(InputError);
    expect(read(value)).toThrow(message);
  });
});
