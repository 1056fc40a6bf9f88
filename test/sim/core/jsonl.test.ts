import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import { JsonlLog, readJsonl } from "../../../sim/core/jsonl.js";
import { temporaryFolder } from "../../files.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, "run", "metrics.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

function logOf(...records: object[]): JsonlLog {
  const log = new JsonlLog(path);
  for (const record of records) log.append(record);
  return log;
}

describe("JsonlLog", () => {
  it("has each line in the file as soon as append returns", () => {
    const log = logOf({ a: 1 });
    expect(readFileSync(path, "utf8")).toBe('{"a":1}\n');
    log.append({ text: "zwei\nZeilen ü" });
    log.flush();
    expect(log.bytes).toBe(readFileSync(path).length);
    log.close();
    expect(readJsonl(path)).toEqual({ records: [{ a: 1 }, { text: "zwei\nZeilen ü" }], ignoredBytes: 0 });
  });

  it("resumes at a checkpoint: later lines go, the file is as if never interrupted", () => {
    const log = logOf({ step: 1 }, { step: 2 });
    const at = log.bytes;
    log.append({ step: 3, lost: true });
    log.close();
    appendFileSync(path, '{"st');
    const resumed = new JsonlLog(path, { resumeAt: at });
    expect(resumed.bytes).toBe(at);
    resumed.append({ step: 3 });
    resumed.close();
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n{"step":3}\n');
  });

  it("tells lines that were changed before the place where it goes on, and leaves them", () => {
    const log = logOf({ step: 1 }, { step: 2 });
    const { bytes: resumeAt, sha256 } = log;
    log.append({ step: 3 });
    expect(log.sha256).not.toBe(sha256);
    log.close();
    const changed = readFileSync(path, "utf8").replace("2", "4");
    writeFileSync(path, changed);
    expect(() => new JsonlLog(path, { resumeAt, sha256 })).toThrow(/got other lines before byte 22: hash/);
    expect(readFileSync(path, "utf8")).toBe(changed);
    writeFileSync(path, changed.replace("4", "2"));
    const resumed = new JsonlLog(path, { resumeAt, sha256 });
    resumed.append({ step: 3 });
    expect(resumed.sha256).toBe(createHash("sha256").update(readFileSync(path)).digest("hex"));
    resumed.close();
  });

  it("empties the file when resumed at 0, and refuses to without being told", () => {
    logOf({ a: 1 }).close();
    expect(() => new JsonlLog(path)).toThrow(/exists already; got 8 bytes/);
    expect(readFileSync(path, "utf8")).toBe('{"a":1}\n');
    new JsonlLog(path, { resumeAt: 0 }).close();
    expect(readFileSync(path, "utf8")).toBe("");
  });

  it.each([9, 7, 3, -1, 1.5])(
    "refuses to resume at %d of an 8-byte line, and leaves the file",
    (resumeAt) => {
      logOf({ a: 1 }).close();
      expect(() => new JsonlLog(path, { resumeAt })).toThrow(InputError);
      expect(readFileSync(path, "utf8")).toBe('{"a":1}\n');
    },
  );

  it("says what is missing where it is to resume: bytes, or the line end of a log that was changed since", () => {
    logOf({ a: 1 }).close();
    expect(() => new JsonlLog(path, { resumeAt: 9 })).toThrow(/got 8 bytes; expected at least 9 bytes\./);
    expect(() => new JsonlLog(path, { resumeAt: 7 })).toThrow(
      /got no line end at byte 7; expected one there: the log was changed since\./,
    );
  });

  it("does not begin a log anew that is to be resumed and is missing", () => {
    expect(() => new JsonlLog(path, { resumeAt: 8 })).toThrow(
      /got no such file; expected at least 8 bytes\. Restore/,
    );
    expect(existsSync(path)).toBe(false);
  });

  it("says when the folder cannot be made and when it is used after close", () => {
    writeFileSync(join(folder, "run"), "");
    expect(() => new JsonlLog(path)).toThrow(InputError);
    rmSync(join(folder, "run"));
    const log = logOf();
    log.close();
    log.close();
    expect(() => log.append({})).toThrow(/after close/);
  });
});

describe("readJsonl", () => {
  it.each([
    ['{"a":1}\n{"a":', 5],
    ['{"a":1}\n{"a":2}', 7],
    ['{"a":1}\n', 0],
  ])("reads %j", (text, ignored) => {
    logOf().close();
    writeFileSync(path, text);
    expect(readJsonl(path)).toEqual({ records: [{ a: 1 }], ignoredBytes: ignored });
  });

  it.each(['{"a":1}\n{"a":\n{"a":3}\n', '{"a":1}\n\n{"a":3}\n'])("names the damaged line of %j", (text) => {
    logOf().close();
    writeFileSync(path, text);
    expect(() => readJsonl(path)).toThrow(InputError);
    expect(() => readJsonl(path)).toThrow(/damaged in line 2/);
  });

  it("refuses bytes that are not text, and an absent file", () => {
    logOf().close();
    writeFileSync(path, Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    expect(() => readJsonl(path)).toThrow(/damaged in line 1.*Restore the log from a copy, or do without it/);
    expect(() => readJsonl(join(folder, "absent"))).toThrow(/absent is missing/);
  });
});
