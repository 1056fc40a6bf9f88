import { crc32 } from "node:zlib";
import { type IWritable, MCAP_MAGIC, McapStreamReader, McapWriter, Opcode } from "@mcap/core";
import { InputError } from "../core/errors.js";
import { problemOf } from "../core/problem.js";
import { damaged, readBytes } from "./file-bytes.js";

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
 * @throws InputError when it cannot be read, is no MCAP file, is truncated or has changed bytes.
 */
export function readMcap(path: string): ReadMcap {
  const bytes = readBytes(path);
  checkIntegrity(path, bytes);
  try {
    return collect(bytes);
  } catch (cause) {
    throw damaged(path, problemOf(cause), "valid MCAP records", cause);
  }
}

function collect(bytes: Uint8Array): ReadMcap {
  const topics = new Map<number, string>();
  const messages = new Map<string, Uint8Array[]>();
  const attachments = new Map<string, Uint8Array>();
  const metadata = new Map<string, ReadonlyMap<string, string>>();
  const reader = new McapStreamReader({ validateCrcs: true });
  reader.append(bytes);
  for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord()) {
    if (record.type === "Channel") {
      topics.set(record.id, record.topic);
      if (!messages.has(record.topic)) messages.set(record.topic, []);
    }
    if (record.type === "Message") messages.get(topics.get(record.channelId) ?? "")?.push(record.data);
    if (record.type === "Attachment") attachments.set(record.name, Uint8Array.from(record.data));
    if (record.type === "Metadata") metadata.set(record.name, record.metadata);
  }
  if (!reader.done()) throw new Error("The last record is incomplete");
  return { messages, attachments, metadata };
}

// https://mcap.dev/spec: the file ends with DataEnd (opcode, u64 length 4, u32 checksum of all before it), the
// summary, Footer (opcode, u64 length 20, u64 summary start, u64, u32 checksum from the summary start) and magic.
const MAGIC = Buffer.from(MCAP_MAGIC);
const DATA_END_BYTES = 13;
const FOOTER_BYTES = 29;

function checkIntegrity(path: string, bytes: Buffer): void {
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
}

function expectChecksum(path: string, part: string, bytes: Uint8Array, expected: number): void {
  const got = crc32(bytes);
  if (got === expected) return;
  throw damaged(path, `${part} with CRC ${got.toString(16)}`, `CRC ${expected.toString(16)}`);
}
