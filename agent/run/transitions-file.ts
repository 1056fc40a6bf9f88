import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { unreadable } from "../../sim/core/documents.js";
import { InputError } from "../../sim/core/errors.js";
import { writeEnd, writeFileSafely } from "../../sim/core/files.js";
import { withRegularFile } from "../../sim/core/own-files.js";
import type { ReplayBuffer } from "../model/replay-buffer.js";
import { CHECKPOINT_ERROR, damaged } from "./read-arrays.js";
import { CHECKPOINT_FILES, nextName } from "./run-files.js";

/** What a checkpoint says of its transitions: the first `rows` of a file, and their hash. What follows them is of no checkpoint. */
export const savedTransitions = z.object({
  file: z.enum(CHECKPOINT_FILES.transitions),
  rows: z.int().min(0),
  sha256: z.string(),
});

type SavedTransitions = z.infer<typeof savedTransitions>;

/** What is used of Node's hashes, in words of its own: a project that uses the package may not have Node's types. */
interface RunningHash {
  update(bytes: Uint8Array): unknown;
  copy(): RunningHash;
  digest(encoding: "hex"): string;
}

/** Transitions that are in a file. */
export interface WrittenTransitions {
  /** Whose they are. */
  readonly buffer: ReplayBuffer;
  /** How many it had then, all told. */
  readonly added: number;
  readonly file: SavedTransitions["file"];
  readonly rows: number;
  /** Of these rows; goes on with those that follow. */
  readonly hash: RunningHash;
}

/** A file holds at most so many times the transitions that the buffer has room for. */
const MOST = 2;
const NUMBER = 4;
/** Rows that are read at a time. */
const CHUNK = 4096;

/**
 * The transitions of the task being learned, as rows `[I + X]` of float32 in the order they were made. Each save writes those that
 * came since the last one behind them. A buffer that overwrites its oldest leaves them in the file, which is therefore begun
 * anew under its other name when it holds twice what the buffer does.
 */
export class TransitionsFile {
  readonly #folder: string;
  #written: WrittenTransitions | undefined;

  /** @param written what the last checkpoint has, of a buffer that goes on being filled */
  constructor(folder: string, written?: WrittenTransitions) {
    this.#folder = folder;
    this.#written = written;
  }

  /** Brings the buffer's transitions to the disk. @throws RunError when that is full */
  save(buffer: ReplayBuffer): SavedTransitions {
    const { added, size } = buffer;
    const before = this.#written;
    const fresh = Math.min(added - (before?.added ?? 0), size);
    const goesOn = before?.buffer === buffer && before.rows + fresh <= MOST * buffer.capacity;
    const written: WrittenTransitions = goesOn
      ? { ...before, added, rows: before.rows + fresh, hash: before.hash.copy() }
      : {
          buffer,
          added,
          file: nextName(CHECKPOINT_FILES.transitions, before?.file),
          rows: size,
          hash: createHash("sha256"),
        };
    const { file, rows, hash } = written;
    const bytes = bytesOf(buffer.lastRows(goesOn ? fresh : size));
    const path = join(this.#folder, file);
    if (goesOn) writeEnd(path, before.rows * rowBytes(buffer), bytes);
    else writeFileSafely(path, bytes);
    hash.update(bytes);
    this.#written = written;
    return { file, rows, sha256: hash.copy().digest("hex") };
  }

  /** The task has ended: the next one begins a file of its own. */
  end(): void {
    this.#written = undefined;
  }
}

/**
 * Fills a buffer with the transitions of a checkpoint.
 * @param buffer an empty one
 * @param added how many the task had made
 * @throws InputError when the file is missing, shorter or other than it was
 */
export function readTransitions(
  folder: string,
  { file, rows, sha256 }: SavedTransitions,
  buffer: ReplayBuffer,
  added: number,
): WrittenTransitions {
  const path = join(folder, file);
  if (rows > added || rows < Math.min(added, buffer.capacity)) {
    throw damaged(path, `${rows} transitions, where the task has made ${added}`);
  }
  const hash: RunningHash = createHash("sha256");
  const wanted = rows * rowBytes(buffer);
  try {
    withRegularFile(path, ({ size, read }) => {
      if (size < wanted) throw cut(path, size, wanted);
      for (let row = 0; row < rows; row += CHUNK) {
        const bytes = read(row * rowBytes(buffer), Math.min(CHUNK, rows - row) * rowBytes(buffer));
        hash.update(bytes);
        buffer.restoreRows(floatsOf(bytes), added - rows + row);
      }
    });
  } catch (cause) {
    throw unreadable(path, cause, CHECKPOINT_ERROR);
  }
  const found = hash.copy().digest("hex");
  if (found === sha256) return { buffer, added, file, rows, hash };
  throw notAsWritten(
    path,
    `hash ${found.slice(0, 12)} of ${rows} transitions`,
    `hash ${sha256.slice(0, 12)}`,
  );
}

function cut(path: string, size: number, wanted: number): InputError {
  return notAsWritten(path, `${size} bytes`, `at least ${wanted}`);
}

function notAsWritten(path: string, got: string, expected: string): InputError {
  const { todo } = CHECKPOINT_ERROR;
  return new InputError({ what: `Checkpoint transitions ${path} are damaged`, got, expected, todo });
}

function rowBytes({ inputSize, targetSize }: ReplayBuffer): number {
  return NUMBER * (inputSize + targetSize);
}

function bytesOf(rows: Float32Array): Uint8Array {
  return new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
}

/** A copy, because bytes that were read need not be aligned. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}
