import { appendFileSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveFeed } from "../../../scripts/viewer/live-feed.js";
import type { RunUpdate } from "../../../scripts/viewer/payload.js";
import { temporaryFolder } from "../../files.js";
import { BASELINE, beginRun, LEARNING } from "./run-lines.js";

let run: string;
let log: string;
let feed: LiveFeed;

beforeEach(() => {
  vi.useFakeTimers();
  run = temporaryFolder();
  log = join(run, "metrics.jsonl");
  beginRun(run);
  writeFileSync(log, BASELINE);
  feed = new LiveFeed([{ source: 0, folder: run }]);
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(run, { recursive: true });
});

/** Number of episodes in each event, and whether they replace those before. */
function listen() {
  const heard: string[] = [];
  const texts: string[] = [];
  const end = feed.listen((text) => {
    texts.push(text);
    const [, json] = /^data: (.*)\n\n$/.exec(text) ?? [];
    if (json === undefined) return;
    const { fresh, episodes } = JSON.parse(json) as RunUpdate;
    heard.push(`${fresh ? "all" : "new"} ${episodes.length}`);
  });
  return { heard, texts, end };
}

describe("LiveFeed", () => {
  it("sends all there is, then what is new, to everybody who listens", () => {
    const one = listen();
    expect(one.heard).toEqual(["all 1"]);
    appendFileSync(log, LEARNING);
    vi.advanceTimersByTime(1000);
    const two = listen();
    appendFileSync(log, LEARNING + LEARNING);
    vi.advanceTimersByTime(2000);
    expect(one.heard).toEqual(["all 1", "new 1", "new 2"]);
    expect(two.heard).toEqual(["all 2", "new 2"]);
    one.end();
    two.end();
  });

  it("looks at nothing while nobody listens, and misses nothing of it", () => {
    expect(vi.getTimerCount()).toBe(0);
    listen().end();
    expect(vi.getTimerCount()).toBe(0);
    // Another run took the folder meanwhile, with a log of the same length.
    writeFileSync(log, LEARNING);
    const { heard, end } = listen();
    expect(heard).toEqual(["all 1"]);
    expect(vi.getTimerCount()).toBe(1);
    end();
  });

  it("gives a sign of life from time to time", () => {
    const { texts, end } = listen();
    vi.advanceTimersByTime(30_000);
    expect(texts.filter((text) => text.startsWith(":"))).toEqual([": still here\n\n", ": still here\n\n"]);
    end();
  });
});
