import { crc32 } from "node:zlib";
import { type IWritable, MCAP_MAGIC, McapStreamReader, type McapTypes, McapWriter, Opcode } from "@mcap/core";
import { asBuffer } from "../core/as-buffer.js";
import { InputError } from "../core/errors.js";
import { damaged, readingError } from "./file-bytes.js";
import { RecordCount, spans, spansInside } from "./mcap-records.js";

export interface McapChannel {
  readonly topic: string;
  readonly schemaName: string;
  readonly encoding: "json" | "protobuf";
  readonly schema: Uint8Array;
}

export interface McapMessage {
  readonly topic: string;
  /** Simulated time, ns. */
  readonly time: bigint;
  readonly data: Uint8Array;
}

export interface McapContent {
  readonly attachments: ReadonlyMap<string, Uint8Array>;
  readonly metadata: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

class MemoryWritable implements IWritable {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  async write(buffer: Uint8Array): Promise<void> {
    // The writer fills the same buffer again for its next record.
    this.#parts.push(buffer.slice());
    this.#length += buffer.length;
  }

  position(): bigint {
    return BigInt(this.#length);
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts, this.#length);
  }
}

/** Builds an MCAP file in memory: chunked, uncompressed, indexed, with every checksum. */
export async function buildMcap(
  library: string,
  channels: readonly McapChannel[],
  messages: readonly McapMessage[],
  content: McapContent,
): Promise<Uint8Array> {
  const writable = new MemoryWritable();
  const writer = new McapWriter({ writable });
  await writer.start({ profile: "", library });
  // First, so that a file cut off by a crash or a copy still says what it is.
  for (const [name, fields] of content.metadata) {
    await writer.addMetadata({ name, metadata: new Map(fields) });
  }
  const schemaIds = new Map<string, number>();
  const channelIds = new Map<string, number>();
  for (const { topic, schemaName: name, encoding, schema: data } of channels) {
    const encodingOfSchema = encoding === "json" ? "jsonschema" : "protobuf";
    const schemaId =
      schemaIds.get(name) ?? (await writer.registerSchema({ name, encoding: encodingOfSchema, data }));
    schemaIds.set(name, schemaId);
    const channel = { schemaId, topic, messageEncoding: encoding, metadata: new Map<string, string>() };
    channelIds.set(topic, await writer.registerChannel(channel));
  }
  const sequences = new Map<number, number>();
  for (const { topic, time, data } of messages) {
    const channelId = channelIds.get(topic) ?? -1;
    const sequence = sequences.get(channelId) ?? 0;
    sequences.set(channelId, sequence + 1);
    await writer.addMessage({ channelId, sequence, logTime: time, publishTime: time, data });
  }
  for (const [name, data] of content.attachments) {
    const mediaType = "application/octet-stream";
    await writer.addAttachment({ name, mediaType, logTime: 0n, createTime: 0n, data });
  }
  await writer.end();
  return writable.bytes();
}

export interface ReadMcap extends McapContent {
  /** Messages by topic, in file order. */
  readonly messages: ReadonlyMap<string, readonly Uint8Array[]>;
}

/**
 * Reads an MCAP file whole, after checking both checksums that together cover all of it.
 * @param path for messages
 * @throws InputError when it is no MCAP file, is truncated, has changed bytes or holds more than is read of a recording
 */
export function readMcap(path: string, bytes: Uint8Array): ReadMcap {
  const buffer = asBuffer(bytes);
  const parts = checkIntegrity(path, buffer);
  try {
    return collect(buffer, parts);
  } catch (cause) {
    throw readingError(path, cause, "valid MCAP records");
  }
}

/** First bytes of the parts of a file. */
interface Parts {
  readonly dataEnd: number;
  readonly summary: number;
  readonly footer: number;
}

/** Goes through the records one by one, so that none is decoded before it is known to be small enough. */
function collect(bytes: Buffer, { dataEnd, summary, footer }: Parts): ReadMcap {
  const content = new CollectedMcap();
  const reader = new McapStreamReader({ validateCrcs: true });
  const count = new RecordCount();
  const take = (start: number, end: number) => {
    reader.append(bytes.subarray(start, end));
    for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord()) {
      content.add(record);
    }
  };
  const takeAll = (from: number, to: number) => {
    let at = from;
    for (const span of spans(bytes, from, to)) {
      count.add(span);
      if (span.opcode === Opcode.CHUNK) for (const inside of spansInside(bytes, span)) count.add(inside);
      take(span.start, span.end);
      at = span.end;
    }
    if (at !== to) throw new Error(`a record at byte ${at} that does not end before byte ${to}`);
  };
  take(0, MAGIC.length);
  takeAll(MAGIC.length, dataEnd);
  take(dataEnd, summary);
  takeAll(summary, footer);
  take(footer, bytes.length);
  if (!reader.done()) throw new Error("The last record is incomplete");
  return content;
}

/** What the records of a file amount to, as far as they were added. */
export class CollectedMcap implements ReadMcap {
  readonly messages = new Map<string, Uint8Array[]>();
  readonly attachments = new Map<string, Uint8Array>();
  readonly metadata = new Map<string, ReadonlyMap<string, string>>();
  readonly #topics = new Map<number, string>();

