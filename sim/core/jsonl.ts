import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { readGivenFile } from "./documents.js";
import { InputError, RunError } from "./errors.js";
import { diskError } from "./files.js";
import { LARGEST, openOwnFile } from "./own-files.js";
import { parseJson } from "./parse-json.js";
import { problemOf } from "./problem.js";

const NEWLINE = 0x0a;

/**
 * An append-only log, one JSON object per line. Save `bytes` and `sha256` in a checkpoint after `flush()`, and pass them
 * to continue: what was written after the checkpoint is cut off. Non-finite numbers become null.
 */
export class JsonlLog {
  readonly #path: string;
  #file: number | undefined;
  #bytes = 0;
  /** Of all lines so far. */
  readonly #hash: Hash = createHash("sha256");

  /**
   * Without `resumeAt` the file must be absent or empty, so that no log is lost by mistake.
   * @param resume where the log is continued, and the hash of what comes before that, if it is known
   * @throws InputError when the file does not match `resumeAt`, or there can be no such file; RunError when the disk fails.
   */
  constructor(
    path: string,
    { resumeAt, sha256 }: { readonly resumeAt?: number; readonly sha256?: string | undefined } = {},
  ) {
    this.#path = path;
    // What must be there already is not begun anew.
    const create = resumeAt === undefined || resumeAt === 0 ? constants.O_CREAT : 0;
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#file = openOwnFile(path, constants.O_RDWR | constants.O_APPEND | create);
      this.#startAt(resumeAt, sha256);
    } catch (cause) {
      this.close();
      if (create === 0 && (cause as NodeJS.ErrnoException).code === "ENOENT") {
        throw this.#mismatch("no such file", `at least ${resumeAt} bytes`);
      }
      throw diskError(path, cause);
    }
  }

  /** Length of the log in bytes, always at the end of a line. */
  get bytes(): number {
    return this.#bytes;
  }

  /** SHA-256 of the log, hexadecimal. */
  get sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  /**
   * Writes one line before it returns (to the operating system; `flush` brings it to the disk).
   * @throws RunError when the disk is full; the file then still ends with the last whole line.
   */
  append(record: object): void {
    const file = this.#open();
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      // A nearly full disk takes a part without an error, so one call may not be enough.
      for (let done = 0; done < line.length; ) done += writeSync(file, line, done);
    } catch (cause) {
      ftruncateSync(file, this.#bytes);
      throw diskError(this.#path, cause);
    }
    this.#bytes += line.length;
    this.#hash.update(line);
  }

  /** Waits until every line is on the disk. @throws RunError when that fails. */
  flush(): void {
    try {
      fsyncSync(this.#open());
    } catch (cause) {
      throw diskError(this.#path, cause);
    }
  }

  /** May be called twice. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    if (this.#file !== undefined) return this.#file;
    throw new RunError({ what: `Log ${this.#path} is used after close()` });
  }

  #startAt(resumeAt: number | undefined, sha256: string | undefined): void {
    const file = this.#open();
    const length = fstatSync(file).size;
    const at = resumeAt ?? 0;
    if (resumeAt === undefined && length > 0) {
      throw new InputError({
        what: `Log ${this.#path} exists already`,
        got: `${length} bytes`,
        expected: "no file or an empty one",
        todo: "Resume its run, or choose another folder",
      });
    }
    if (!Number.isSafeInteger(at) || at < 0 || length < at) {
      throw this.#mismatch(`${length} bytes`, `at least ${at} bytes`);
    }
    if (!endsLineAt(file, at)) {
      throw this.#mismatch(`no line end at byte ${at}`, "one there: the log was changed since");
    }
    this.#hash.update(readUpTo(file, at));
    if (sha256 !== undefined && this.sha256 !== sha256) {
      throw this.#mismatch(
        `other lines before byte ${at}: hash ${this.sha256.slice(0, 12)}`,
        `hash ${sha256.slice(0, 12)}: the log was changed since`,
      );
    }
    ftruncateSync(file, at);
    this.#bytes = at;
  }

  #mismatch(got: string, expected: string): InputError {
    return new InputError({
      what: `Log ${this.#path} does not match the checkpoint`,
      got,
      expected,
      todo: "Restore the log from a copy, or begin a new run: this one cannot go on without it",
    });
  }
}

/** The first `length` bytes of a file. */
function readUpTo(file: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const read = readSync(file, bytes, done, length - done, done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}

function endsLineAt(file: number, at: number): boolean {
  const last = Buffer.alloc(1);
  return at === 0 || (readSync(file, last, 0, 1, at - 1) === 1 && last[0] === NEWLINE);
}

export interface JsonlContent {
  readonly records: readonly unknown[];
  /** Bytes of a last line without line end (a write cut off by a crash), which were ignored. */
  readonly ignoredBytes: number;
}

/**
 * Reads a log; a torn last line is left out and counted.
 * @throws InputError when the file cannot be read or another line is not JSON.
 */
export function readJsonl(path: string): JsonlContent {
  const bytes = readBytes(path);
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const records: unknown[] = [];
  for (let at = 0; at < end; ) {
    const next = bytes.indexOf(NEWLINE, at);
    records.push(parseLine(path, bytes.subarray(at, next), records.length + 1));
    at = next + 1;
  }
  return { records, ignoredBytes: bytes.length - end };
}

/** The first line of a log; undefined without a whole line or when it is not JSON. @throws InputError when the file cannot be read */
export function readFirstLine(path: string): unknown {
  const bytes = readBytes(path);
  try {
    return parseJson(bytes.toString("utf8", 0, Math.max(0, bytes.indexOf(NEWLINE))));
  } catch {
    return undefined;
  }
}

function parseLine(path: string, line: Uint8Array, number: number): unknown {
  try {
    return parseJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line));
  } catch (cause) {
    throw new InputError({
      what: `Log ${path} is damaged in line ${number}`,
      got: problemOf(cause),
      expected: "one JSON value",
      todo: "Restore the log from a copy, or do without it",
      cause,
    });
  }
}

const LOG_ERROR = { expected: "a log", todo: "Check the path, or restore the log from a copy" };

function readBytes(path: string): Buffer {
  return readGivenFile(path, LARGEST.log, LOG_ERROR);
}
