import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { HyperCrlError, RunError } from "./errors.js";

/**
 * Writes a file to a temporary name in the same folder, syncs it and renames it, so that a reader sees the old
 * bytes or the new ones and never a part.
 * @throws RunError when the disk is full or the folder cannot be written.
 */
export function writeFileSafely(path: string, data: string | Uint8Array): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const bytes =
      typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    writeFileAtomic.sync(path, bytes);
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
      ? "Free some space, then continue the run with `hypercrl train --resume RUN`; everything saved so far is intact"
      : "Check the folder's permissions",
    cause,
  });
}
