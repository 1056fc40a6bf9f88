import type { z } from "zod";
import { InputError } from "./errors.js";
import { writeFileSafely } from "./files.js";
import { LARGEST, readRegularFile } from "./own-files.js";
import { parseJson } from "./parse-json.js";
import { problemOf } from "./problem.js";
import { codeInWords, todoOfCode } from "./system-errors.js";

/** What the message of a document that cannot be used says beside its path. */
export interface DocumentWords {
  /** What would have been right. */
  readonly expected: string;
  /** What to do about it. */
  readonly todo: string;
}

/**
 * Reads a whole file that somebody else may have made.
 * @param most its largest size, bytes
 * @throws InputError when it is missing, too large, no regular file or cannot be read
 */
export function readGivenFile(path: string, most: number, words: DocumentWords): Buffer {
  try {
    return readRegularFile(path, most);
  } catch (cause) {
    throw unreadable(path, cause, words);
  }
}

/** The error of a file that could not be opened or read; what says already what is wrong with it stays as it is. */
export function unreadable(what: string, cause: unknown, words: DocumentWords): InputError {
  if (cause instanceof InputError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  if (code === "ENOENT") return new InputError({ what: `${what} is missing`, ...words, cause });
  const { expected, todo } = words;
  const got = codeInWords(code);
  return new InputError({
    what: `${what} cannot be read`,
    got,
    expected,
    todo: todoOfCode(code) ?? todo,
    cause,
  });
}

/**
 * Reads a JSON document that somebody else may have made.
 * @throws InputError when it is missing, too large, no regular file or not JSON
 */
export function readJsonFile(path: string, words: DocumentWords): unknown {
  const bytes = readGivenFile(path, LARGEST.document, words);
  try {
    return parseJson(bytes.toString("utf8"));
  } catch (cause) {
    throw damagedDocument(path, problemOf(cause), words, cause);
  }
}

/**
 * The same, with what the document must look like.
 * @throws InputError when it cannot be read or does not fit `schema`
 */
export function readDocument<Content>(
  path: string,
  schema: z.ZodType<Content>,
  words: DocumentWords,
): Content {
  const parsed = schema.safeParse(readJsonFile(path, words));
  if (parsed.success) return parsed.data;
  throw damagedDocument(path, problemOf(parsed.error), words, parsed.error);
}

/** The error of a document that can be read and does not say what it should. */
export function damagedDocument(
  what: string,
  got: string,
  words: DocumentWords,
  cause?: unknown,
): InputError {
  return new InputError({ what: `${what} is damaged`, got, ...words, cause });
}

/** A value as the text of a JSON document: indented, with a line end. */
export function documentText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Writes a JSON document, whole or not at all. @throws as `writeFileSafely` */
export function writeDocument(path: string, value: unknown): void {
  writeFileSafely(path, documentText(value));
}
