import { unreadable } from "../core/documents.js";
import { HyperCrlError, InputError } from "../core/errors.js";
import { type OpenFile, withRegularFile } from "../core/own-files.js";
import { problemOf } from "../core/problem.js";
import { checkLimit, LimitExceeded } from "./limits.js";

/** The error of an episode file that is an MCAP file, but not a whole and unchanged one. */
export function damaged(path: string, got: string, expected: string, cause?: unknown): InputError {
  return new InputError({
    what: `Episode file ${path} is damaged`,
    got,
    expected,
    todo: "Copy the file again, or use another episode; the run's other files are not affected",
    cause,
  });
}

/** A recording holds more than is read of one. Nothing of it is played: its beginning could hold as much. */
export class TooLargeError extends InputError {
  constructor(path: string, cause: LimitExceeded) {
    super({
      what: `Episode file ${path} holds more than is read of a recording`,
      got: cause.message,
      expected: cause.expected,
      todo: "Use another episode; record one with fewer steps or without plans",
      cause,
    });
  }
}

/** The named error of whatever went wrong while an episode was read: what is none of ours is damage. */
export function readingError(path: string, cause: unknown, expected: string): HyperCrlError {
  if (cause instanceof HyperCrlError) return cause;
  if (cause instanceof LimitExceeded) return new TooLargeError(path, cause);
  return damaged(path, problemOf(cause), expected, cause);
}

/** @throws InputError when the file cannot be read, is no regular file or is larger than a recording may be */
export function readBytes(path: string): Buffer {
  return withEpisodeFile(path, (file) => {
    checkLimit("fileBytes", file.size);
    return file.read(0, file.size);
  });
}

/** Lets `use` read of an episode file. @throws InputError when it cannot be read or is no regular file; what `use` throws */
export function withEpisodeFile<T>(path: string, use: (file: OpenFile) => T): T {
  try {
    return withRegularFile(path, use);
  } catch (cause) {
    if (cause instanceof HyperCrlError || cause instanceof LimitExceeded) {
      throw readingError(path, cause, "a recording");
    }
    throw unreadable(`Episode file ${path}`, cause, { expected: "an episode", todo: "Check the path" });
  }
}
