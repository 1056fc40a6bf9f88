import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { HyperCrlError, RunError } from "./errors.js";

/**
 * Writes a file to a temporary name in the same folder, syncs it and renames it, so that a reader sees the old
 * bytes or the new ones and never a part.
 * @throws RunError when the disk is full or the folder cannot be written.
 */
export function writeFileSafely(path: string, data: string | Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      writeAndSync(temporary, typeof data === "string" ? Buffer.from(data) : data);
      renameSync(temporary, path);
    } finally {
      // After the rename there is nothing left to remove.
      rmSync(temporary, { force: true });
    }
    // The rename itself is on the disk only when the folder is.
    const folder = openSync(dirname(path), "r");
    fsyncSync(folder);
    closeSync(folder);
  } catch (cause) {
    throw diskError(path, cause);
  }
}

function writeAndSync(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "w");
  try {
    // A nearly full disk takes a part and reports no error until the next write.
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a folder and those above it, unless they are there. @throws RunError when it cannot be made */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw diskError(path, cause);
  }
}

/** Turns a file-system error met while writing `path` into a message that says what to do. */
export function diskError(path: string, cause: unknown): HyperCrlError {
  if (cause instanceof HyperCrlError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new RunError({
    what: `Cannot write ${path}`,
    got: full ? `no space left on the disk (${code})` : code,
    expected: full ? "free disk space" : "a writable folder",
    todo: full
      ? "Free some space, then give the command again; a run goes on with `hypercrl train --resume RUN`. Everything saved so far is intact"
      : "Check the folder's permissions",
    cause,
  });
}
