import { statSync } from "node:fs";
import { InputError } from "./errors.js";

/** What codes of the system mean to somebody who wants a file read, and what to do about them. */
const WORDS: Readonly<Record<string, readonly [got: string, todo: string]>> = {
  EACCES: ["no permission to read it", "Check the permissions of it and of the folders that it is in"],
  EPERM: ["no permission to do so", "Check the permissions of it and of the folders that it is in"],
  ELOOP: ["links that lead in a circle", "Check where the links in its path lead"],
  ENAMETOOLONG: ["a name that is too long", "Choose a shorter path"],
  EISDIR: ["a folder in its place", "Check the path"],
  ENOTDIR: ["a file in the place of a folder", "Check the path"],
  EIO: ["a failure of the disk", "Check the disk, and copy from it what you need"],
  ESTALE: ["a file that the server has replaced", "Give the command again"],
  EMFILE: ["too many open files", "Close other programs, or allow more with `ulimit -n`"],
  ENFILE: ["too many open files", "Close other programs"],
};

/** A code of the system with what it means, where that is known: `no permission to read it (EACCES)`. */
export function codeInWords(code: string): string {
  const words = WORDS[code];
  return words === undefined ? code : `${words[0]} (${code})`;
}

/** What to do about a code of the system; undefined where nothing in particular is known. */
export function todoOfCode(code: string): string | undefined {
  return WORDS[code]?.[1];
}

/**
 * An error of the system about a path, as one for a user; undefined for any other error. It is nobody's bug that a file
 * cannot be read.
 */
export function systemError(error: unknown): InputError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || path === undefined || syscall === undefined) return undefined;
  const missing = code === "ENOENT";
  return new InputError({
    what: missing ? `${path} is missing` : `${path} cannot be used`,
    ...(!missing && { got: codeInWords(code) }),
    expected: "a file or folder that can be read",
    todo: todoOfCode(code) ?? "Check the path",
    cause: error,
  });
}

/**
 * Whether there is something at a path. Unlike `existsSync` it does not take what cannot be looked at for missing.
 * @throws InputError when that cannot be known, for example without permission
 */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // Something on the way is a file: then nothing is there.
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return false;
    throw systemError(error) ?? error;
  }
}
