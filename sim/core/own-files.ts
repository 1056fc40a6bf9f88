import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { MIB } from "./bytes.js";
import { InputError } from "./errors.js";

/**
 * What files may say about other files, and how files that somebody else may have made are opened.
 *
 * A run folder or a sweep can come from another person. Names in its files are therefore names inside the folder and
 * never paths out of it (`file-name.ts`); what is written, cut or removed there is a regular file of that folder and never what a link
 * points to; and what is read is a regular file of a stated size, since a pipe or a device would never end.
 * @module
 */

/** Largest files that are read whole, bytes. Each is far above what hypercrl writes itself. */
export const LARGEST = {
  /** Documents such as `settings.json`, `sweep.json`, `evaluation.json`. */
  document: 64 * MIB,
  /** Logs: the longest of the published runs has 0.3 MiB. */
  log: 1024 * MIB,
  /** Arrays of a checkpoint; those of door at the published size take 406 MiB. */
  arrays: 2048 * MIB,
} as const;

/**
 * A folder inside a folder of ours, which must be there as itself: what a link leads to is not ours to write or remove.
 * @returns its path
 * @throws InputError when it is missing, a link or no folder
 */
export function folderInside(parent: string, name: string): string {
  const path = join(parent, name);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return path;
  throw new InputError({
    what: `${path} is not a folder of its own`,
    got: found === undefined ? "nothing there" : kindOf(found),
    expected: "a folder, so that nothing outside is written or removed",
    todo: "Move what is there into a folder of this name",
  });
}

/** The same of a folder that need not be there. @throws InputError when there is something else */
export function checkOwnFolder(parent: string, name: string): void {
  if (lstatSync(join(parent, name), { throwIfNoEntry: false }) !== undefined) folderInside(parent, name);
}

/**
 * A file inside a folder of ours that is written by replacing it, so nothing else may be in its place. It need not be there.
 * @throws InputError when there is a link, a folder or something else that is no regular file
 */
export function checkOwnFile(parent: string, name: string): void {
  const path = join(parent, name);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw notRegular(path);
}

/**
 * Opens a file of a folder of ours to write it. A link is refused, since what it points to is not ours.
 * @param flags as of open(2), without those that this adds
 * @throws InputError when there is something else than a regular file; system errors as they are
 */
export function openOwnFile(path: string, flags: number): number {
  return openRegular(path, flags | (constants.O_NOFOLLOW ?? 0));
}

/**
 * Reads a whole file that somebody else may have made.
 * @param most its largest size, bytes
 * @throws InputError when it is larger or no regular file; system errors such as ENOENT as they are
 */
export function readRegularFile(path: string, most: number): Buffer {
  return withRegularFile(path, ({ size, read }) => {
    if (size <= most) return read(0, size);
    throw new InputError({
      what: `${path} is too large`,
      got: `${size} bytes`,
      expected: `at most ${most}`,
      todo: "Check that it is the file you mean",
    });
  });
}

/** A regular file that is open for reading. */
export interface OpenFile {
  /** Size when it was opened; nothing behind that is read. */
  readonly size: number;
  /** Tells the file from another of the same name. */
  readonly inode: number;
  /** Up to `length` bytes from `position` on; fewer where the file ends, also when it has shrunk since. */
  readonly read: (position: number, length: number) => Buffer;
}

/**
 * Opens a file that somebody else may have made, lets `use` read of it and closes it.
 * @throws InputError when it is no regular file; system errors such as ENOENT as they are
 */
export function withRegularFile<Result>(path: string, use: (file: OpenFile) => Result): Result {
  // Opening alone can do something to a device.
  if (!statSync(path).isFile()) throw notRegular(path);
  const file = openRegular(path, constants.O_RDONLY);
  try {
    const { size, ino: inode } = fstatSync(file);
    const read = (position: number, length: number) =>
      readPart(file, position, Math.max(0, Math.min(length, size - position)));
    return use({ size, inode, read });
  } finally {
    closeSync(file);
  }
}

function readPart(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = readSync(file, bytes, done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}

/** Removes a file, or a link, but nothing that is neither; nothing happens where there is none. */
export function removeOwnFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() || found?.isSymbolicLink()) rmSync(path);
}

/** A pipe that nobody writes to would hold up an open that waits for it. */
function openRegular(path: string, flags: number): number {
  let file: number;
  try {
    file = openSync(path, flags | (constants.O_NONBLOCK ?? 0), 0o666);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // A link that was not to be followed, a pipe without a reader, or a folder opened to be written.
    if (code === "ELOOP" || code === "ENXIO" || code === "EISDIR") throw notRegular(path, cause);
    throw cause;
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw notRegular(path);
}

function notRegular(path: string, cause?: unknown): InputError {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const target = found?.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : undefined;
  return new InputError({
    what: `${path} is not a file of its own`,
    got: found === undefined ? "nothing" : kindOf(target?.isFile() === false ? target : found),
    expected: "a regular file",
    todo: "Move it away, or put the file itself in its place",
    cause,
  });
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return "a link to another place";
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe";
  if (stats.isSocket()) return "a socket";
  return stats.isFile() ? "a file" : "a device";
}
