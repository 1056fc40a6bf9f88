import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { choose, meanScore, spreadOf } from "../../../../scripts/bench/tuning/choose.js";
import type { Results, SeedScore } from "../../../../scripts/bench/tuning/results.js";
import { gridOf, keepResults, pageOf } from "../../../../scripts/bench/tuning/tune.js";
import { currentVersions } from "../../../../scripts/runs/versions.js";
import { addRuns, emptyManifest } from "../../../../scripts/sweep/manifest.js";
import { type Manifest, writeManifest } from "../../../../scripts/sweep/manifest-file.js";
import { baseOf, planRuns } from "../../../../scripts/sweep/plan.js";
import { initPhysics } from "../../../../sim/world.js";
import { temporaryFolder } from "../../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

describe("the rule", () => {
  const variant = (label: string) => ({ label, method: "ewc", set: label === "ewc" ? {} : { a: label } });
  const chosen = (lines: Readonly<Record<string, readonly SeedScore[]>>) =>
    choose(Object.entries(lines).map(([label, scores]) => ({ variant: variant(label), scores })));

  it("takes the highest mean over seeds when it leads by more than the spread", () => {
    const lines = { ewc: [0.5, 0.52], b: [0.8, 0.84], c: [0.7, 0.72] };
    expect(chosen(lines)).toEqual({ kind: "chosen", label: "b", why: "highest mean" });
  });

  it("keeps the default within the spread, and says what was higher", () => {
    // Means 0.6 and 0.7; variances 0.02 and 0.005, so the spread is 0.112.
    expect(spreadOf([0.5, 0.7], [0.65, 0.75])).toBeCloseTo(Math.sqrt(0.0125), 12);
    const choice = chosen({ ewc: [0.5, 0.7], b: [0.65, 0.75], c: [0.1, 0.1] });
    expect(choice).toEqual({ kind: "chosen", label: "ewc", why: "b is higher within the spread" });
    expect(chosen({ ewc: [0.5, 0.7], b: [0.67, 0.77] })).toMatchObject({ label: "b" });
  });

  it("keeps the default where nothing is higher, also at the same mean without any spread", () => {
    expect(chosen({ ewc: [0.9, 0.8], b: [0.1, 0.2] })).toMatchObject({ label: "ewc", why: "highest mean" });
    expect(chosen({ ewc: [0.5, 0.5], b: [0.5, 0.5] })).toMatchObject({ label: "ewc", why: "highest mean" });
  });

  it("chooses nothing while a run is missing", () => {
    expect(chosen({ ewc: [0.5, 0.5], b: [0.9, "missing"] })).toEqual({ kind: "open" });
    expect(chosen({ ewc: [Number.NaN, Number.NaN], b: [Number.NaN, Number.NaN] })).toEqual({ kind: "open" });
  });

  it("passes over a variant with a failed run, even the default", () => {
    expect(chosen({ ewc: [0.5, 0.5], b: [0.9, "failed"] })).toMatchObject({ label: "ewc" });
    expect(chosen({ ewc: ["failed", 0.9], b: [0.1, 0.2] })).toMatchObject({
      label: "b",
      why: "the default failed",
    });
    expect(chosen({ ewc: ["failed", 0.9], b: ["failed", "failed"] })).toEqual({ kind: "none" });
    expect(meanScore([0.5, "failed"])).toBeNaN();
  });
});

