import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";

/** What is at a path is a pipe, a device or a folder: reading it could wait or go on for ever. */
export class NotRegular extends Error {}

/** A regular file that is open for reading. */
export interface OpenFile {
  /** Size when it was opened; nothing behind that is read. */
  readonly size: number;
  /** Tells the file from another of the same name. */
  readonly inode: number;
  /** Up to `length` bytes from `position` on, fewer where the file ends. */
  read(position: number, length: number): Buffer;
}

/**
 * Opens a regular file, lets `use` read of it and closes it.
 * @throws NotRegular for anything else, without opening it; the system's error when it cannot be read
 */
export function withRegularFile<T>(path: string, use: (file: OpenFile) => T): T {
  // Opening alone can do something to a device.
  expectRegular(statSync(path));
  // Should a pipe have taken the file's place since, opening it does not wait.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    expectRegular(stats);
    const { size, ino: inode } = stats;
    const read = (position: number, length: number) =>
      readPart(file, position, Math.min(length, size - position));
    return use({ size, inode, read });
  } finally {
    closeSync(file);
  }
}

function expectRegular(stats: Stats): void {
  if (!stats.isFile()) throw new NotRegular(kindOf(stats));
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe";
  return stats.isSocket() ? "a socket" : "a device";
}

function readPart(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(length, 0));
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}
