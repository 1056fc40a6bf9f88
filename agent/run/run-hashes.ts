import { createHash } from "node:crypto";
import { closeSync, constants, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readDocument } from "../../sim/core/documents.js";
import { isFileName } from "../../sim/core/file-name.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { folderInside } from "../../sim/core/own-files.js";
import { RECORDINGS } from "./recording-names.js";
import { RUN_FILES, TASK_STATES } from "./run-files.js";

/**
 * What a finished run's files were when it was finished, so that a file that was changed, lost or added since can be
 * told. A hash tells of accidents and of careless edits; who changes a file on purpose can change its hash too.
 *
 * Two files, because of all others equal runs have equal bytes: `hashes.json`, and `hashes-timing.json` for the times,
 * which never repeat.
 * @module
 */

const WORDS = {
  expected: "names and SHA-256 hashes of a run's files, as `hypercrl train` writes them",
  todo: "Restore the file from a copy, or delete it: the run is then checked without it",
};

/** A path inside the run folder, with slashes. */
const insidePath = z
  .string()
  .refine((path) => path.split("/").every(isFileName), "expected a path inside the run folder");
const hashesSchema = z.strictObject({
  version: z.literal(1),
  /** SHA-256, hexadecimal, by path. */
  files: z.record(insidePath, z.string().regex(/^[0-9a-f]{64}$/)),
});

const LISTS = [
  { file: "hashes.json", folders: ["", RECORDINGS, TASK_STATES, "tensorboard"], holds: isRepeating },
  { file: "hashes-timing.json", folders: ["", "tensorboard/timing"], holds: isTiming },
] as const;

/** Notes what the files of a run are that has just been finished. @throws RunError when the disk is full */
export function writeHashes(folder: string): void {
  for (const { file, ...list } of LISTS) {
    const files = Object.fromEntries(filesOf(folder, list).map((path) => [path, sha256(join(folder, path))]));
    writeFileSafely(join(folder, file), `${JSON.stringify({ version: 1, files }, null, 2)}\n`);
  }
}

/** How a run's files differ from those that it was finished with. */
export interface RunCheck {
  /** Files that are as they were. */
  readonly unchanged: number;
  /** Paths inside the run folder. */
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  /** Of a kind that the run writes, and not there when it was finished. */
  readonly added: readonly string[];
}

/**
 * Compares a run's files with their hashes; undefined when there are none, as of a run that is not finished.
 * @throws InputError when the hashes cannot be read
 */
export function checkHashes(folder: string): RunCheck | undefined {
  const lists = LISTS.filter(({ file }) => existsSync(join(folder, file)));
  if (lists.length === 0) return undefined;
  const [changed, missing, added]: [string[], string[], string[]] = [[], [], []];
  let unchanged = 0;
  for (const { file, ...list } of lists) {
    const { files } = readDocument(join(folder, file), hashesSchema, WORDS);
    const there = new Set(filesOf(folder, list));
    for (const [path, hash] of Object.entries(files)) {
      if (!there.delete(path)) missing.push(path);
      else if (sha256(join(folder, path)) === hash) unchanged++;
      else changed.push(path);
    }
    added.push(...there);
  }
  return { unchanged, changed, missing, added };
}

interface FileList {
  readonly folders: readonly string[];
  readonly holds: (name: string, inside: string) => boolean;
}

/** Paths of a list's files that are there now, sorted. */
function filesOf(folder: string, { folders, holds }: FileList): string[] {
  return folders
    .filter((inside) => existsSync(join(folder, inside)))
    .flatMap((inside) => {
      const path = inside === "" ? folder : folderInside(folder, inside);
      const names = readdirSync(path).filter((name) => statSync(join(path, name)).isFile());
      return names.filter((name) => holds(name, inside)).map((name) => (inside ? `${inside}/${name}` : name));
    })
    .sort();
}

/** Files that repeat byte by byte; of the root only those that are the run's own. */
function isRepeating(name: string, inside: string): boolean {
  const isRoot = inside === "";
  const own: readonly string[] = [...Object.values(RUN_FILES), "metrics.jsonl"];
  return isRoot ? own.includes(name) || name.endsWith(".safetensors") : !name.endsWith(".tmp");
}

function isTiming(name: string, inside: string): boolean {
  return inside === "" ? name === "timing.jsonl" : !name.endsWith(".tmp");
}

const CHUNK = 2 ** 20;

/** Of a file of any size, a part at a time. */
function sha256(path: string): string {
  const hash = createHash("sha256");
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const bytes = Buffer.allocUnsafe(CHUNK);
    for (let read = readSync(file, bytes); read > 0; read = readSync(file, bytes))
      hash.update(bytes.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
