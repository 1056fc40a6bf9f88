import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readJsonFile } from "../../../sim/core/documents.js";
import { InputError } from "../../../sim/core/errors.js";
import { isThere, systemError } from "../../../sim/core/system-errors.js";
import { temporaryFolder } from "../../files.js";
import { call, expectOneError } from "../../scripts/call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const circle = join(folder, "circle");
symlinkSync("circle", circle);
const long = join(folder, "a".repeat(300));

it("what cannot be looked at is not taken for missing", () => {
  expect([isThere(folder), isThere(join(folder, "none"))]).toEqual([true, false]);
  writeFileSync(join(folder, "file"), "");
  expect(isThere(join(folder, "file", "inside"))).toBe(false);
  expect(() => isThere(circle)).toThrow(InputError);
  expect(() => isThere(circle)).toThrow(/circle cannot be used; got links that lead in a circle \(ELOOP\)/);
  expect(() => isThere(long)).toThrow(/a name that is too long \(ENAMETOOLONG\).*Choose a shorter path/);
});

it("errors of the system are told in words, and no others", () => {
  const denied = Object.assign(new Error("x"), { code: "EACCES", path: "/run", syscall: "open" });
  expect(systemError(denied)?.message).toBe(
    "/run cannot be used; got no permission to read it (EACCES); expected a file or folder that can be read. Check the permissions of it and of the folders that it is in.",
  );
  expect(systemError(Object.assign(denied, { code: "ENOENT" }))?.message).toMatch(/^\/run is missing; exp/);
  expect(systemError(Object.assign(denied, { code: "EODD" }))?.message).toMatch(/got EODD; .*Check the path/);
  expect(systemError(new TypeError("ours"))).toBeUndefined();
  expect(systemError("text")).toBeUndefined();
  const words = { expected: "JSON", todo: "Restore it" };
  expect(() => readJsonFile(circle, words)).toThrow(
    /circle cannot be read; got links that lead in a circle \(ELOOP\); expected JSON\. Check where the links/,
  );
});

it("commands end with 3 and the reason for paths that the system refuses", async () => {
  mkdirSync(join(folder, "run"));
  for (const [path, reason] of [
    [circle, /links that lead in a circle/],
    [long, /a name that is too long/],
  ] as const) {
    for (const command of [
      ["evaluate", path],
      ["replay", path],
      ["report", path],
      ["train", "--resume", path],
      ["train", "--suite", `${path}/suite.mjs`],
      ["sweep", "--resume", path],
      ["sweep", "--file", path],
      ["view", path],
    ]) {
      expectOneError(await call(command), 3, reason);
    }
  }
});

it.skipIf(process.getuid?.() === 0)("a folder without permission is told as such", async () => {
  const closed = join(folder, "closed");
  mkdirSync(closed, { mode: 0 });
  expect(() => readFileSync(join(closed, "x"))).toThrow(/EACCES/);
  expectOneError(await call(["evaluate", closed]), 3, /no permission to read it/);
});
