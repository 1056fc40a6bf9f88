import { type IReadable, McapIndexedReader, McapStreamReader } from "@mcap/core";
import { protobufFromBinaryDescriptor } from "@mcap/support";

/** A message decoded with nothing but what its file says. */
interface ForeignMessage {
  readonly time: bigint;
  readonly value: Record<string, unknown>;
}

export interface ForeignTopic {
  readonly encoding: string;
  readonly schemaName: string;
  readonly schemaEncoding: string;
  readonly schemaData: Uint8Array;
  readonly messages: readonly ForeignMessage[];
}

class Bytes implements IReadable {
  constructor(readonly bytes: Uint8Array) {}
  async size(): Promise<bigint> {
    return BigInt(this.bytes.length);
  }
  async read(offset: bigint, size: bigint): Promise<Uint8Array> {
    return this.bytes.slice(Number(offset), Number(offset + size));
  }
}

/** Reads front to back, checking every checksum. @throws Error where a record is wrong or missing */
function countStreamed(bytes: Uint8Array): number {
  const reader = new McapStreamReader({ validateCrcs: true });
  reader.append(bytes);
  let messages = 0;
  for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord()) {
    if (record.type === "Message") messages++;
  }
  if (!reader.done()) throw new Error("no end of the file");
  return messages;
}

/** Reads a recording as a viewer does: by its index, front to back too, decoding with the schemas in the file. */
export async function readForeign(bytes: Uint8Array): Promise<Map<string, ForeignTopic>> {
  const reader = await McapIndexedReader.Initialize({ readable: new Bytes(bytes) });
  const decoders = new Map<number, (data: Uint8Array) => Record<string, unknown>>();
  const topics = new Map<number, ForeignTopic & { messages: ForeignMessage[] }>();
  for (const { id, topic, schemaId, messageEncoding } of reader.channelsById.values()) {
    const schema = reader.schemasById.get(schemaId);
    if (schema === undefined) throw new Error(`no schema of ${topic}`);
    decoders.set(id, messageEncoding === "json" ? decodeJson : protobufDecoder(schema.name, schema.data));
    topics.set(id, {
      encoding: messageEncoding,
      schemaName: schema.name,
      schemaEncoding: schema.encoding,
      schemaData: schema.data,
      messages: [],
    });
  }
  let [count, last] = [0, 0n];
  for await (const { channelId, logTime, publishTime, data } of reader.readMessages({ validateCrcs: true })) {
    if (logTime < last || publishTime !== logTime) throw new Error(`time ${logTime} after ${last}`);
    last = logTime;
    count++;
    topics.get(channelId)?.messages.push({ time: logTime, value: decoders.get(channelId)!(data) });
  }
  if (countStreamed(bytes) !== count) throw new Error("the index does not have every message");
  return new Map([...topics].map(([id, topic]) => [reader.channelsById.get(id)!.topic, topic]));
}

function decodeJson(data: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data)) as Record<string, unknown>;
}

function protobufDecoder(name: string, schema: Uint8Array): (data: Uint8Array) => Record<string, unknown> {
  const type = protobufFromBinaryDescriptor(schema).lookupType(name);
  return (data) => {
    const message = type.decode(data);
    // Unknown fields would be dropped in silence.
    if (Buffer.compare(type.encode(message).finish(), data) !== 0)
      throw new Error(`${name} has other fields`);
    return type.toObject(message, { longs: BigInt, defaults: true, arrays: true });
  };
}