describe("a made-up sweep over a grid", () => {
  const root = join(folder, "root");
  const out = join(root, "runs/tuning-push");
  const GRID = {
    suite: "push",
    tasks: 2,
    methods: [
      "single",
      { label: "single-slow", method: "single", set: { "mlp.learningRate": 3e-4 } },
      "ewc",
      { label: "ewc-1e5", method: "ewc", set: { "mlp.ewcLambda": 1e5 } },
    ],
    seeds: [101, 102],
  };
  /** Final returns on both tasks by label and seed; the random policy has 0. */
  const RETURNS: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
    single: [
      [90, 10],
      [110, 10],
    ],
    "single-slow": [
      [120, 30],
      [120, 20],
    ],
    ewc: [
      [40, 0],
      [45, 5],
    ],
    "ewc-1e5": [
      [80, 4],
      [82, 6],
    ],
  };
  let manifest: Manifest;

  const writeGrid = (grid: object) =>
    writeFileSync(join(root, "docs/tuning/push.json"), JSON.stringify(grid));
  const resultsOf = (labels: readonly string[], oracle: Results["oracle"] = null): Results => ({
    oracle,
    runs: labels.flatMap((label) =>
      RETURNS[label]!.map((final, i) => ({
        ...{ label, seed: GRID.seeds[i]!, random: [0, 0] },
        means: [[final[0]], [...final]],
        scores: { oracleAverage: oracle === null ? null : final[0] / 200 },
      })),
    ),
    failed: [],
  });
  const writeResults = (results: Results) =>
    writeFileSync(join(out, "sweep-results.json"), JSON.stringify(results));

  beforeAll(async () => {
    await initPhysics();
    for (const path of ["docs/tuning", "docs/results/push", "runs/tuning-push"]) {
      mkdirSync(join(root, path), { recursive: true });
    }
    writeFileSync(join(root, "docs/results/push/sweep.json"), JSON.stringify({ runs: [{ seed: 21 }] }));
    writeGrid(GRID);
    const { choice } = gridOf("push", root);
    const base = baseOf(choice);
    const empty = emptyManifest(out, "push", base, currentVersions());
    manifest = addRuns(empty, await planRuns(choice, base, out));
    writeManifest(out, manifest);
  });

  it("before any run the page says so, and chooses nothing", () => {
    const page = pageOf("push", root);
    expect(page).toContain("Seeds 101 and 102, the first 2 tasks. **No run has been made yet.**");
    expect(page).toContain("| ewc | as in the profile | – | – | – |  |  |\n");
    expect(page).not.toContain("chosen**");
  });

  it("afterwards the results lie where they are committed, and the page is made of them", () => {
    writeResults(resultsOf(Object.keys(RETURNS)));
    const table = keepResults("push", out, root);
    // `single` right after learning: 90 + 10 and 110 + 10, so 1 is 55 a task.
    expect(table).toContain("| ewc | `mlp.ewcLambda` 100000 | 0.782 | 0.409 | highest mean |");
    const page = readFileSync(join(root, "docs/tuning/push.md"), "utf8");
    expect(page).toBe(pageOf("push", root));
    expect(page).toContain("8 of 8 runs are finished, 0 failed: [results](../results/tuning/push).");
    expect(page).toContain(
      "|  | `mlp.ewcLambda` 100000 | 0.764 | 0.800 | 0.782 | 0.049 | **chosen**: highest mean |",
    );
    expect(page).toContain(
      "| single | as in the profile: `mlp.learningRate` 0.001 | 0.909 | 1.091 | 1.000 |  |  |",
    );
  });

  it("all variants are on the oracle's scale where there is one", () => {
    writeResults(resultsOf(Object.keys(RETURNS), {}));
    expect(keepResults("push", out, root)).toContain("| ewc | `mlp.ewcLambda` 100000 | 0.405 | 0.213 |");
    expect(pageOf("push", root)).toContain("planning through the true simulator");
  });

  it("a failed run is named, one that has not ended leaves its method open, and without a scale nothing is chosen", () => {
    const results = resultsOf(["single", "single-slow", "ewc"]);
    writeResults(results);
    expect(keepResults("push", out, root)).toContain("| ewc | open: runs are missing | – | 0.409 | – |");
    const failed = manifest.runs.filter(({ label }) => label === "ewc-1e5").map(({ id }) => ({ id }));
    writeResults({ ...results, failed });
    expect(keepResults("push", out, root)).toContain(
      "| ewc | as in the profile: `mlp.ewcLambda` 10000 | 0.409 | 0.409 | highest mean |",
    );
    expect(pageOf("push", root)).toContain("6 of 8 runs are finished, 2 failed");
    expect(pageOf("push", root)).toContain("| failed | failed | – | – |");
    writeResults(resultsOf(["single-slow", "ewc", "ewc-1e5"]));
    keepResults("push", out, root);
    expect(pageOf("push", root)).toContain("There is no scale yet");
    expect(pageOf("push", root)).not.toContain("chosen**");
  });

  it("results are not read by a grid that was changed since", () => {
    const changed = structuredClone(GRID);
    Object.assign(changed.methods[3]!, { set: { "mlp.ewcLambda": 1e6 } });
    writeGrid(changed);
    expect(() => pageOf("push", root)).toThrow("a difference in ewc-1e5");
    writeGrid({ ...GRID, seeds: [101, 103] });
    expect(() => pageOf("push", root)).toThrow("a difference in single with seed 103");
    writeGrid({ ...GRID, seeds: [101, 21] });
    expect(() => pageOf("push", root)).toThrow("seed 21, of which results are published");
  });
});
