import { describe, expect, it } from "vitest";
import { compareRevisits } from "../../../scripts/compare/revisits.js";
import { revisitTables } from "../../../scripts/compare/revisits-text.js";
import type { RunResult } from "../../../scripts/compare/run-result.js";
import { referenceOf, scoreRun } from "../../../scripts/compare/scores.js";
import { take } from "../../take.js";
import { madeCurve } from "./made-reference.js";

/** Two tasks, each visited twice. */
function run(method: string, means: number[][], curves: number[][], seed = 1): RunResult {
  const visitCurves = curves.map((running) => madeCurve(0, running));
  return {
    ...{ label: method, method, seed, tasks: ["a", "b"], random: [0, 10], untouched: 0, episodes: 4 },
    ...{ visits: [0, 1, 0, 1], means, visitCurves, learning: visitCurves.slice(0, 2) },
    ...{ success: [1, 1], counts: {}, learningSuccess: [0.5, 0.5], usage: undefined },
  };
}

const NAN = Number.NaN;
const single = run(
  "single",
  [
    [100, NAN],
    [100, 210],
    [110, 210],
    [110, 250],
  ],
  [[50], [50], [50], [50]],
);
const other = run(
  "ewc",
  [
    [80, NAN],
    [40, 170],
    [90, 110],
    [70, 190],
  ],
  [
    [10, 60, 100],
    [10, 60, 110],
    [80, 96, 40],
    [20, 30, 40],
  ],
);

describe("figures of tasks that are visited again", () => {
  it("are changes between visits, normalised by single after its first visits", () => {
    const { tasks } = compareRevisits([single, other], referenceOf([single]))!;
    const [a, b, mean] = take(
      3,
      tasks.filter(({ label }) => label === "ewc"),
    );
    // Task a: from 80 to 40 before its second visit, then from 90 to 70; of 100.
    expect(a.backwardTransfer.mean).toBeCloseTo((-0.4 - 0.2) / 2, 12);
    // Task b: from 170 to 110 of 200; after its second visit nothing is learned.
    expect(b.backwardTransfer.mean).toBeCloseTo(-0.3, 12);
    expect(a.gain.mean).toBeCloseTo(0.1, 12);
    expect(b.gain.mean).toBeCloseTo(0.1, 12);
    expect([mean.task, mean.gain.n]).toEqual(["mean", 1]);
    expect(mean.backwardTransfer.mean).toBeCloseTo(-0.3, 12);
  });

  it("are returns as they are without single", () => {
    const { tasks, definitions } = compareRevisits([other], undefined)!;
    expect(tasks.map(({ task, gain }) => [task, gain.mean])).toEqual([
      ["a", 10],
      ["b", 20],
      ["mean", 15],
    ]);
    expect(definitions[1]).toMatch(/^backward transfer of a task: .*\(return at the span's end/);
  });

  it("compare the learning of a visit with the first one, from random on", () => {
    const [second] = take(1, compareRevisits([other], undefined)!.visits);
    const means = { a: [170 / 3, 216 / 3], b: [60, 30] };
    const share = (means.a[1]! / means.a[0]! + (30 - 10) / (60 - 10)) / 2;
    expect(second.areaShare.mean).toBeCloseTo(share, 12);
    // Task a has 95 % of 100 after 200 steps; task b never has 10 + 95 % of 100, and its 1000 steps are counted.
    expect(second.recoverySteps.mean).toBe(600);
    expect(second.recovered).toEqual({ count: 1, of: 2 });
    expect(second.visit).toBe(2);
  });

  it("have an interval from five seeds on, and a table", () => {
    const runs = [1, 2, 3, 4, 5].map((seed) =>
      run(
        "ewc",
        [
          [80, NAN],
          [40, 170],
          [90, 110],
          [70 + seed, 190],
        ],
        [[1], [1], [1], [1]],
        seed,
      ),
    );
    const found = compareRevisits(runs, undefined)!;
    const [a] = take(1, found.tasks);
    expect(a.backwardTransfer.n).toBe(5);
    expect(a.backwardTransfer.low).toBeLessThan(a.backwardTransfer.mean);
    const [ofTasks, ofVisits] = revisitTables(found);
    expect(ofTasks.rows[0]!.slice(0, 2)).toEqual(["ewc", "a"]);
    expect(ofTasks.rows[0]![2]).toMatch(/^-28\.500\n\[-/);
    expect(ofVisits.head).toHaveLength(ofVisits.rows[0]!.length);
  });

  it("are not there where every task is visited once", () => {
    const { visits: _, ...once } = { ...single, means: [[100], [100, 210]] };
    expect(compareRevisits([once], undefined)).toBeUndefined();
  });
});

it("a run is scored from the last visit to each task on", () => {
  const scores = scoreRun(other, referenceOf([single]));
  // Task a: from 90 to 70 of 100; task b was learned last.
  expect(scores.forgetting).toBeCloseTo(0.2, 12);
  expect(scores.average).toBeCloseTo((0.7 + 180 / 200) / 2, 12);
});
