import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Catalog } from "../../../scripts/viewer/catalog.js";
import { embeddedData, exportedPage } from "../../../scripts/viewer/export.js";
import { writeEpisode } from "./episodes.js";

const run = mkdtempSync(join(tmpdir(), "hypercrl-export-"));

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

afterAll(() => rmSync(run, { recursive: true }));

describe("embeddedData", () => {
  it("takes of a run the first episode of each task, phase and moment", () => {
    const { index, episodes } = embeddedData(new Catalog([run]), true);
    expect(episodes.map(({ file }) => file)).toEqual(["a.mcap", "c.mcap", "d.mcap", "e.mcap"]);
    expect(index.episodes.map(({ file }) => file)).toEqual(episodes.map(({ file }) => file));
    expect(episodes.some(({ file }) => file === index.open[0].file)).toBe(true);
  });

  it("takes only the episodes that were named", () => {
    const { episodes } = embeddedData(new Catalog([join(run, "b.mcap")]), false);
    expect(episodes.map(({ file }) => file)).toEqual(["b.mcap"]);
  });
});

describe("exportedPage", () => {
  it("holds everything and no markup of the data", () => {
    const page = exportedPage(embeddedData(new Catalog([run]), true), "hypercrl 1 test");
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
