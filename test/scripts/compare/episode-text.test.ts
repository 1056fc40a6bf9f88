import { expect, it } from "vitest";
import { actionsText, learningText } from "../../../scripts/compare/episode-text.js";
import { episodeRecord } from "../../agent/run/make-records.js";

it("tells how a learning episode's actions were chosen, and that it was cut short", () => {
  expect(actionsText(episodeRecord({ phase: "random" }))).toBe("random actions");
  expect(actionsText(episodeRecord({ phase: "random", randomSteps: 7 }))).toBe(
    "random, then planned actions",
  );
  expect(learningText(episodeRecord())).toBe("training");
  expect(learningText(episodeRecord({ cut: true }))).toBe("training, cut short");
  expect(learningText(episodeRecord({ terminated: true }))).toBe("training, ended by itself");
  expect(learningText(episodeRecord({ terminated: false, cut: true }))).toBe("training, cut short");
});
