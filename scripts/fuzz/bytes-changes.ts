import fc from "fast-check";

/** A change of bytes at one place, which is a share of their number. */
export interface BytesChange {
  readonly kind: "flip" | "cut" | "insert" | "remove" | "repeat" | "number" | "zero";
  readonly at: number;
  readonly length: number;
  readonly bit: number;
  readonly number: bigint;
  readonly bytes: Uint8Array;
}

const bytesChange: fc.Arbitrary<BytesChange> = fc.record({
  kind: fc.constantFrom("flip", "flip", "cut", "insert", "remove", "repeat", "number", "number", "zero"),
  // Heads hold lengths and kinds, and tails hold indices.
  at: fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 0.02, noNaN: true }),
    fc.double({ min: 0.97, max: 1, noNaN: true }),
  ),
  length: fc.constantFrom(1, 2, 4, 8, 64, 1000, 65_536),
  bit: fc.nat({ max: 7 }),
  number: fc.constantFrom(
    0n,
    1n,
    255n,
    65_535n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ),
  bytes: fc.uint8Array({ maxLength: 64 }),
});

/** One to five changes. */
export const bytesChanges = fc.array(bytesChange, { minLength: 1, maxLength: 5 });

/** Bytes after changes. */
export function changedBytes(bytes: Uint8Array, changes: readonly BytesChange[]): Buffer {
  return changes.reduce<Buffer>(applyBytes, Buffer.from(bytes));
}

function applyBytes(bytes: Buffer, { kind, at, length, bit, number, bytes: more }: BytesChange): Buffer {
  const place = Math.min(Math.floor(at * bytes.length), Math.max(bytes.length - 1, 0));
  const part = bytes.subarray(place, place + length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place + part.length)];
  switch (kind) {
    case "cut":
      return Buffer.from(before);
    case "insert":
      return Buffer.concat([before, more, bytes.subarray(place)]);
    case "remove":
      return Buffer.concat([before, after]);
    case "repeat":
      return Buffer.concat([before, part, part, part, after]);
    case "zero":
      return Buffer.concat([before, Buffer.alloc(part.length), after]);
    case "flip":
      if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << bit), place);
      return bytes;
    case "number":
      if (bytes.length >= 8) bytes.writeBigUInt64LE(number, Math.min(place, bytes.length - 8));
      return bytes;
  }
}
