import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { InputError, RunError } from "../../../sim/core/errors.js";
import { diskError, isTemporaryOf, temporaryName, writeFileSafely } from "../../../sim/core/files.js";
import { JsonlLog, readJsonl } from "../../../sim/core/jsonl.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
const disk = join(folder, "disk");

/** A disk of 64 KiB; false where this user cannot mount one (not root, or not Linux). */
function mountSmallDisk(): boolean {
  try {
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const mounted = mountSmallDisk();
afterAll(() => {
  if (mounted) execFileSync("umount", [disk]);
  rmSync(folder, { recursive: true });
});

describe("writeFileSafely", () => {
  it("writes text and bytes, also a view into a larger buffer, and makes folders", () => {
    const path = join(folder, "new", "deep", "a.bin");
    writeFileSafely(path, Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
    expect([...readFileSync(path)]).toEqual([1, 2]);
    writeFileSafely(path, "grün");
    expect(readFileSync(path, "utf8")).toBe("grün");
    expect(readdirSync(join(folder, "new", "deep"))).toEqual(["a.bin"]);
  });

  it("says which path cannot be written", () => {
    writeFileSync(join(folder, "plain"), "");
    expect(() => writeFileSafely(join(folder, "plain", "a"), "x")).toThrow(InputError);
    expect(() => writeFileSafely(join(folder, "plain", "a"), "x")).toThrow(
      /Cannot write .*plain.a; got a file in the place of a folder/,
    );
  });
});

describe("a file that stands where the temporary one goes", () => {
  it("is replaced when it is a link, and what the link leads to stays as it is", () => {
    const victim = join(folder, "victim");
    writeFileSync(victim, "mine");
    symlinkSync(victim, temporaryName(join(folder, "linked")));
    writeFileSafely(join(folder, "linked"), "new");
    expect([readFileSync(victim, "utf8"), readFileSync(join(folder, "linked"), "utf8")]).toEqual([
      "mine",
      "new",
    ]);
  });

  it("is known by the name of the file, a process and, from later versions on, its machine", () => {
    const isNote = (name: string) => name === "note.json";
    expect(isTemporaryOf(temporaryName("note.json"), isNote)).toBe(true);
    const names = [
      "note.json.12.tmp",
      "note.json.tmp",
      "note.json.012.tmp",
      "other.json.12.tmp",
      "note.json.1x.tmp",
      "note.json.12-0a1b2c3d.tmp",
      "note.json.12-0a1b2c.tmp",
    ];
    expect(names.filter((name) => isTemporaryOf(name, isNote))).toEqual([
      "note.json.12.tmp",
      "note.json.012.tmp",
      "note.json.12-0a1b2c3d.tmp",
    ]);
  });
});

describe("diskError", () => {
  it("tells a full disk from other errors and keeps the cause", () => {
    for (const code of ["ENOSPC", "EDQUOT"]) {
      const cause = Object.assign(new Error("write"), { code });
      const error = diskError("/run/a", cause);
      expect(error).toBeInstanceOf(RunError);
      expect(error.message).toMatch(/Cannot write \/run\/a; got no space left on the disk .*Free some space/);
      expect(error.cause).toBe(cause);
    }
    const long = diskError("/run/a", Object.assign(new Error(), { code: "ENAMETOOLONG" }));
    expect(long.message).toMatch(/got a name that is too long \(ENAMETOOLONG\).*Choose a shorter path/);
    const denied = diskError("/run/a", Object.assign(new Error(), { code: "EACCES" }));
    expect(denied.message).toMatch(/got no permission to write there \(EACCES\); expected a writable folder/);
    for (const error of [long, denied]) expect(error).toBeInstanceOf(InputError);
    const failing = diskError("/run/a", Object.assign(new Error(), { code: "EIO" }));
    expect(failing).toBeInstanceOf(RunError);
    expect(failing.message).toMatch(/got a failure of the disk \(EIO\).*Check the disk/);
    const own = new InputError({ what: "x" });
    expect(diskError("/run/a", own)).toBe(own);
  });
});

describe.skipIf(!mounted)("on a full disk (needs the right to mount a tmpfs)", () => {
  afterEach(() => {
    for (const name of readdirSync(disk)) rmSync(join(disk, name));
  });

  it("writeFileSafely throws and leaves the old file, and nothing else", () => {
    const path = join(disk, "checkpoint.bin");
    writeFileSafely(path, "the checkpoint before");
    expect(() => writeFileSafely(path, new Uint8Array(1_000_000))).toThrow(/no space left on the disk/);
    expect(readFileSync(path, "utf8")).toBe("the checkpoint before");
    expect(readdirSync(disk)).toEqual(["checkpoint.bin"]);
  });

  it("JsonlLog throws and its file ends with the last whole line", () => {
    const path = join(disk, "metrics.jsonl");
    const log = new JsonlLog(path);
    let lines = 0;
    try {
      const fill = () => {
        for (; lines < 1000; lines++) log.append({ lines, text: "x".repeat(300) });
      };
      expect(fill).toThrow(/no space left on the disk/);
      expect(lines).toBeGreaterThan(100);
      const { records, ignoredBytes } = readJsonl(path);
      expect([records.length, ignoredBytes]).toEqual([lines, 0]);
      expect(log.bytes).toBe(readFileSync(path).length);
    } finally {
      log.close();
    }
  });
});
