import { readFileSync } from "node:fs";
import { InputError } from "../core/errors.js";

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

/** @throws InputError when the file cannot be read */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The error of an episode file that the system does not let us read. */
export function unreadable(path: string, cause: unknown): InputError {
  return new InputError({
    what: `Cannot read episode file ${path}`,
    got: (cause as NodeJS.ErrnoException).code ?? String(cause),
    expected: "a readable file",
    todo: "Check the path",
    cause,
  });
}