  add(record: McapTypes.TypedMcapRecord): void {
    if (record.type === "Channel") {
      this.#topics.set(record.id, record.topic);
      if (!this.messages.has(record.topic)) this.messages.set(record.topic, []);
    }
    if (record.type === "Message") {
      this.messages.get(this.#topics.get(record.channelId) ?? "")?.push(record.data);
    }
    if (record.type === "Attachment") this.attachments.set(record.name, record.data);
    if (record.type === "Metadata") this.metadata.set(record.name, record.metadata);
  }
}

// https://mcap.dev/spec: the file ends with DataEnd (opcode, u64 length 4, u32 checksum of all before it), the
// summary, Footer (opcode, u64 length 20, u64 summary start, u64, u32 checksum from the summary start) and magic.
const MAGIC = Buffer.from(MCAP_MAGIC);
const DATA_END_BYTES = 13;
const FOOTER_BYTES = 29;

function checkIntegrity(path: string, bytes: Buffer): Parts {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new InputError({
      what: `${path} is not an MCAP file`,
      got:
        bytes.length === 0
          ? "an empty file"
          : `first bytes ${bytes.subarray(0, MAGIC.length).toString("hex")}`,
      expected: `${MAGIC.toString("hex")}`,
      todo: "Give the path of an episode file (.mcap)",
    });
  }
  const footerAt = bytes.length - MAGIC.length - FOOTER_BYTES;
  const least = MAGIC.length + DATA_END_BYTES;
  if (footerAt < least || !bytes.subarray(-MAGIC.length).equals(MAGIC)) {
    throw damaged(
      path,
      `${bytes.length} bytes without an end mark (truncated?)`,
      "a file written to its end",
    );
  }
  const summaryStart = bytes.readBigUInt64LE(footerAt + 9);
  if (summaryStart < BigInt(least) || summaryStart > BigInt(footerAt)) {
    throw damaged(path, `summary at byte ${summaryStart}`, `one between bytes ${least} and ${footerAt}`);
  }
  const summaryAt = Number(summaryStart);
  const summaryEnd = footerAt + FOOTER_BYTES - 4;
  expectChecksum(path, "summary", bytes.subarray(summaryAt, summaryEnd), bytes.readUInt32LE(summaryEnd));
  const dataEndAt = summaryAt - DATA_END_BYTES;
  if (bytes[dataEndAt] !== Opcode.DATA_END || bytes.readBigUInt64LE(dataEndAt + 1) !== 4n) {
    throw damaged(path, "no end-of-data record before the summary", "one");
  }
  expectChecksum(path, "data", bytes.subarray(0, dataEndAt), bytes.readUInt32LE(summaryAt - 4));
  return { dataEnd: dataEndAt, summary: summaryAt, footer: footerAt };
}

function expectChecksum(path: string, part: string, bytes: Uint8Array, expected: number): void {
  const got = crc32(bytes);
  if (got === expected) return;
  throw damaged(path, `${part} with CRC ${got.toString(16)}`, `CRC ${expected.toString(16)}`);
}
