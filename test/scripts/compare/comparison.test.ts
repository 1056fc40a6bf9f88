import { mkdirSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isFinished } from "../../../agent/run/finished.js";
import { readMetrics } from "../../../agent/run/read-log.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import {
  compareRuns,
  definitions,
  failedReferenceText,
  oracleLine,
} from "../../../scripts/compare/comparison.js";
import type { LearningCurve } from "../../../scripts/compare/learning-curves.js";
import type { Oracle } from "../../../scripts/compare/oracle-reference.js";
import { type MeasuredRun, type RunResult, readRun } from "../../../scripts/compare/run-result.js";
import { failedReferences, reachedCounts, referenceOf, scoreRun } from "../../../scripts/compare/scores.js";
import { InputError } from "../../../sim/core/errors.js";
import { CATALOG, fakeSuite } from "../../agent/fixtures.js";
import {
  baselineRecord,
  episodeRecord,
  evaluationRecord,
  trainingRecord,
  trainingTime,
} from "../../agent/run/make-records.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { madeCurve, madeOracle } from "./made-reference.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

/** Episodes that all return what they return on average. */
function withEpisodes(result: RunResult): MeasuredRun {
  const { random, means, success } = result;
  const alike = (mean: number) => [mean, mean];
  return {
    ...result,
    measured: {
      random: random.map(alike),
      returns: means.map((row) => row.map(alike)),
      success: success.map(alike),
    },
  };
}

function run(method: string, seed: number, means: number[][], random = [0, 0]): MeasuredRun {
  return withEpisodes({
    ...{ label: method, method, seed, tasks: ["a", "b"], random, means, untouched: 0, episodes: 4 },
    ...{
      success: [1, 0.5],
      counts: { success: { count: 3, of: 4 } },
      learningSuccess: [0.5, 0.25],
      learning: [madeCurve(0, [5, 10]), madeCurve(0, [5, 10])],
      visitCurves: [madeCurve(0, [5, 10]), madeCurve(0, [5, 10])],
      usage: { wallMs: 90_000, cpuMs: 60_000, peakMiB: 200 },
    },
  });
}

const width = ({ low, high }: { readonly low: number; readonly high: number }) => high - low;

