import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlayable } from "../../../scripts/report/playable.js";
import { reportData } from "../../../scripts/report/report.js";
import { readSource } from "../../../scripts/report/runs.js";
import { temporaryFolder } from "../../files.js";
import { writeEpisode } from "../viewer/episodes.js";
import { makeRun } from "./folders.js";

const root = temporaryFolder();
const one = join(root, "one");
const two = join(root, "two");
const other = join(root, "other");
const BEST = "01-evaluate-01-02.mcap";
const WORST = "01-train-03.mcap";
const LAST = "02-evaluate-02-02.mcap";

beforeAll(async () => {
  makeRun(one, { method: "hypercrl", seed: 1 });
  makeRun(two, { method: "hypercrl", seed: 2 });
  makeRun(other, { method: "single", seed: 1 });
  for (const run of [one, two, other]) {
    for (const file of [BEST, WORST, LAST]) await writeEpisode(join(run, "episodes", file));
  }
});
afterAll(() => rmSync(root, { recursive: true }));

const playable = (paths: readonly string[], most?: number) =>
  makePlayable(reportData(readSource(paths), join(root, "r.html")), "r-episodes.html", most);

describe("makePlayable", () => {
  it("links the recordings that are there, and those that are not best also beside the best", () => {
    const { data, embedded } = playable([one]);
    const links = data.runs[0]!.episodes.map(({ which, task, play, compare }) => [
      which,
      task,
      play,
      compare,
    ]);
    expect(links).toEqual([
      ["best", "a", `r-episodes.html#0/${BEST}&play`, null],
      ["worst", "a", `r-episodes.html#0/${WORST}&play`, `r-episodes.html#0/${BEST}&0/${WORST}&play`],
      // The last episode is the best of its task, too; the worst was not kept.
      ["best", "b", `r-episodes.html#0/${LAST}&play`, null],
      ["worst", "b", null, null],
      ["last", "b", `r-episodes.html#0/${LAST}&play`, null],
    ]);
    expect(data.episodesPage).toEqual({ file: "r-episodes.html", episodes: 3, leftOut: 0 });
    expect(embedded?.index.sources).toEqual(["hypercrl, seed 1"]);
    expect(embedded?.index.episodes.map(({ file }) => file)).toEqual([BEST, WORST, LAST]);
    expect(new Set(embedded?.episodes.map(({ file }) => file))).toEqual(new Set([BEST, WORST, LAST]));
  });

  it("holds of too many the first seed of every method first, the best before the worst", () => {
    const all = playable([one, two, other]);
    const size = JSON.stringify(all.embedded?.episodes[0]).length;
    const { data, embedded } = playable([one, two, other], 5.9 * size);
    expect(embedded?.index.sources).toEqual(["hypercrl, seed 1", "single, seed 1"]);
    expect(embedded?.index.episodes.map(({ source, file }) => [source, file])).toEqual([
      [0, BEST],
      [0, WORST],
      [0, LAST],
      [1, BEST],
      [1, LAST],
    ]);
    expect(data.episodesPage).toMatchObject({ episodes: 5, leftOut: 4 });
    expect(data.runs[1]!.episodes.every(({ play, link }) => play === null || link === null)).toBe(true);
    // The second run is not on the page, so that the third is its second.
    expect(data.runs[2]!.episodes[0]!.play).toBe(`r-episodes.html#1/${BEST}&play`);
  });

  it("holds one episode however large it is", () => {
    expect(playable([one], 1).data.episodesPage).toMatchObject({ episodes: 1, leftOut: 2 });
  });

  it("passes over what cannot be played, and makes no page of nothing", () => {
    for (const file of [BEST, WORST, LAST]) writeFileSync(join(two, "episodes", file), "damaged");
    const { data, embedded } = playable([two]);
    expect(embedded).toBeUndefined();
    expect(data.episodesPage).toBeNull();
    expect(data.runs[0]!.episodes[0]).toMatchObject({ play: null, link: `two/episodes/${BEST}` });
  });
});
