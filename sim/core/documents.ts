import type { z } from "zod";
import { InputError } from "./errors.js";
import { LARGEST, readRegularFile } from "./own-files.js";
import { problemOf } from "./problem.js";

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
    if (cause instanceof InputError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    if (code === "ENOENT") throw new InputError({ what: `${path} is missing`, ...words, cause });
    throw new InputError({ what: `Cannot read ${path}`, got: code, ...words, cause });
  }
}

/**
 * Reads a JSON document that somebody else may have made.
 * @throws InputError when it is missing, too large, no regular file or not JSON
 */
export function readJsonFile(path: string, words: DocumentWords): unknown {
  const bytes = readGivenFile(path, LARGEST.document, words);
  try {
    return JSON.parse(bytes.toString("utf8"));
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
  path: string,
  got: string,
  words: DocumentWords,
  cause?: unknown,
): InputError {
  return new InputError({ what: `${path} is damaged`, got, ...words, cause });
}
