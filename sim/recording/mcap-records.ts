import { MCAP_MAGIC, Opcode } from "@mcap/core";
import { checkLimit } from "./limits.js";

// https://mcap.dev/spec: a record is an opcode, the u64 length of its content, and that content. A chunk's content begins
// with u64 start time, u64 end time, u64 size, u32 checksum, string compression, u64 length of the records.
/** Bytes of a record before its content. */
export const RECORD_HEAD = 9;
const COMPRESSION_AT = RECORD_HEAD + 28;
/** Bytes of a chunk that is not compressed before its records. */
const CHUNK_HEAD = COMPRESSION_AT + 12;

/** Where a record lies in its file. */
export interface Span {
  readonly opcode: number;
  readonly start: number;
  /** Of the byte behind it. */
  readonly end: number;
}

/** Records one after another from byte `at` on, up to the first that is not complete before byte `end`. */
export function* spans(bytes: Buffer, at: number, end: number): Generator<Span> {
  while (at + RECORD_HEAD <= end) {
    const span = spanAt(bytes, at);
    if (span.end > end) return;
    yield span;
    at = span.end;
  }
}

/** The record whose head stands at a byte; it may end behind the file. */
export function spanAt(bytes: Buffer, start: number): Span {
  const end = start + RECORD_HEAD + Number(bytes.readBigUInt64LE(start + 1));
  return { opcode: bytes.readUInt8(start), start, end };
}

/** Records inside a chunk; none of a compressed one. */
export function* spansInside(bytes: Buffer, chunk: Span): Generator<Span> {
  if (chunk.end - chunk.start < CHUNK_HEAD || isCompressed(bytes, chunk)) return;
  const length = Number(bytes.readBigUInt64LE(chunk.start + CHUNK_HEAD - 8));
  const first = chunk.start + CHUNK_HEAD;
  yield* spans(bytes, first, Math.min(first + length, chunk.end));
}

/**
 * The complete records before the end of the data, those inside chunks as if there were no chunks: a chunk that was cut
 * off still gives what it has.
 */
export function* spansUntilDamage(bytes: Buffer): Generator<Span> {
  let at = MCAP_MAGIC.length;
  while (at + RECORD_HEAD <= bytes.length) {
    const span = spanAt(bytes, at);
    if (span.opcode === Opcode.FOOTER || span.opcode === Opcode.DATA_END) return;
    if (span.opcode === Opcode.CHUNK && at + CHUNK_HEAD <= bytes.length) {
      if (isCompressed(bytes, span)) return;
      at += CHUNK_HEAD;
      continue;
    }
    if (span.end > bytes.length) return;
    yield span;
    at = span.end;
  }
}

/** Ours never are. */
function isCompressed(bytes: Buffer, chunk: Span): boolean {
  return bytes.readUInt32LE(chunk.start + COMPRESSION_AT) !== 0;
}

/** Counts records by their heads, so that what is too much is not decoded. */
export class RecordCount {
  #records = 0;
  #messages = 0;
  #bookkeeping = 0;

  /** @throws LimitExceeded when the record is too large, or those so far are too many */
  add({ opcode, start, end }: Span): void {
    const size = end - start;
    checkLimit("records", ++this.#records);
    if (opcode === Opcode.CHUNK) checkLimit("chunkBytes", size);
    else if (opcode === Opcode.MESSAGE) {
      checkLimit("messages", ++this.#messages);
      checkLimit("messageBytes", size);
    } else if (opcode !== Opcode.ATTACHMENT) {
      this.#bookkeeping += size;
      checkLimit("bookkeepingBytes", this.#bookkeeping);
      if (opcode === Opcode.METADATA) checkLimit("metadataBytes", size);
    }
  }
}
