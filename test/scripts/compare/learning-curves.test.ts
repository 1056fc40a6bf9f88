import { describe, expect, it } from "vitest";
import { endOf, learningCurve, stepsTo } from "../../../scripts/compare/learning-curves.js";
import { episodeRecord } from "../../agent/run/make-records.js";
import { madeCurve } from "./made-reference.js";

describe("the curve of a task's learning", () => {
  // Exploring for 250 steps in episodes of 100; the third of them goes on with planning.
  const episodes = [
    episodeRecord({ taskIndex: 0, steps: 100, return: 1000 }),
    episodeRecord({ taskIndex: 1, phase: "random", steps: 100, return: 1 }),
    episodeRecord({ taskIndex: 1, phase: "random", steps: 200, return: 3 }),
    episodeRecord({ taskIndex: 1, phase: "random", steps: 300, randomSteps: 50, return: 7 }),
    ...[10, 20, 60, 40].map((sum, i) => episodeRecord({ taskIndex: 1, steps: 400 + 100 * i, return: sum })),
    episodeRecord({ taskIndex: 1, steps: 750, cut: true, return: 0 }),
  ];

  it("has the whole episodes of that task, those that only explored apart", () => {
    expect(learningCurve(episodes, 1, 250, 500)).toEqual({
      ...{ explored: 2, mean: 32.5, total: 500 },
      ...{ running: [30, 40], steps: [350, 450] },
    });
  });

  it("has no numbers where there are too few episodes", () => {
    const short = learningCurve(episodes, 0, 0, 100);
    expect(short).toEqual({ explored: Number.NaN, mean: 1000, running: [], steps: [], total: 100 });
    expect(endOf(short)).toBeNaN();
    expect(stepsTo(short, 5)).toBeNaN();
  });

  it("tells the first step at which a level is reached", () => {
    const curve = madeCurve(0, [10, 30, 20, 40]);
    expect([10, 11, 30, 40, 41].map((level) => stepsTo(curve, level))).toEqual([
      100,
      200,
      200,
      400,
      Number.POSITIVE_INFINITY,
    ]);
    expect(stepsTo(curve, Number.NaN)).toBeNaN();
    expect(endOf(curve)).toBe(40);
  });
});
