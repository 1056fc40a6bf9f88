import { appendFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogTail } from "../../../scripts/viewer/log-tail.js";
import { temporaryFolder } from "../../files.js";

let folder: string;
let path: string;
let tail: LogTail;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, "log.jsonl");
  tail = new LogTail(path);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const added = (...lines: readonly string[]) => ({ restarted: false, lines });

describe("LogTail", () => {
  it("gives what was appended, once", () => {
    expect(tail.read()).toEqual(added());
    writeFileSync(path, "one\ntwo\n");
    expect(tail.read()).toEqual(added("one", "two"));
    expect(tail.read()).toEqual(added());
    appendFileSync(path, "three\n");
    expect(tail.read()).toEqual(added("three"));
  });

  it("waits for the rest of a half-written line, also within a character", () => {
    const line = Buffer.from("größe\n");
    writeFileSync(path, Buffer.concat([Buffer.from("one\n"), line.subarray(0, 3)]));
    expect(tail.read()).toEqual(added("one"));
    appendFileSync(path, line.subarray(3, 5));
    expect(tail.read()).toEqual(added());
    appendFileSync(path, line.subarray(5));
    expect(tail.read()).toEqual(added("größe"));
  });

  it("begins again with a log that was cut back", () => {
    writeFileSync(path, "one\ntwo\nthree\n");
    tail.read();
    truncateSync(path, 4);
    appendFileSync(path, "2\n");
    expect(tail.read()).toEqual({ restarted: true, lines: ["one", "2"] });
    expect(tail.read()).toEqual(added());
  });

  it("begins again with a longer log that took the place of one removed", () => {
    writeFileSync(path, "one\n");
    tail.read();
    rmSync(path);
    expect(tail.read()).toEqual(added());
    writeFileSync(path, "1\n2\n3\n");
    expect(tail.read()).toEqual({ restarted: true, lines: ["1", "2", "3"] });
  });
});
