import { describe, expect, it } from "vitest";
import { curvesOf, shownAtFirst } from "../../../../scripts/viewer/page/plot-data.js";
import { body, episodeOf } from "./episode-data.js";

const episode = episodeOf([body("b", false)], [[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]], {
  reward: Float32Array.of(1, Number.NaN),
});

describe("curvesOf", () => {
  it("puts actions and rewards at the step they led to, and leaves gaps where nothing is finite", () => {
    expect(curvesOf(episode, "action")).toEqual([{ name: "force", unit: "N", values: [null, -0, -1] }]);
    expect(curvesOf(episode, "reward")[0]!.values).toEqual([null, 1, null]);
    expect(curvesOf(episode, "observation").map(({ values }) => values)).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
  });

  it("gives measures their names and units", () => {
    expect(curvesOf(episode, "measures")).toEqual([
      { name: "height", unit: "1", values: [0, 1, 2] },
      { name: "position error", unit: "mm", values: [0.5, 1.5, 2.5] },
    ]);
  });
});

describe("shownAtFirst", () => {
  it("shows curves of one unit, and errors first", () => {
    expect(shownAtFirst(curvesOf(episode, "observation"), "observation")).toEqual(["x", "y"]);
    expect(shownAtFirst(curvesOf(episode, "measures"), "measures")).toEqual(["position error"]);
    expect(shownAtFirst(curvesOf(episode, "reward"), "reward")).toEqual(["reward"]);
    expect(shownAtFirst([], "measures")).toEqual([]);
  });
});
