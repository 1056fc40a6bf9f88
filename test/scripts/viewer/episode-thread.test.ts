import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { encodeEpisode } from "../../../scripts/viewer/encode.js";
import { EpisodeThread, type ThreadOptions } from "../../../scripts/viewer/episode-thread.js";
import { InputError } from "../../../sim/core/errors.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import { temporaryFolder } from "../../files.js";
import { writeEpisode } from "./episodes.js";

const folder = temporaryFolder();
const STAND_IN = fileURLToPath(new URL("worker.mjs", import.meta.url));
const REF = { source: 0, file: "a.mcap" };
const open: EpisodeThread[] = [];

afterEach(() => Promise.all(open.splice(0).map((thread) => thread.close())));
afterAll(() => rmSync(folder, { recursive: true }));

function start(options: ThreadOptions = {}): EpisodeThread {
  const thread = new EpisodeThread(options);
  open.push(thread);
  return thread;
}

const text = async (thread: EpisodeThread, path: string) =>
  Buffer.from(await thread.read(REF, path)).toString("utf8");

describe("the thread that reads episodes", () => {
  it("gives what the page gets, and the error by name of what is none", async () => {
    const path = await writeEpisode(join(folder, "a.mcap"));
    const thread = start();
    expect(await text(thread, path)).toBe(JSON.stringify(encodeEpisode(REF, readPlayable(path))));
    writeFileSync(join(folder, "none.mcap"), "hello");
    await expect(thread.read(REF, join(folder, "none.mcap"))).rejects.toThrow(/is not an MCAP file/);
    await expect(thread.read(REF, join(folder, "absent.mcap"))).rejects.toThrow(InputError);
  });

  it.each([
    ["memory", /the end of the thread that read it \(.*memory/],
    ["throw", /the end of the thread that read it \(no more\)/],
    ["loop", /got no end after 1\.5 s; expected a recording that is read in seconds/],
  ])("may die of a file (%s); the next is read by another", async (path, message) => {
    const thread = start({ file: STAND_IN, heapMb: 32, ...(path === "loop" && { patienceMs: 1500 }) });
    const reads = ["before", path, "after"].map((asked) => text(thread, asked));
    expect(await reads[0]).toBe("before");
    await expect(reads[1]).rejects.toThrow(message);
    await expect(reads[1]).rejects.toBeInstanceOf(InputError);
    expect(await reads[2]).toBe("after");
  });

  it("says what is a fault of its own", async () => {
    await expect(text(start({ file: STAND_IN }), "bug")).rejects.toThrow("at here");
  });

  it("gives up what it reads when it is closed", async () => {
    const thread = start({ file: STAND_IN });
    const read = text(thread, "loop");
    await Promise.all([expect(read).rejects.toThrow(/aborted/), thread.close()]);
  });
});
