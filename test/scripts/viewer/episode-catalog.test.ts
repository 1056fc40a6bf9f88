import { mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { InputError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";
import { episodeBytes, writeEpisode } from "./episodes.js";
import { beginRun } from "./run-lines.js";

const folder = temporaryFolder();
const one = join(folder, "one");
const two = join(folder, "two");

beforeAll(async () => {
  await writeEpisode(join(one, "episodes", "a.mcap"), { task: "first", afterTask: 0 });
  await writeEpisode(join(one, "episodes", "b.mcap"), { task: "second", afterTask: 1 });
  await writeEpisode(join(two, "episodes", "c.mcap"), { task: "second", afterTask: 1 });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("EpisodeCatalog", () => {
  it("lists two runs and opens counterparts", () => {
    const { sources, episodes, open } = new EpisodeCatalog([one, two]).index();
    expect(sources).toEqual(["one", "two"]);
    expect(episodes.map(({ source, file, task }) => [source, file, task])).toEqual([
      [0, "a.mcap", "first"],
      [0, "b.mcap", "second"],
      [1, "c.mcap", "second"],
    ]);
    expect(open).toEqual([
      { source: 0, file: "b.mcap" },
      { source: 1, file: "c.mcap" },
    ]);
  });

  it("brings an episode's neighbours along, and takes two of one run as one", () => {
    const paths = ["a", "b"].map((name) => join(one, "episodes", `${name}.mcap`));
    const { sources, episodes, open } = new EpisodeCatalog(paths).index();
    expect(sources).toEqual(["one"]);
    expect(episodes.length).toBe(2);
    expect(open.map(({ file }) => file)).toEqual(["a.mcap", "b.mcap"]);
  });

  it("shows an episode under another file name too", async () => {
    const path = await writeEpisode(join(folder, "alone", "recording.bin"));
    const catalog = new EpisodeCatalog([path]);
    expect(catalog.index().open).toEqual([{ source: 0, file: "recording.bin" }]);
    expect(catalog.episode({ source: 0, file: "recording.bin" })).toMatchObject({ steps: 35 });
  });

  it("sees episodes that are added, and those that change", async () => {
    const run = join(folder, "growing");
    await writeEpisode(join(run, "a.mcap"));
    const catalog = new EpisodeCatalog([run]);
    expect(catalog.index().episodes.length).toBe(1);
    await writeEpisode(join(run, "b.mcap"));
    const bytes = await episodeBytes();
    writeFileSync(join(run, "a.mcap"), bytes.subarray(0, 5000));
    expect(catalog.index().episodes.map(({ complete }) => complete)).toEqual([false, true]);
  });

  it("waits for the first episode of a run that has just begun, and survives the end of the folder", async () => {
    const run = join(folder, "begun");
    beginRun(run);
    const catalog = new EpisodeCatalog([run]);
    expect(catalog.index()).toEqual({ sources: ["begun"], episodes: [], open: [], runs: [0] });
    await writeEpisode(join(run, "episodes", "a.mcap"));
    expect(catalog.index().open).toEqual([{ source: 0, file: "a.mcap" }]);
    rmSync(run, { recursive: true });
    expect(catalog.index().episodes).toEqual([]);
  });

  it("watches runs given as a whole, not those of episodes named nor folders that are no runs", async () => {
    const run = join(folder, "watched");
    beginRun(run);
    const path = await writeEpisode(join(run, "episodes", "a.mcap"));
    expect(new EpisodeCatalog([run]).runs).toEqual([{ source: 0, folder: realpathSync(run) }]);
    expect(new EpisodeCatalog([path]).runs).toEqual([]);
    expect(new EpisodeCatalog([one]).runs).toEqual([]);
    expect(new EpisodeCatalog([path, run]).index().runs).toEqual([0]);
  });

  it("refuses what is neither run nor episode", () => {
    mkdirSync(join(folder, "empty"));
    writeFileSync(join(folder, "text.mcap"), "hello");
    for (const [name, message] of [
      ["absent", /is missing; got no file or folder there; expected an episode \(\.mcap\) or a run folder/],
      ["empty", /holds no episodes/],
      ["text.mcap", /damaged; got no episode record/],
    ] as const) {
      expect(() => new EpisodeCatalog([join(folder, name)])).toThrow(InputError);
      expect(() => new EpisodeCatalog([join(folder, name)])).toThrow(message);
    }
  });
});