describe("comparison of runs", () => {
  it("normalises by random and single, task by task", () => {
    const single = run("single", 1, [[110], [110, 210]], [10, 10]);
    const other = run("finetune", 1, [[110], [35, 110]], [10, 10]);
    const [reference, finetune] = take(2, compareRuns([single, other]));
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
    const [single, hypercrl] = take(2, compareRuns(runs));
    expect(hypercrl.average.mean).toBeCloseTo(1, 12);
    expect([single.average.n, hypercrl.average.n]).toEqual([2, 1]);
  });

  it("compares plain returns without a run of single, and says so", () => {
    const [hypercrl] = take(1, compareRuns([run("hypercrl", 1, [[40], [10, 30]])]));
    expect(hypercrl.average.mean).toBe(20);
    expect(hypercrl.forgetting.mean).toBe(30);
    expect(hypercrl.forwardTransfer).toMatchObject({ mean: Number.NaN, n: 0 });
    expect(definitions(undefined).join()).toMatch(/not normalised, because no run of method single/);
  });

  it("of a single task knows no forgetting", () => {
    const one = { ...run("hypercrl", 1, [[40]], [0]), tasks: ["a"], success: [1], learningSuccess: [0] };
    const [hypercrl] = take(1, compareRuns([one]));
    expect(hypercrl.forgetting).toMatchObject({ mean: Number.NaN, n: 0 });
    expect(definitions(undefined).join()).toContain("– of a single task");
  });

  it("takes the ratio of the published code where both returns are positive", () => {
    const threeTasks = {
      ...run("finetune", 1, [[100], [60, -10], [25, -5, 80]], [0, 0, 0]),
      ...{ tasks: ["a", "b", "c"], success: [0, 0, 1], learningSuccess: [0, 0, 0] },
    };
    expect(scoreRun(threeTasks, undefined).retention).toBe(0.25);
    const negative = run("finetune", 1, [[-3], [-1, 2]]);
    expect(scoreRun(negative, undefined).retention).toBeNaN();
  });

  it("measures forward transfer against single, leaving out tasks where single always succeeds", () => {
    const reference = referenceOf([
      { ...run("single", 1, [[1], [1, 1]]), learningSuccess: [0.2, 1] },
      { ...run("single", 2, [[1], [1, 1]]), learningSuccess: [0.4, 1] },
    ]);
    const own = { ...run("hypercrl", 1, [[1], [1, 1]]), learningSuccess: [0.65, 0.9] };
    // (0.65 - 0.3) / (1 - 0.3)
    expect(scoreRun(own, reference).forwardTransfer).toBeCloseTo(0.5, 12);
    const worse = { ...own, learningSuccess: [0.23, 0.9] };
    expect(scoreRun(worse, reference).forwardTransfer).toBeCloseTo(-0.1, 12);
  });

  describe("while tasks are learned", () => {
    const learned = (method: string, seed: number, ...curves: LearningCurve[]) => ({
      ...run(method, seed, [[1], [1, 1]]),
      learning: curves,
    });
    // Task a: exploring returns 10 on average, the last episodes 110. Task b: 0 and 40, the seeds alike.
    const singles = [
      learned("single", 1, madeCurve(0, [50, 100]), madeCurve(0, [20, 40])),
      learned("single", 2, madeCurve(20, [80, 120]), madeCurve(0, [20, 40])),
    ];
    const reference = referenceOf(singles);

    it("takes the mean return less that of single with the same seed, task by task", () => {
      const ahead = learned("hypercrl", 2, madeCurve(0, [120, 120]), madeCurve(0, [40, 40]));
      // (120 - 100) / (110 - 10) and (40 - 30) / 40.
      expect(scoreRun(ahead, reference).returnTransfer).toBeCloseTo((0.2 + 0.25) / 2, 12);
      for (const one of singles) expect(scoreRun(one, reference).returnTransfer).toBe(0);
      expect(scoreRun({ ...ahead, seed: 3 }, reference).returnTransfer).toBeNaN();
      expect(scoreRun(ahead, undefined).returnTransfer).toBeNaN();
    });

    it("counts steps to half and 90 % of the way, and all of a task where they are not reached", () => {
      // Levels 60 and 100 in task a, 20 and 36 in task b.
      const own = learned("hypercrl", 1, madeCurve(0, [50, 60, 99, 101]), madeCurve(0, [10, 20, 30]));
      const scores = scoreRun(own, reference);
      expect(scores.stepsToHalf).toBe((200 + 200) / 2);
      expect(scores.stepsToNinety).toBe((400 + 1000) / 2);
      expect(reachedCounts([own, own], reference)).toEqual({
        stepsToHalf: { count: 4, of: 4 },
        stepsToNinety: { count: 2, of: 4 },
      });
      expect(scoreRun(own, undefined).stepsToHalf).toBeNaN();
      expect(reachedCounts([own], undefined)).toEqual({});
    });

    it("leaves out tasks that single did not learn, and those with too few episodes", () => {
      const flat = referenceOf([learned("single", 1, madeCurve(0, [50, 100]), madeCurve(40, [40, 40]))]);
      const own = learned("hypercrl", 1, madeCurve(0, [60, 95]), madeCurve(0, [50, 50]));
      expect(scoreRun(own, flat).returnTransfer).toBeCloseTo((77.5 - 75) / 100, 12);
      expect(scoreRun(own, flat).stepsToNinety).toBe(200);
      const short = learned("hypercrl", 1, madeCurve(0, []), madeCurve(0, []));
      expect(scoreRun(short, flat)).toMatchObject({ returnTransfer: Number.NaN, stepsToHalf: Number.NaN });
      expect(reachedCounts([short], flat).stepsToHalf).toEqual({ count: 0, of: 0 });
    });

    it("keeps seeds paired in intervals, so that what they share does not widen them", () => {
      const seeds = [1, 2, 3, 4, 5];
      const curves = (extra: number) => seeds.map((seed) => madeCurve(0, [80 + 10 * seed + extra]));
      const lines = [
        ...seeds.map((seed, i) => learned("single", seed, curves(0)[i]!, curves(0)[i]!)),
        ...seeds.map((seed, i) => learned("hypercrl", seed, curves(5)[i]!, curves(5)[i]!)),
      ];
      const [single, hypercrl] = take(2, compareRuns(lines));
      expect(single.returnTransfer).toMatchObject({ mean: 0, low: 0, high: 0, n: 5 });
      // Five more than single of the same seed, of a way that is 110 on average.
      expect(hypercrl.returnTransfer.mean).toBeCloseTo(5 / 110, 12);
      expect(width(hypercrl.returnTransfer)).toBeLessThan(0.02);
      expect(width(hypercrl.returnTransfer)).toBeGreaterThan(0);
      expect(hypercrl.reached.stepsToNinety).toEqual({ count: 8, of: 10 });
    });
  });

  it("gives success, minutes and memory as they are", () => {
    expect(scoreRun(run("single", 1, [[1], [1, 1]]), undefined)).toMatchObject({
      ...{ success: 0.75, wallMinutes: 1.5, cpuMinutes: 1, peakMiB: 200 },
    });
    const without = { ...run("single", 1, [[1], [1, 1]]), usage: undefined };
    expect(scoreRun(without, undefined)).toMatchObject({ wallMinutes: Number.NaN, peakMiB: Number.NaN });
  });

  it("normalises by the oracle, task by task and with its own random policy", () => {
    const oracle = madeOracle([0, 20], [200, 120]);
    const single = run("single", 1, [[110], [110, 210]], [10, 10]);
    const other = run("finetune", 1, [[110], [50, 70]], [10, 10]);
    const [first, finetune] = take(2, compareRuns([single, other], oracle));
    // (50 - 0) / 200 and (70 - 20) / 100; more than the oracle is more than 1.
    expect(finetune.oracleAverage.mean).toBeCloseTo((0.25 + 0.5) / 2, 12);
    expect(first.oracleAverage.mean).toBeCloseTo((0.55 + 1.9) / 2, 12);
    // As without an oracle.
    expect(finetune.average.mean).toBeCloseTo(((50 - 10) / 100 + (70 - 10) / 200) / 2, 12);
    expect(compareRuns([single, other]).map((m) => m.oracleAverage.n)).toEqual([0, 0]);
    // The oracle by single: (200 - 10) / 100 and (120 - 10) / 200.
    const line = oracleLine([single, other], oracle);
    expect(line.average).toBeCloseTo((1.9 + 0.55) / 2, 12);
    expect(line).toMatchObject({ oracleAverage: 1, success: 0.75, episodes: 3 });
    expect(definitions(undefined, { oracle }).join("\n")).toMatch(
      /^average of oracle: .*\(return after the last task - random\) \/ \(oracle - random\).*icem, 3 episodes/m,
    );
  });

  it("counts the outcomes of all seeds together, also where some runs name fewer", () => {
    const one = run("hypercrl", 1, [[1], [1, 2]]);
    const other = {
      ...run("hypercrl", 2, [[1], [1, 2]]),
      counts: { success: { count: 1, of: 4 }, heldOpen: { count: 2, of: 4 } },
    };
    const [hypercrl] = take(1, compareRuns([one, other]));
    expect(hypercrl.counts).toEqual({ success: { count: 4, of: 8 }, heldOpen: { count: 2, of: 4 } });
  });

  it("has no average by an oracle that is not above random", () => {
    const [hypercrl] = take(1, compareRuns([run("hypercrl", 1, [[1], [1, 2]])], madeOracle([5, 0], [5, 10])));
    expect(hypercrl.oracleAverage.n).toBe(0);
  });

  it("does not normalise by a reference that is not above random", () => {
    const runs = [run("single", 1, [[5], [5, 10]], [5, 0]), run("hypercrl", 1, [[6], [6, 10]], [5, 0])];
    for (const { average, runs: n } of compareRuns(runs)) {
      expect(average.mean).toBeNaN();
      expect([average.n, n]).toEqual([0, 1]);
    }
  });

  it("compares variants of a method by label; the first of single is the reference", () => {
    const variant = { ...run("single", 1, [[50], [50, 50]]), label: "single-cem" };
    const [single, cem] = take(2, compareRuns([run("single", 1, [[100], [100, 100]]), variant]));
    expect([single.method, single.average.mean]).toEqual(["single", 1]);
    expect([cem.method, cem.average.mean]).toEqual(["single-cem", 0.5]);
  });
});

