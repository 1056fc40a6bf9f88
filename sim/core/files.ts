import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { HyperCrlError, InputError, RunError } from "./errors.js";
import { openOwnFile } from "./own-files.js";
import { machineId } from "./process-identity.js";

/**
 * Writes a file to a temporary name in the same folder, syncs it and renames it, so that a reader sees the old
 * bytes or the new ones and never a part.
 * @throws InputError when there can be no such file, RunError when the disk is full; see `diskError`
 */
export function writeFileSafely(path: string, data: string | Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = temporaryName(path);
    // Of a process that had the same number, or a link that somebody put there.
    rmSync(temporary, { force: true });
    try {
      writeAndSync(temporary, typeof data === "string" ? Buffer.from(data) : data);
      renameSync(temporary, path);
    } finally {
      // After the rename there is nothing left to remove.
      rmSync(temporary, { force: true });
    }
    // The rename itself is on the disk only when the folder is.
    syncFolder(dirname(path));
  } catch (cause) {
    throw diskError(path, cause);
  }
}

/**
 * Makes sure that a file can be written, before what shall be in it is worked out: its folder is made, and a file is put there and removed.
 * @throws as `writeFileSafely`
 */
export function checkWritable(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = temporaryName(path);
    rmSync(temporary, { force: true });
    closeSync(openSync(temporary, "wx"));
    rmSync(temporary);
  } catch (cause) {
    throw diskError(path, cause);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}

/**
 * Gives a file a second name in its folder, in the place of what has that name; its bytes are not written again.
 * @returns false where the file system cannot do that: the file then has its first name alone
 */
export function linkFile(path: string, second: string): boolean {
  try {
    rmSync(second, { force: true });
    linkSync(path, second);
    syncFolder(dirname(second));
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes the end of a file that is there, and syncs it: what was behind `position` goes.
 * @throws InputError when it is no file of its own, RunError when the disk is full
 */
export function writeEnd(path: string, position: number, data: Uint8Array): void {
  try {
    const file = openOwnFile(path, constants.O_WRONLY);
    try {
      ftruncateSync(file, position);
      for (let done = 0; done < data.length; ) {
        done += writeSync(file, data, done, data.length - done, position + done);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw diskError(path, cause);
  }
}

/**
 * The name under which this process writes a file before it has all of it. The number of the process is not enough to tell it from all
 * others that may write the same file: in two containers, or on two machines that share a folder, processes have the same numbers.
 */
export function temporaryName(path: string): string {
  const machine = createHash("sha256").update(machineId()).digest("hex").slice(0, 8);
  return `${path}.${process.pid}-${machine}.tmp`;
}

/** Whether a name is one that some process wrote a file of the names given under. */
export function isTemporaryOf(name: string, of: (name: string) => boolean): boolean {
  // Earlier versions gave the number of the process alone.
  const [, file] = /^(.*)\.\d+(?:-[0-9a-f]{8})?\.tmp$/s.exec(name) ?? [];
  return file !== undefined && of(file);
}

function writeAndSync(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx");
  try {
    // A nearly full disk takes a part and reports no error until the next write.
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a folder and those above it, unless they are there. @throws as `writeFileSafely` */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw diskError(path, cause);
  }
}

/**
 * Turns a file-system error met while writing `path` into a message that says what to do: an InputError where another path would
 * do, such as for want of permission, and a RunError where the disk is full or fails.
 */
export function diskError(path: string, cause: unknown): HyperCrlError {
  if (cause instanceof HyperCrlError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const words = WORDS[code] ?? UNWRITABLE;
  const details = {
    what: `Cannot write ${path}`,
    got: words.got === undefined ? code : `${words.got} (${code})`,
    expected: words.expected,
    todo: words.todo,
    cause,
  };
  return OF_THE_PATH.has(code) ? new InputError(details) : new RunError(details);
}

interface Words {
  readonly got?: string;
  readonly expected: string;
  readonly todo: string;
}

const UNWRITABLE: Words = { expected: "a writable folder", todo: "Check the folder's permissions" };
const FULL: Words = {
  got: "no space left on the disk",
  expected: "free disk space",
  todo: "Free some space, then try again",
};
const ANOTHER_PLACE = "Choose another place, or move away what is there";
const NO_FOLDER: Words = {
  got: "a file in the place of a folder",
  expected: "folders on the way",
  todo: ANOTHER_PLACE,
};

/** Codes of the system that say that there can be no such file, whatever the disk has room for. */
const OF_THE_PATH: ReadonlySet<string> = new Set([
  "EACCES",
  "EPERM",
  "ENOENT",
  "ENAMETOOLONG",
  "ELOOP",
  "EROFS",
  "EISDIR",
  "ENOTDIR",
  "EEXIST",
]);

/** What some codes of the system mean to somebody who wants a file written. */
const WORDS: Readonly<Record<string, Words>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EIO: {
    got: "a failure of the disk",
    expected: "a disk that works",
    todo: "Check the disk, or choose a place on another one",
  },
  EACCES: { ...UNWRITABLE, got: "no permission to write there" },
  EPERM: { ...UNWRITABLE, got: "no permission to write there" },
  ENAMETOOLONG: { got: "a name that is too long", expected: "a shorter one", todo: "Choose a shorter path" },
  ELOOP: {
    got: "links that lead in a circle",
    expected: "a path without them",
    todo: "Choose another place",
  },
  EROFS: {
    got: "a file system that is read-only",
    expected: "one that can be written",
    todo: "Choose another place",
  },
  EISDIR: { got: "a folder in its place", expected: "a file or nothing there", todo: ANOTHER_PLACE },
  ENOTDIR: NO_FOLDER,
  EEXIST: NO_FOLDER,
};
