import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readDocument, writeDocument } from "../../sim/core/documents.js";
import { hashOfFile } from "../../sim/core/file-hash.js";
import { isFileName } from "../../sim/core/file-name.js";
import { folderInside } from "../../sim/core/own-files.js";
import { RECORDINGS } from "./recording-names.js";
import { CHECKPOINT_NAMES, CURVES, HASHES, isTemporary, LOGS, RUN_FILES, TASK_STATES } from "./run-files.js";

/**
 * What a finished run's files were when it was finished, so that a file that was changed, lost or added since can be
 * told. A hash tells of accidents and of careless edits; who changes a file on purpose can change its hash too.
 *
 * Two files, because of all others equal runs have equal bytes: `hashes.json`, and `hashes-timing.json` for the times,
 * which never repeat.
 * @module
 */

const HASHES_ERROR = {
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
  {
    file: HASHES.repeating,
    root: [...Object.values(RUN_FILES), ...CHECKPOINT_NAMES, LOGS.metrics],
    folders: [RECORDINGS, TASK_STATES, CURVES.repeating],
  },
  { file: HASHES.timing, root: [LOGS.timing], folders: [CURVES.timing] },
] as const;

/** Notes what the files of a finished run are. @throws RunError when the disk is full */
export function writeHashes(folder: string): void {
  for (const { file, ...list } of LISTS) {
    const files = Object.fromEntries(
      filesOf(folder, list).map((path) => [path, hashOfFile(join(folder, path))]),
    );
    writeDocument(join(folder, file), { version: 1, files });
  }
}

/** Whether the files of a run have been noted. */
export function hasHashes(folder: string): boolean {
  return LISTS.every(({ file }) => existsSync(join(folder, file)));
}

/** How a run's files differ from what they were when it finished. */
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
    const { files } = readDocument(join(folder, file), hashesSchema, HASHES_ERROR);
    const there = new Set(filesOf(folder, list));
    for (const [path, hash] of Object.entries(files)) {
      if (!there.delete(path)) missing.push(path);
      else if (hashOfFile(join(folder, path)) === hash) unchanged++;
      else changed.push(path);
    }
    added.push(...there);
  }
  return { unchanged, changed, missing, added };
}

interface FileList {
  /** Names of files in the root of the run folder. */
  readonly root: readonly string[];
  /** Folders inside, of which all files count. */
  readonly folders: readonly string[];
}

/** Paths of a list's files that are there now, sorted. */
function filesOf(folder: string, { root, folders }: FileList): string[] {
  const inFolders = folders
    .filter((inside) => existsSync(join(folder, inside)))
    .flatMap((inside) =>
      readdirSync(folderInside(folder, inside))
        .filter((name) => !isTemporary(name))
        .map((name) => `${inside}/${name}`),
    );
  const isFile = (path: string) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile();
  return [...root, ...inFolders].filter(isFile).sort();
}