describe("intervals of figures", () => {
  /** Runs of seeds 1 to n; of both tasks `after` the last, and as `learned` right after learning. */
  const line = (method: string, learned: readonly number[], after = learned) =>
    learned.map((mean, i) => run(method, i + 1, [[mean], [after[i]!, after[i]!]]));
  const steady = line("single", [100, 100, 100, 100, 100]);
  const spread = [88, 94, 100, 106, 112];
  const averageOf = (label: string, runs: readonly MeasuredRun[], oracle?: Oracle) =>
    compareRuns(runs, oracle).find(({ method }) => method === label)!;

  it("are none below five seeds, which have a range instead", () => {
    const four = averageOf("hypercrl", [...steady, ...line("hypercrl", spread.slice(0, 4))]).average;
    expect([four.low, four.high]).toEqual([Number.NaN, Number.NaN]);
    expect([four.lowest, four.highest, four.n]).toEqual([0.88, 1.06, 4]);
    const { average } = averageOf("hypercrl", [...steady, ...line("hypercrl", spread)]);
    expect(average.low).toBeLessThan(0.95);
    expect(average.high).toBeGreaterThan(1.05);
  });

  it("are none either of what is normalised by fewer than five seeds of single", () => {
    const figures = averageOf("hypercrl", [...steady.slice(1), ...line("hypercrl", spread)]);
    expect(figures.average).toMatchObject({ n: 5, low: Number.NaN });
    expect(figures.forgetting.low).toBeNaN();
    expect(figures.success.low).toBe(0.75);
  });

  it("are as wide as the mean over seeds drawn again is uncertain", () => {
    // The seeds' standard deviation, 0.0949 √(4/5), over √5 is 0.0379; 95 % of normal values lie within 1.96 of it.
    const { average } = averageOf("hypercrl", [...steady, ...line("hypercrl", spread)]);
    expect(width(average) / (2 * 1.96 * 0.0379)).toBeGreaterThan(0.95);
    expect(width(average) / (2 * 1.96 * 0.0379)).toBeLessThan(1.05);
  });

  it("contain the spread of the reference", () => {
    const hypercrl = line("hypercrl", [100, 100, 100, 100, 100]);
    expect(width(averageOf("hypercrl", [...steady, ...hypercrl]).average)).toBeCloseTo(0, 12);
    const { average } = averageOf("hypercrl", [...line("single", spread), ...hypercrl]);
    expect(average.low).toBeLessThan(0.95);
    expect(average.high).toBeGreaterThan(1.05);
  });

  it("contain the noise of episodes within a seed, also of single's own forgetting", () => {
    const noisy = steady.map((one) => ({
      ...one,
      measured: {
        ...one.measured,
        returns: [
          [[60, 140]],
          [
            [60, 140],
            [60, 140],
          ],
        ],
      },
    }));
    const { forgetting, average } = averageOf("single", noisy);
    expect(forgetting.mean).toBe(0);
    expect(forgetting.low).toBeLessThan(-0.1);
    expect(forgetting.high).toBeGreaterThan(0.1);
    expect(average.low).toBeLessThan(0.9);
  });

  it("contain the spread of the random policy and of the oracle", () => {
    const oracle = madeOracle([0, 0], [200, 200]);
    const hypercrl = line("hypercrl", [100, 100, 100, 100, 100]);
    expect(width(averageOf("hypercrl", hypercrl, oracle).oracleAverage)).toBeCloseTo(0, 12);
    const varied = (random: readonly number[], returns: readonly number[]) => ({
      ...oracle,
      measured: { random: [random, random], returns: [returns, returns] },
    });
    expect(width(averageOf("hypercrl", hypercrl, varied([-50, 50], [200])).oracleAverage)).toBeGreaterThan(
      0.1,
    );
    expect(width(averageOf("hypercrl", hypercrl, varied([0], [150, 250])).oracleAverage)).toBeGreaterThan(
      0.1,
    );
    const single = steady.map((one) => ({
      ...one,
      measured: {
        ...one.measured,
        random: [
          [-50, 50],
          [-50, 50],
        ],
      },
    }));
    const below = line("hypercrl", [50, 50, 50, 50, 50]).map((one, i) => ({
      ...one,
      measured: { ...one.measured, random: single[i]!.measured.random },
    }));
    expect(width(averageOf("hypercrl", [...single, ...below]).average)).toBeGreaterThan(0.05);
  });

  it("are the same every time, and whatever else is compared", () => {
    const runs = [...line("single", spread), ...line("hypercrl", [90, 95, 100, 105, 99])];
    const first = averageOf("hypercrl", runs);
    expect(averageOf("hypercrl", runs)).toEqual(first);
    expect(averageOf("hypercrl", [...line("ewc", spread), ...runs])).toEqual(first);
  });
});

