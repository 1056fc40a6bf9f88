import { readFileSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { embeddedData, exportedPage } from "../../../scripts/viewer/export.js";
import { InputError } from "../../../sim/core/errors.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import { temporaryFolder } from "../../files.js";
import { writeEpisode } from "./episodes.js";

const run = temporaryFolder();

beforeAll(async () => {
  for (const [file, task, phase, afterTask] of [
    ["a", "x", "evaluate", 0],
    ["b", "x", "evaluate", 0],
    ["c", "x", "evaluate", 1],
    ["d", "</script><script>alert(1)</script>", "evaluate", 1],
    ["e", "x", "random", 1],
  ] as const) {
    await writeEpisode(join(run, `${file}.mcap`), { task, phase, afterTask });
  }
});

/** Cuts a recording off just before nothing of it could be played. */
function cutBeforeStart(path: string): void {
  const whole = readFileSync(path);
  for (let bytes = whole.length; bytes > 0; bytes -= 20) {
    writeFileSync(path, whole.subarray(0, bytes));
    try {
      readPlayable(path);
    } catch {
      return;
    }
  }
}

afterAll(() => rmSync(run, { recursive: true }));

describe("embeddedData", () => {
  it("takes of a run the first episode of each task, phase and moment", () => {
    const { index, episodes } = embeddedData(new EpisodeCatalog([run]));
    expect(episodes.map(({ file }) => file)).toEqual(["a.mcap", "c.mcap", "d.mcap", "e.mcap"]);
    expect(index.episodes.map(({ file }) => file)).toEqual(episodes.map(({ file }) => file));
    expect(episodes.some(({ file }) => file === index.open[0]!.file)).toBe(true);
  });

  it("takes only the episodes that were named", () => {
    const { episodes } = embeddedData(new EpisodeCatalog([join(run, "b.mcap")]));
    expect(episodes.map(({ file }) => file)).toEqual(["b.mcap"]);
  });

  it("takes of a run beside a named episode nothing of that episode's neighbours", async () => {
    const other = join(run, "other");
    await writeEpisode(join(other, "f.mcap"), { task: "x", phase: "evaluate", afterTask: 0 });
    const { index, episodes } = embeddedData(new EpisodeCatalog([join(run, "b.mcap"), other]));
    expect(episodes.map(({ file }) => file)).toEqual(["b.mcap", "f.mcap"]);
    expect(index.open.map(({ file }) => file)).toEqual(["b.mcap", "f.mcap"]);
  });

  it("refuses more than one page can hold", () => {
    expect(() => embeddedData(new EpisodeCatalog([run]), 10_000)).toThrow(InputError);
    expect(() => embeddedData(new EpisodeCatalog([run]), 10_000)).toThrow(
      /too much for one page; got at least 0\.\d MB; expected at most 0\.0 MB/,
    );
  });

  it("leaves out what cannot be played of a run, but not what was named", async () => {
    const cut = join(run, "cut");
    await writeEpisode(join(cut, "a.mcap"), { task: "x" });
    await writeEpisode(join(cut, "b.mcap"), { task: "y" });
    // Up to the metadata at the beginning: it is listed, and nothing of it can be played.
    cutBeforeStart(join(cut, "a.mcap"));
    expect(new EpisodeCatalog([cut]).index().episodes.map(({ problem }) => problem)).toEqual([
      undefined,
      undefined,
    ]);
    const { index, episodes } = embeddedData(new EpisodeCatalog([cut]));
    expect(episodes.map(({ file }) => file)).toEqual(["b.mcap"]);
    expect(index.open.map(({ file }) => file)).toEqual(["b.mcap"]);
    expect(() => embeddedData(new EpisodeCatalog([join(cut, "a.mcap")]))).toThrow(InputError);
    rmSync(join(cut, "b.mcap"));
    expect(() => embeddedData(new EpisodeCatalog([cut]))).toThrow(
      /No episode can be played; got 1 recordings/,
    );
  });
});

describe("exportedPage", () => {
  it("holds everything and no markup of the data", () => {
    const page = exportedPage(embeddedData(new EpisodeCatalog([run])), "hypercrl 1 test");
    expect(page).not.toMatch(/<link rel="stylesheet"|<script[^>]* src=|<!--(policy|end)-->/);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toContain("<script>alert(1)");
    expect(page).toContain('<meta name="generator" content="hypercrl 1 test">');
    expect(page).toMatch(
      /http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/,
    );
    const json = /id="embedded">([^<]*)</.exec(page)?.[1] ?? "";
    expect(JSON.parse(json).episodes.length).toBe(4);
  });
});
