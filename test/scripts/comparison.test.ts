import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resolveSettings } from "../../agent/settings.js";
import { compareRuns, estimate, isFinished, type RunResult, readRun } from "../../scripts/comparison.js";
import { InputError } from "../../sim/core/errors.js";

const root = mkdtempSync(join(tmpdir(), "comparison-"));
afterAll(() => rmSync(root, { recursive: true }));

function run(method: string, seed: number, means: number[][], random = [0, 0]): RunResult {
  return { method, seed, tasks: ["a", "b"], random, means, untouched: 0, episodes: 4 };
}

describe("comparison of runs", () => {
  it("normalises by random and single, task by task", () => {
    const single = run("single", 1, [[110], [110, 210]], [10, 10]);
    const other = run("finetune", 1, [[110], [35, 110]], [10, 10]);
    const [reference, finetune] = compareRuns([single, other]);
    expect(reference.average.mean).toBeCloseTo(1, 12);
    expect(reference.forgetting.mean).toBeCloseTo(0, 12);
    // Task a: (35 - 10) / 100, task b: (110 - 10) / 200.
    expect(finetune.average.mean).toBeCloseTo((0.25 + 0.5) / 2, 12);
    expect(finetune.forgetting.mean).toBeCloseTo(1 - 0.25, 12);
  });

  it("takes the reference from all seeds of single and reports n", () => {
    const runs = [
      run("single", 1, [[90], [90, 100]]),
      run("single", 2, [[110], [110, 100]]),
      run("hypercrl", 1, [[100], [100, 100]]),
    ];
    const [single, hypercrl] = compareRuns(runs);
    expect(hypercrl.average.mean).toBeCloseTo(1, 12);
    expect([single.average.n, hypercrl.average.n]).toEqual([2, 1]);
    expect(single.average.low).toBeLessThan(single.average.high);
  });

  it("refuses to normalise without a run of single", () => {
    expect(() => compareRuns([run("hypercrl", 1, [[1], [1, 1]])])).toThrow(
      /expected at least one run of method single/,
    );
  });

  it("gives the same interval for the same numbers, inside their range and around their mean", () => {
    const a = estimate([0.9, 1, 1.1]);
    expect(estimate([0.9, 1, 1.1])).toEqual(a);
    expect(a.mean).toBeCloseTo(1, 12);
    expect(a.low).toBeGreaterThanOrEqual(0.9);
    expect(a.low).toBeLessThan(a.mean);
    expect(a.high).toBeGreaterThan(a.mean);
    expect(a.high).toBeLessThanOrEqual(1.1);
  });
});

describe("a run folder", () => {
  const folder = join(root, "run");
  const write = (returns: number[][][]) => {
    mkdirSync(folder, { recursive: true });
    const settings = resolveSettings({
      suite: "push",
      method: "single",
      profile: "quick",
      seed: 7,
      suiteTasks: 2,
    });
    writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
    const evaluation = { definition: "", tasks: ["a", "b"], random: [[0, 2], [4]], returns };
    writeFileSync(join(folder, "evaluation.json"), JSON.stringify(evaluation));
    const lines = [0.4, 1.5, 90].map((blockDisplacementMm) => ({
      type: "evaluation",
      measures: { blockDisplacementMm },
    }));
    const training = { type: "training", taskLoss: 1 };
    writeFileSync(
      join(folder, "metrics.jsonl"),
      [...lines, training].map((r) => `${JSON.stringify(r)}\n`).join(""),
    );
  };

  it("gives means and counts evaluation episodes that left the block where it was", () => {
    write([[[10, 20]], [[30], [5, 7]]]);
    expect(isFinished(folder)).toBe(true);
    expect(readRun(folder)).toEqual({
      method: "single",
      seed: 7,
      tasks: ["a", "b"],
      random: [1, 4],
      means: [[15], [30, 6]],
      untouched: 1,
      episodes: 3,
    });
  });

  it("is refused while unfinished", () => {
    write([[[10, 20]]]);
    expect(isFinished(folder)).toBe(false);
    expect(() => readRun(folder)).toThrow(InputError);
    expect(() => readRun(folder)).toThrow(/not finished; expected every task evaluated/);
  });
});