describe("a run of the reference that failed", () => {
  const singles = (returns: readonly number[]) =>
    returns.map((mean, i) => run("single", i + 1, [[100], [100, mean]], [10, 10]));

  it("is named with its task and how far it got", () => {
    const failed = failedReferences([...singles([100, 40, 110]), run("hypercrl", 4, [[0], [0, 0]])]);
    expect(failed).toEqual([{ seed: 2, task: "b", share: 30 / 90 }]);
    expect(failedReferenceText(failed[0]!)).toMatch(
      /^failed reference: single with seed 2 did not learn b as its other seeds did \(0\.33 of/,
    );
  });

  it("is none that is near the others, and none can be told among two", () => {
    expect(failedReferences(singles([100, 60, 110]))).toEqual([]);
    expect(failedReferences(singles([100, 20]))).toEqual([]);
    expect(failedReferences([run("hypercrl", 1, [[0], [0, 0]])])).toEqual([]);
  });
});

describe("a run folder", () => {
  const folder = join(root, "run");
  const writeLines = (name: string, records: object[]) =>
    writeFileSync(join(folder, name), records.map((r) => `${JSON.stringify(r)}\n`).join(""));
  const write = (returns: number[][][], assignments: readonly string[] = []) => {
    mkdirSync(folder, { recursive: true });
    const choice = { suite: fakeSuite(2), method: "single", profile: "quick", seed: 7 };
    const settings = resolveSettings(choice, assignments, CATALOG);
    writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
    const evaluation = { definition: "", tasks: ["a", "b"], random: [[0, 2], [4]], returns };
    writeFileSync(join(folder, "evaluation.json"), JSON.stringify(evaluation));
    const evaluated = (
      afterTask: number,
      taskIndex: number,
      success: boolean,
      blockDisplacementMm: number,
      sum: number,
      outcomes?: Record<string, boolean>,
    ) =>
      evaluationRecord({
        ...{ afterTask, taskIndex, success, measures: { blockDisplacementMm }, return: sum },
        ...(outcomes && { outcomes }),
      });
    const random = (taskIndex: number, sum: number) => baselineRecord({ taskIndex, return: sum });
    const learned = (taskIndex: number, phase: "random" | "train", steps: number, success: boolean) =>
      episodeRecord({ taskIndex, phase, steps, success });
    writeLines("metrics.jsonl", [
      random(0, 0),
      random(0, 2),
      random(1, 4),
      learned(0, "random", 120, true),
      learned(0, "train", 240, false),
      trainingRecord({ steps: 240 }),
      learned(0, "train", 300, true),
      evaluated(0, 0, true, 0.4, 10),
      evaluated(0, 0, true, 70, 20),
      learned(1, "random", 100, true),
      learned(1, "train", 200, true),
      evaluated(1, 0, false, 1.5, 30),
      evaluated(1, 1, true, 90, 5, { heldOpen: true }),
      evaluated(1, 1, true, 80, 7, { heldOpen: false }),
    ]);
    writeLines("timing.jsonl", [
      trainingTime(),
      { type: "usage", session: 1, wallMs: 5000, cpuMs: 4000, peakMiB: 150 },
      { type: "usage", session: 1, wallMs: 9000, cpuMs: 8000, peakMiB: 160 },
      { type: "usage", session: 2, wallMs: 700, cpuMs: 600, peakMiB: 140 },
    ]);
  };

  it("gives means, success, what learning looked like and what it took", () => {
    write([[[10, 20]], [[30], [5, 7]]]);
    expect(isFinished(folder)).toBe(true);
    expect(readRun(folder)).toEqual({
      label: "single",
      method: "single",
      seed: 7,
      tasks: ["a", "b"],
      random: [1, 4],
      means: [[15], [30, 6]],
      success: [0, 1],
      counts: { success: { count: 2, of: 3 }, heldOpen: { count: 1, of: 2 } },
      // Of the first task's planned steps, 240 - 120 failed and 300 - 240 succeeded; exploring does not count.
      learningSuccess: [60 / 180, 1],
      // The first task's last episode is shorter than the one before: its steps ran out.
      learning: [1, 2].map(() => ({ explored: 1, mean: 1, running: [], steps: [], total: 3000 })),
      visitCurves: [1, 2].map(() => ({ explored: 1, mean: 1, running: [], steps: [], total: 3000 })),
      usage: { wallMs: 9700, cpuMs: 8600, peakMiB: 160 },
      untouched: 1,
      episodes: 5,
      measured: {
        random: [[0, 2], [4]],
        returns: [[[10, 20]], [[30], [5, 7]]],
        success: [[0], [1, 1]],
      },
    });
  });

  it("is refused when one figure of its evaluation is not what its log says", () => {
    write([[[10, 20]], [[30], [5, 8]]]);
    expect(() => readRun(folder)).toThrow(
      /evaluation\.json does not say what the run's log does; got returns\.1\.1: 5, 8; expected 5, 7/,
    );
  });

  it("knows no processor time of a process that did not note it", () => {
    write([[[10, 20]], [[30], [5, 7]]]);
    writeLines("timing.jsonl", [
      { type: "usage", session: 1, wallMs: 9000, peakMiB: 160 },
      { type: "usage", session: 2, wallMs: 700, cpuMs: 600, peakMiB: 140 },
    ]);
    expect(readRun(folder).usage).toEqual({ wallMs: 9700, cpuMs: undefined, peakMiB: 160 });
  });

  it("is refused when its log does not hold what its evaluation does, or no records", () => {
    write([[[10, 20]], [[30], [5, 7, 9]]]);
    expect(() => readRun(folder)).toThrow(
      /metrics\.jsonl ends before its run did; got 2 evaluations of task b after the last task; expected 3/,
    );
    write([[[10, 20]], [[30], [5, 7]]]);
    writeLines("metrics.jsonl", [{ type: "evaluation", afterTask: 1, taskIndex: 0 }]);
    expect(() => readRun(folder)).toThrow(/metrics\.jsonl is damaged in line 1/);
  });

  it.each([
    ["a row of too few tasks", [[[10, 20]], [[30]]]],
    ["a row without tasks", [[], []]],
    ["more rows than tasks", [[[10, 20]], [[30], [5, 7]], [[1], [2], [3]]]],
  ])("is refused with %s", (_, returns) => {
    write(returns);
    expect(() => readRun(folder)).toThrow(/evaluation\.json is damaged; got returns: expected a row/);
  });

  it("is refused without the returns after a task that its settings say were measured", () => {
    write([[[10, 20]], [[], [5, 7]]], ["loop.evaluateTasks=1"]);
    writeLines(
      "metrics.jsonl",
      readMetrics(folder).filter((r) => !("afterTask" in r) || r.taskIndex !== 0 || r.afterTask !== 1),
    );
    expect(() => readRun(folder)).toThrow(
      /evaluation\.json lacks returns that its run measures; got none in returns\.1\.0; expected those on task a after learning b/,
    );
  });

  it("is refused while unfinished", () => {
    write([[[10, 20]]]);
    expect(isFinished(folder)).toBe(false);
    expect(() => readRun(folder)).toThrow(InputError);
    expect(() => readRun(folder)).toThrow(/not finished; expected every task evaluated/);
  });
});
