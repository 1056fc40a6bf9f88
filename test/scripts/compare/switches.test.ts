import { describe, expect, it } from "vitest";
import type { SwitchRecognition } from "../../../agent/evaluation/recognition.js";
import { switchReport } from "../../../scripts/compare/switches.js";
import type { RecognizedEpisode } from "../../../scripts/evaluate/evaluate-unannounced.js";

function change(to: string, own: Partial<SwitchRecognition>): SwitchRecognition {
  return {
    ...{ after: 10, from: "c", to, heldBefore: false, steps: 150, rightSteps: 30, falseAlarms: 0 },
    ...{ informativeStep: null, detectionSteps: null },
    ...{ stepsSince: [5, 5, 10, 30, 50, 50], rightSince: [0, 1, 5, 24, 0, 0] },
    ...own,
  };
}

function episode(
  returned: number,
  toldReturn: number,
  falseAlarms: number,
  switches: readonly SwitchRecognition[],
): RecognizedEpisode {
  const recognition = { steps: 500, rightSteps: 100, stepsUntilRight: null, afterSwitch: false, falseAlarms };
  return {
    ...{ return: returned, success: false, measures: {}, toldReturn },
    recognition: { ...recognition, informativeStep: null, detectionSteps: null, switches },
  };
}

describe("switchReport", () => {
  const report = switchReport([
    {
      task: "a",
      episodes: [
        episode(80, 100, 3, [
          change("b", { informativeStep: 11, detectionSteps: 20, heldBefore: true }),
          change("a", { informativeStep: 1, detectionSteps: 100, falseAlarms: 1 }),
        ]),
      ],
    },
    {
      task: "b",
      episodes: [
        episode(70, 200, 0, [
          // Found too late, and not found where there were 100 steps for it: both are missed, and were not cut short.
          change("a", { informativeStep: 1, detectionSteps: 101 }),
          change("a", { informativeStep: 51 }),
          // One step fewer was left.
          change("a", { informativeStep: 52 }),
          // Nothing told the tasks apart.
          change("b", {}),
        ]),
      ],
    },
  ]);

  it("counts changes by the task that was changed to, and all", () => {
    expect(report.byTask[0]).toEqual({
      ...{ task: "a", changes: 4, informative: 4, detected: 1, heldBefore: 0, cutShort: 1 },
      ...{ detectionSteps: 100, delay: 100, falseAlarms: 1, falseAlarmRate: 10_000 / 600 },
    });
    expect(report.byTask[1]).toMatchObject({ task: "b", changes: 2, informative: 1, detected: 1, delay: 30 });
    // False alarms of all steps, also before the first change.
    expect(report.all).toEqual({
      ...{ changes: 6, informative: 5, detected: 2, heldBefore: 1, cutShort: 1 },
      ...{ detectionSteps: 100, delay: 100, falseAlarms: 3, falseAlarmRate: 30 },
    });
  });

  it("has the share of right steps by the steps since a change, and of all", () => {
    expect(report.accuracy.map(({ from, to, share }) => [from, to, share])).toEqual([
      [1, 5, 0],
      [6, 10, 0.2],
      [11, 20, 0.5],
      [21, 50, 0.8],
      [51, 100, 0],
      [101, null, 0],
    ]);
    expect(report.accuracy[1]).toMatchObject({ steps: 30, rightSteps: 6 });
    expect(report.rightShare).toBe(0.2);
  });

  it("divides what was returned by what the same episodes returned when every task was told", () => {
    expect(report).toMatchObject({ mean: 75, toldReturn: 150, toldRatio: 0.5 });
  });

  it("has no median and no share where there was nothing to measure", () => {
    const { all, accuracy } = switchReport([
      { task: "a", episodes: [episode(1, 2, 0, [change("b", { stepsSince: [3, 0, 0, 0, 0, 0] })])] },
    ]);
    expect(all).toMatchObject({ informative: 0, detected: 0, detectionSteps: null, delay: null });
    expect(accuracy[1]!.share).toBeNull();
  });
});
