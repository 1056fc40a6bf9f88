import { describe, expect, it } from "vitest";
import {
  type BeliefsData,
  beliefIn,
  beliefText,
  pathPieces,
  percent,
  stackedAreas,
  taskPieces,
  trueStretches,
} from "../../../../scripts/viewer/page/beliefs.js";

/** Two steps, three tasks. */
const BELIEFS: BeliefsData = {
  tasks: ["a", "b", "c"],
  probabilities: Float32Array.of(0.25, 0.25, 0.5, 0.125, 0.75, 0.125),
};
const NOTHING: BeliefsData = { tasks: ["a"], probabilities: new Float32Array() };

describe("beliefIn", () => {
  it("is that of the step made from a state, and after the last step that of it", () => {
    expect([...beliefIn(BELIEFS, 0)!]).toEqual([0.25, 0.25, 0.5]);
    for (const state of [1, 2, 40]) expect([...beliefIn(BELIEFS, state)!]).toEqual([0.125, 0.75, 0.125]);
    expect(beliefIn(NOTHING, 0)).toBeUndefined();
  });
});

describe("trueStretches", () => {
  it("are the tasks that the steps are of, as shares of the scrubber's way", () => {
    const switches = [
      { steps: 10, task: "c", taskIndex: 2 },
      { steps: 15, task: "other", taskIndex: 5 },
    ];
    expect(trueStretches({ task: "b", switches }, BELIEFS.tasks, 20)).toEqual([
      { name: "b", task: 1, share: 0.5 },
      { name: "c", task: 2, share: 0.25 },
      { name: "other", task: -1, share: 0.25 },
    ]);
    // A damaged recording plays up to where it is cut off.
    expect(trueStretches({ task: "b", switches }, BELIEFS.tasks, 12)).toEqual([
      { name: "b", task: 1, share: 10 / 12 },
      { name: "c", task: 2, share: 2 / 12 },
    ]);
    expect(trueStretches({ task: "b" }, BELIEFS.tasks, 20)).toEqual([{ name: "b", task: 1, share: 1 }]);
  });
});

describe("stackedAreas", () => {
  it("lays one task upon the other, over all states", () => {
    expect(stackedAreas(BELIEFS)).toEqual([
      [0, 1, 2],
      [0.25, 0.125, 0.125],
      [0.5, 0.875, 0.875],
      [1, 1, 1],
    ]);
    expect(stackedAreas(NOTHING)).toEqual([[0], [0]]);
  });

  it("never goes above 1, whatever is in a file", () => {
    const [, ...edges] = stackedAreas({ tasks: ["a", "b"], probabilities: Float32Array.of(1, 1) });
    expect(edges).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
});

describe("percent and beliefText", () => {
  it.each([
    [0, "0 %"],
    [0.004, "< 1 %"],
    [0.006, "1 %"],
    [0.5, "50 %"],
    [0.994, "99 %"],
    [0.997, "> 99 %"],
    [1, "100 %"],
  ])("says %s as %s", (p, text) => {
    expect(percent(p)).toBe(text);
  });

  it("names the most probable first and leaves out what is below 1 %", () => {
    expect(beliefText(["a", "b", "c"], Float32Array.of(0.002, 0.25, 0.748))).toBe("c 75 %, b 25 %");
  });
});

describe("taskPieces", () => {
  const gap = [Number.NaN, Number.NaN, Number.NaN];
  // Two steps with up to two paths of up to three points; the first step's second path has two, the second step none.
  const plans = {
    ...{ steps: 2, lines: 2, points: 3, tasks: [2, 0, -1, -1] },
    paths: Float32Array.from([
      ...[0, 0, 1, 1, 0, 1, 2, 0, 1],
      ...[0, 0, 1, 0, 1, 1, ...gap],
      ...new Array<number[]>(6).fill(gap).flat(),
    ]),
  };

  it("are the pieces of each path with the task that it belongs to, until it ends", () => {
    expect(taskPieces(plans, 0)).toEqual([
      { task: 2, ends: [0, 0, 1, 1, 0, 1] },
      { task: 2, ends: [1, 0, 1, 2, 0, 1] },
      { task: 0, ends: [0, 0, 1, 0, 1, 1] },
    ]);
  });

  it("are none where one task is planned for alone, and beyond the last step", () => {
    for (const state of [-1, 1, 2]) expect(taskPieces(plans, state)).toEqual([]);
    expect(pathPieces(Float32Array.of(1, 2, 3))).toEqual([]);
  });
});
