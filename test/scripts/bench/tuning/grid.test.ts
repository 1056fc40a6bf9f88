import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { methods } from "../../../../agent/methods/registry.js";
import { hashSettings } from "../../../../agent/run/origin.js";
import {
  GRIDS,
  isDefault,
  RESULTS,
  readGrid,
  reportedSeeds,
  variantsByMethod,
} from "../../../../scripts/bench/tuning/grid.js";
import { pageOf } from "../../../../scripts/bench/tuning/tune.js";
import { baseOf, planRuns } from "../../../../scripts/sweep/plan.js";
import { initPhysics } from "../../../../sim/world.js";
import { builtinSuites } from "../../../../tasks/registry.js";
import { temporaryFolder } from "../../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(initPhysics);

const names = readdirSync(GRIDS).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -5)] : []));
const SUITES = ["cartpole", "cheetah", "door", "push", "push-slide", "reacher"];

/** Seeds that settings may be chosen by, and results never reported of. */
const TUNING_SEEDS = [101, 102, 103, 104];

/** What a grid may vary of the methods that share it: all else is as published, or the same for every method. */
const HYPERNETWORK = [
  "hypernetwork.learningRate",
  "hypernetwork.embeddingLearningRate",
  "hypernetwork.endFactor",
];
const PLAIN = ["mlp.learningRate", "mlp.endFactor"];
const VARIED: Readonly<Record<string, readonly string[]>> = {
  hypercrl: ["hypernetwork.beta", ...HYPERNETWORK],
  chunked: ["hypernetwork.beta", ...HYPERNETWORK],
  "single-hypernet": HYPERNETWORK,
  "multitask-hypernet": HYPERNETWORK,
  "replay-hypernet": HYPERNETWORK,
  ewc: ["mlp.ewcLambda"],
  si: ["mlp.siStrength"],
  ftl: ["mlp.ftlRidge"],
};

it("every suite with published methods has a grid", () => {
  expect(names.sort()).toEqual(SUITES);
  expect(builtinSuites.map(({ name }) => name)).toEqual(expect.arrayContaining(SUITES));
});

it("no published result is of a tuning seed", () => {
  const reported = reportedSeeds(RESULTS);
  expect([...reported]).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 21, 30]));
  expect(TUNING_SEEDS.filter((seed) => reported.has(seed))).toEqual([]);
});

describe.each(names)("the grid of %s", (name) => {
  const grid = readGrid(join(GRIDS, `${name}.json`), reportedSeeds(RESULTS));

  it("tries four settings of every method, on tuning seeds alone", () => {
    const counts = [...variantsByMethod(grid.variants)].map(([method, { length }]) => [method, length]);
    expect(Object.fromEntries(counts)).toEqual(Object.fromEntries(methods.map((method) => [method.name, 4])));
    expect(grid.choice.suite).toBe(name);
    expect(TUNING_SEEDS).toEqual(expect.arrayContaining([...grid.seeds]));
  });

  it("resolves, and no two settings of a method are alike", async () => {
    const [seed] = grid.seeds;
    const runs = await planRuns({ ...grid.choice, seeds: [seed!] }, baseOf(grid.choice), folder);
    expect(runs.length).toBe(grid.variants.length);
    expect(new Set(runs.map(({ settings }) => hashSettings(settings))).size).toBe(runs.length);
  });

  it("varies step sizes and penalties that the method has, and nothing else", () => {
    for (const { method, label, set } of grid.variants) {
      expect(VARIED[method] ?? PLAIN, label).toEqual(expect.arrayContaining(Object.keys(set)));
    }
  });

  it("has a page that is made of it and of its results", () => {
    const page = readFileSync(join(GRIDS, `${name}.md`), "utf8");
    expect(pageOf(name, "."), `run npm run tuning -- ${name} --page`).toBe(page);
  });
});

describe("a grid that would not be fair is refused", () => {
  const lines = (method: string, ...lambdas: number[]) => [
    method,
    ...lambdas.map((lambda) => ({ label: `${method}-${lambda}`, method, set: { "mlp.ewcLambda": lambda } })),
  ];
  const read = (methods: readonly unknown[], seeds: readonly number[] = [101, 102]) => {
    const path = join(folder, "grid.json");
    writeFileSync(path, JSON.stringify({ suite: "push", methods, seeds }));
    return readGrid(path, new Set([1, 2]));
  };

  it("and one that is fair is read", () => {
    const { variants } = read([...lines("ewc", 1), ...lines("si", 2)]);
    expect(variants.map(isDefault)).toEqual([true, false, true, false]);
    expect(variants[1]).toEqual({ label: "ewc-1", method: "ewc", set: { "mlp.ewcLambda": 1 } });
  });

  it.each([
    [
      "more settings of one method",
      [...lines("ewc", 1, 2), ...lines("si", 2)],
      [101, 102],
      "2 settings of si and 3 of ewc",
    ],
    ["a reported seed", lines("ewc", 1), [101, 2], "seed 2, of which results are published"],
    ["a seed alone", lines("ewc", 1), [101], "seeds 101"],
    ["a method without its default", lines("ewc", 1).slice(1), [101, 102], "ewc without its default first"],
    [
      "a default twice",
      [...lines("ewc"), { label: "ewc", method: "ewc" }],
      [101, 102],
      "the default of ewc twice",
    ],
    [
      "seeds of one line",
      ["ewc", { label: "e", method: "ewc", seeds: [103], set: { a: 1 } }],
      [101, 102],
      "seeds of single lines",
    ],
  ])("%s", (_, methods, seeds, got) => {
    expect(() => read(methods, seeds)).toThrow(got);
  });
});

it("reported seeds are those of sweeps and of single runs, not of what lies deeper", () => {
  const results = join(folder, "results");
  const write = (path: string, value: unknown) => {
    mkdirSync(join(results, path, ".."), { recursive: true });
    writeFileSync(join(results, path), JSON.stringify(value));
  };
  write("push/sweep.json", { runs: [{ seed: 3 }, { seed: 4 }] });
  write("paper/settings.json", { seed: 7 });
  write("tuning/push/sweep.json", { runs: [{ seed: 101 }] });
  expect([...reportedSeeds(results)].sort()).toEqual([3, 4, 7]);
});
