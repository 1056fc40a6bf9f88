import { readFileSync } from "node:fs";

/** A decoded event, as a program that shares nothing with the writer sees it. */
export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly values: Readonly<Record<string, number>>;
}

/** CRC-32C bit by bit, as a TFRecord masks it. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  return (Math.floor(crc / 2 ** 15) + (crc % 2 ** 15) * 2 ** 17 + 0xa282ead8) % 2 ** 32;
}

/** Fields of a protobuf message: number → raw values, in order. */
function fields(bytes: Buffer): Map<number, (number | Buffer)[]> {
  const out = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const value = (wire: number): number | Buffer => {
    if (wire === 0) return varint();
    const size = wire === 1 ? 8 : wire === 5 ? 4 : varint();
    at += size;
    const raw = bytes.subarray(at - size, at);
    if (wire === 1) return raw.readDoubleLE();
    return wire === 5 ? raw.readFloatLE() : raw;
  };
  while (at < bytes.length) {
    const key = varint();
    out.set(key >> 3, [...(out.get(key >> 3) ?? []), value(key & 7)]);
  }
  return out;
}

function decode(data: Buffer): ReadEvent {
  const event = fields(data);
  const version = event.get(3)?.[0] as Buffer | undefined;
  const summary = event.get(5)?.[0] as Buffer | undefined;
  const values = (summary === undefined ? [] : (fields(summary).get(1) ?? [])).map((raw) => {
    const value = fields(raw as Buffer);
    const tag = String(value.get(1)?.[0]);
    // `simple_value` is one of several kinds of value: where it is missing there is no value, not 0.
    if (!value.has(2)) throw new Error(`${tag} has no value`);
    return [tag, value.get(2)?.[0] as number] as const;
  });
  return {
    wallTime: (event.get(1)?.[0] ?? 0) as number,
    step: (event.get(2)?.[0] ?? 0) as number,
    ...(version && { fileVersion: String(version) }),
    values: Object.fromEntries(values),
  };
}

/** Every event of a file. @throws Error at a record that is cut off or does not fit its checksums, and at a tag without a value */
export function readEvents(path: string): ReadEvent[] {
  const bytes = readFileSync(path);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (bytes.readUInt32LE(at + 8) !== maskedCrc(bytes.subarray(at, at + 8)))
      throw new Error(`length at ${at}`);
    if (bytes.readUInt32LE(at + 12 + length) !== maskedCrc(data)) throw new Error(`data at ${at}`);
    events.push(decode(data));
    at += 16 + length;
  }
  return events;
}

/** Points of each curve, `[step, value]`. */
export function curves(events: readonly ReadEvent[]): Record<string, [number, number][]> {
  const out: Record<string, [number, number][]> = {};
  for (const { step, values } of events) {
    for (const [tag, value] of Object.entries(values)) {
      out[tag] ??= [];
      out[tag].push([step, value]);
    }
  }
  return out;
}
