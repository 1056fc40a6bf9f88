import { expect, it } from "vitest";
import { episodeLengths } from "../../../scripts/runs/episode-lengths.js";

it("counts from the episode before, and anew with each task", () => {
  const ended = (taskIndex: number, ...steps: number[]) => steps.map((s) => ({ taskIndex, steps: s }));
  expect(episodeLengths([...ended(0, 120, 240, 250), ...ended(1, 120, 230)])).toEqual([
    120, 120, 10, 120, 110,
  ]);
  expect(episodeLengths([])).toEqual([]);
});
