import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";

/** What can stand in the place of a file. */
const STANDINS = ["missing", "empty", "folder", "pipe", "link outside", "endless link"] as const;
export type Standin = (typeof STANDINS)[number];

/** Mostly a changed file, now and then none. */
export function orStandin<Change>(changes: fc.Arbitrary<Change>): fc.Arbitrary<Change | Standin> {
  return fc.oneof({ weight: 60, arbitrary: changes }, { weight: 1, arbitrary: fc.constantFrom(...STANDINS) });
}

/** Whether a case is a stand-in, and no change of the file. */
export function isStandin(one: unknown): one is Standin {
  return typeof one === "string" && (STANDINS as readonly string[]).includes(one);
}

/** Puts something else in the place of a file. */
export function putStandin(folder: string, path: string, standin: Standin): void {
  rmSync(path);
  if (standin === "empty") writeFileSync(path, "");
  if (standin === "folder") mkdirSync(join(path, "inside"), { recursive: true });
  if (standin === "pipe") execFileSync("mkfifo", [path]);
  if (standin === "link outside") symlinkSync(join(folder, "victim/thesis.tex"), path);
  if (standin === "endless link") symlinkSync("/dev/zero", path);
}
