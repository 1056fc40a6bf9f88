import { expect, it } from "vitest";
import { episodeLengths, fullEpisodes } from "../../../scripts/runs/episode-lengths.js";

const ended = (taskIndex: number, ...steps: number[]) => steps.map((s) => ({ taskIndex, steps: s }));

it("counts from the episode before, and anew with each task", () => {
  expect(episodeLengths([...ended(0, 120, 240, 250), ...ended(1, 120, 230)])).toEqual([
    120, 120, 10, 120, 110,
  ]);
  expect(episodeLengths([])).toEqual([]);
});

it("leaves out what the end of a task cut short, also where tasks have episodes of other lengths", () => {
  const [first, second] = [ended(0, 120, 240, 250), ended(1, 50, 100, 149)];
  expect(fullEpisodes([...first, ...second])).toEqual([...first.slice(0, 2), ...second.slice(0, 2)]);
  expect(fullEpisodes(ended(0, 30))).toEqual(ended(0, 30));
  // One that ended by itself is whole, however short.
  const fallen = first.map((episode) => ({ ...episode, terminated: episode.steps === 250 }));
  expect(fullEpisodes(fallen)).toEqual(fallen);
  expect(fullEpisodes([])).toEqual([]);
});
