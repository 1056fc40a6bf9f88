import { describe, expect, it } from "vitest";
import {
  axisTexts,
  measureTexts,
  moment,
  readout,
  shortNumber,
} from "../../../../scripts/viewer/page/text.js";
import { body, episodeOf } from "./episode-data.js";

describe("texts", () => {
  it.each([
    [0, "0.000"],
    [-0.1234567, "-0.123"],
    [12.34, "12.3"],
    [1234.5, "1235"],
    [1e-7, "1.0e-7"],
    [-7.3e-17, "0.000"],
    [-2.5e9, "-2.5e+9"],
    [Number.NaN, "–"],
    [undefined, "–"],
  ])("shortens %s to %s", (value, text) => {
    expect(shortNumber(value)).toBe(text);
  });

  it("names the ticks of an axis, the one at 0 too", () => {
    expect(axisTexts([-0.1, 2.7755575615628914e-17, 0.1, 0.30000000000000004])).toEqual([
      "-0.1",
      "0",
      "0.1",
      "0.3",
    ]);
    expect(axisTexts([0, 1e-7, 2e-7])).toEqual(["0", "1e-7", "2e-7"]);
    expect(axisTexts([25_000])).toEqual(["25000"]);
  });

  it("says when an episode was recorded", () => {
    expect(moment({ phase: "evaluate", afterTask: 1 })).toBe("evaluation after task 2");
    expect(moment({ phase: "train", afterTask: 0 })).toBe("learning in task 1");
    expect(moment({ phase: "random", randomSteps: 3, afterTask: 0 })).toBe("random, then learning in task 1");
    expect(moment({ phase: "random", afterTask: -1 })).toBe("random before task 1");
  });

  it("reads out a moment, of a shorter episode its end", () => {
    const episode = episodeOf([body("b", false)], [[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]]);
    expect(readout(episode, 0)).toEqual(["step 0 of 2", "0.00 s", "reward –", "return 0.000"]);
    expect(readout(episode, 9)).toEqual(["step 2 of 2", "0.10 s", "reward 2.00", "return 3.00"]);
    const ended = { ...episode, totals: { ...episode.totals, terminated: true } as const };
    expect(readout(ended, 1)).toHaveLength(4);
    expect(readout(ended, 2).at(-1)).toBe("ended by itself");
    expect(measureTexts(episode, 1, 1)).toEqual(["position error 1.50 mm"]);
    expect(measureTexts(episode, 1, 9)).toEqual(["position error 1.50 mm", "height 1.00"]);
  });
});
