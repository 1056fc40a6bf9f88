import { describe, expect, it } from "vitest";
import { compareDiscovery } from "../../../scripts/compare/discovery-comparison.js";
import { discoveryTable } from "../../../scripts/compare/discovery-comparison-text.js";
import type { RunResult } from "../../../scripts/compare/run-result.js";
import type { DiscoveryFigures } from "../../../scripts/runs/discovery-figures.js";
import { take } from "../../take.js";
import { madeCurve } from "./made-reference.js";

const MISSED = Number.NaN;

/** A run of tasks a, b, a, b with three changes, found after so many steps each. */
function run(label: string, seed: number, delays: number[], change: Partial<DiscoveryFigures> = {}) {
  const found = delays.filter(Number.isFinite);
  const discovery: DiscoveryFigures = {
    ...{ changes: delays.length, detected: found.length, identified: found.length, delays: found },
    delayByVisit: delays.map((delay, i) => ({ visit: i + 1, delay })),
    ...{ falseAlarms: 0, falseAlarmRate: 0, tasks: 2, tasksFound: 2, accuracy: 1, ...change },
  };
  return { ...told(label, seed), discovery };
}

function told(label: string, seed: number): RunResult {
  // The first visits end at 100 and 110; 95 % of that is reached after 200 steps in the third visit, and never in the fourth.
  const curves = [[100], [110], [80, 96], [20, 30]].map((running) => madeCurve(0, running));
  return {
    ...{ label, method: label, seed, tasks: ["a", "b"], random: [0, 10], untouched: 0, episodes: 4 },
    ...{ visits: [0, 1, 0, 1], means: [[1], [1, 1], [1, 1], [1, 1]], visitCurves: curves },
    ...{
      learning: curves.slice(0, 2),
      success: [1, 1],
      counts: {},
      learningSuccess: [1, 1],
      usage: undefined,
    },
  };
}

/** One run found all changes, one missed the second and took a task for a new one, once more than 100 steps in 10,000. */
const RUNS = [
  told("single", 1),
  run("hypercrl", 1, [40, 10, 70]),
  run("hypercrl", 2, [20, MISSED, 30], { tasksFound: 3, falseAlarms: 2, falseAlarmRate: 5 }),
];

describe("what runs discover, over seeds", () => {
  it("is of the runs that were not told their tasks alone", () => {
    const { lines } = compareDiscovery(RUNS)!;
    expect(lines.map(({ label, runs }) => [label, runs])).toEqual([["hypercrl", 2]]);
    expect(compareDiscovery([told("single", 1)])).toBeUndefined();
  });

  it("are tasks found, changes detected, delays, false alarms and steps to recover", () => {
    const [line] = take(1, compareDiscovery(RUNS)!.lines);
    expect([line.tasks, line.tasksFound.mean, line.tasksFoundRight.mean]).toEqual([2, 2.5, 0.5]);
    expect(line.changesDetected.mean).toBeCloseTo((1 + 2 / 3) / 2, 12);
    expect(line.detected).toEqual({ count: 5, of: 6 });
    // The medians are 40 of 10, 40 and 70, and 30, the upper one of 20 and 30.
    expect(line.detectionDelay.mean).toBe(35);
    expect([line.falseAlarmRate.mean, line.falseAlarmRate.highest]).toEqual([2.5, 5]);
    // Task a has 95 % again after 200 steps, task b never: its 1000 steps are counted.
    expect(line.stepsToRecover.mean).toBe(600);
    expect(line.falseAlarmRate.low).toBeNaN();
  });

  it("has the delay of each change, over the runs that detected it", () => {
    const { changes } = compareDiscovery(RUNS)!;
    expect(
      changes.map(({ visit, delay, values, detected }) => [visit, delay.mean, values, detected]),
    ).toEqual([
      [1, 30, [40, 20], { count: 2, of: 2 }],
      [2, 10, [10], { count: 1, of: 2 }],
      [3, 50, [70, 30], { count: 2, of: 2 }],
    ]);
  });

  it("has an interval from five seeds on", () => {
    const runs = [40, 42, 44, 46, 48].map((delay, i) => run("hypercrl", i, [delay, delay, delay]));
    const [{ detectionDelay }] = take(1, compareDiscovery(runs)!.lines);
    expect(detectionDelay.mean).toBe(44);
    expect(detectionDelay.low).toBeGreaterThan(40);
    expect(detectionDelay.low).toBeLessThan(44);
    expect(detectionDelay.high).toBeGreaterThan(44);
    expect(detectionDelay.high).toBeLessThan(48);
  });

  it("is a table without the columns that no run has", () => {
    const { head, rows } = discoveryTable(compareDiscovery(RUNS)!.lines);
    expect(head.map((title) => title.replaceAll("\n", " "))).toEqual([
      ...["method", "tasks found", "right number", "changes detected", "detection delay, steps"],
      ...["false alarms in 10,000 steps", "steps to recover", "n"],
    ]);
    expect(rows).toEqual([
      [
        ...["hypercrl", "2.5 of 2\n(2.0 … 3.0)", "0.50\n(0.00 … 1.00)", "0.83 (5 of 6)\n(0.67 … 1.00)"],
        ...["35\n(30 … 40)", "2.5\n(0.0 … 5.0)", "600\n(600 … 600)", "2"],
      ],
    ]);
    const missed = { ...run("ewc", 1, [MISSED]), visits: [0, 1], tasks: ["a", "b"] };
    const without = discoveryTable(compareDiscovery([missed])!.lines);
    expect(without.head).not.toContain("steps to\nrecover");
    expect(without.head).not.toContain("detection\ndelay, steps");
  });
});
