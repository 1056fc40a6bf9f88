import { describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import { decodeSafetensors, encodeSafetensors } from "../../../sim/core/safetensors.js";

const TENSORS = {
  weight: { shape: [2, 3], data: Float32Array.of(1, -0, Number.NaN, 1e-45, Number.POSITIVE_INFINITY, -2.5) },
  bytes: { shape: [3], data: Uint8Array.of(0, 128, 255) },
  moment: { shape: [1, 2, 1], data: Float64Array.of(Math.PI, -1e-320) },
  counts: { shape: [2], data: Int32Array.of(-2147483648, 7) },
  scalar: { shape: [], data: Float64Array.of(42) },
  empty: { shape: [0, 5], data: new Float32Array(0) },
};
const METADATA = { schema: "1", note: "größer" };

/** A file from a header given as text or value, followed by `data` bytes. */
function file(header: unknown, data = 0, padding = 0): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length + padding));
  return Buffer.concat([length, text, Buffer.alloc(padding, " "), Buffer.alloc(data)]);
}

function message(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes, "w.safetensors");
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  return "no error";
}

const entry = (shape: unknown, offsets: unknown, dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: offsets,
});

describe("safetensors", () => {
  it("gives back every bit, shape, type and the metadata", () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors(TENSORS, METADATA), "w");
    expect(metadata).toEqual(METADATA);
    expect(tensors).toStrictEqual(TENSORS);
    expect(Object.is(tensors.weight!.data[1], -0)).toBe(true);
    expect(Object.keys(tensors)).toEqual(Object.keys(TENSORS));
  });

  it("writes the layout of the format description", () => {
    const bytes = Buffer.from(encodeSafetensors({ a: { shape: [2], data: Float32Array.of(1, 2) } }));
    const json = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const padded = Math.ceil(json.length / 8) * 8;
    expect(bytes.readBigUInt64LE(0)).toBe(BigInt(padded));
    expect(bytes.toString("utf8", 8, 8 + padded)).toBe(json.padEnd(padded));
    expect(bytes.subarray(8 + padded).toString("hex")).toBe("0000803f00000040");
  });

  it("is deterministic, and reads from a view into a larger buffer", () => {
    const bytes = encodeSafetensors(TENSORS, METADATA);
    expect(Buffer.compare(bytes, encodeSafetensors(TENSORS, METADATA))).toBe(0);
    const around = new Uint8Array(bytes.length + 9);
    around.set(bytes, 3);
    const { tensors } = decodeSafetensors(around.subarray(3, 3 + bytes.length), "w");
    expect(tensors).toStrictEqual(TENSORS);
    const { tensors: own } = decodeSafetensors(bytes, "w");
    bytes.fill(0);
    expect(own).toStrictEqual(TENSORS);
  });

  it("refuses to write a shape that does not fit", () => {
    expect(() => encodeSafetensors({ a: { shape: [2], data: new Float32Array(3) } })).toThrow(RangeError);
    expect(() => encodeSafetensors({ a: { shape: [-1, -3], data: new Float32Array(3) } })).toThrow(
      RangeError,
    );
    expect(() => encodeSafetensors({ __metadata__: { shape: [1], data: new Float32Array(1) } })).toThrow(
      /cannot be named/,
    );
  });

  it("refuses every truncation and added bytes", () => {
    const bytes = encodeSafetensors(TENSORS, METADATA);
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(message(bytes.subarray(0, cut)), `cut at ${cut}`).toMatch(/^w\.safetensors is damaged/);
    }
    expect(message(Buffer.concat([bytes, Buffer.alloc(1)]))).toMatch(
      /length; got \d+ bytes; expected \d+ bytes/,
    );
  });

  it("never crashes or returns wrong sizes on flipped header bits", () => {
    const bytes = encodeSafetensors(TENSORS);
    const headerEnd = 8 + Buffer.from(bytes).readUInt32LE(0);
    let refused = 0;
    for (let bit = 0; bit < headerEnd * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      // A flip inside a name cannot be told from another name; anything else must be refused.
      if (message(flipped) !== "no error") refused++;
      else {
        const { tensors } = decodeSafetensors(flipped, "w");
        expect(Object.values(tensors).map((t) => t.data.byteLength)).toEqual(
          Object.values(TENSORS).map((t) => t.data.byteLength),
        );
      }
    }
    expect(refused).toBeGreaterThan(headerEnd * 8 * 0.7);
  });

  it.each([
    [
      "a huge header length",
      Buffer.from("ffffffffffffffff7b7d", "hex"),
      /header length; got 18446744073709551615/,
    ],
    ["no JSON", file("{nope"), /header; got .*JSON/],
    ["a list", file([]), /header; got \[\]; expected a JSON object/],
    ["invalid UTF-8", Buffer.from("0200000000000000ff7d", "hex"), /header/],
    [
      "metadata of numbers",
      file({ __metadata__: { a: 1 } }),
      /__metadata__; got .*expected a map of strings/,
    ],
    [
      "an unknown dtype",
      file({ a: entry([1], [0, 2], "F16") }, 2),
      /dtype of tensor a; got "F16"; expected F32, F64/,
    ],
    ["an inherited dtype", file({ a: entry([1], [0, 4], "toString") }, 4), /dtype of tensor a/],
    ["an entry that is null", file({ a: null }), /entry of tensor a; got null/],
    ["no shape", file({ a: entry(undefined, [0, 4]) }, 4), /shape of tensor a; got nothing/],
    ["a negative size", file({ a: entry([-1], [0, 4]) }, 4), /shape of tensor a; got \[-1\]/],
    ["a fractional size", file({ a: entry([0.5], [0, 2]) }, 2), /shape of tensor a/],
    [
      "a product that differs",
      file({ a: entry([3], [0, 8]) }, 8),
      /got \[0,8\]; expected 12 bytes for F32 \[3\]/,
    ],
    ["reversed offsets", file({ a: entry([1], [4, 0]) }, 4), /data_offsets of tensor a/],
    ["one offset", file({ a: entry([1], [4]) }, 4), /data_offsets of tensor a/],
    [
      "a hole before",
      file({ a: entry([1], [4, 8]) }, 8),
      /tensor a; got data from byte 4; expected data from byte 0/,
    ],
    [
      "an overlap",
      file({ a: entry([2], [0, 8]), b: entry([1], [4, 8]) }, 8),
      /tensor b; got data from byte 4/,
    ],
    ["data past the end", file({ a: entry([2], [0, 8]) }, 4), /tensor a; got a file of/],
    ["a product beyond 2^53", file({ a: entry([2 ** 40, 2 ** 40], [0, 4]) }, 4), /data_offsets of tensor a/],
  ])("refuses %s", (_, bytes, expected) => {
    expect(message(bytes)).toMatch(expected);
  });

  it("reads foreign files: tensors in any order, unaligned, header padded", () => {
    const header = { b: entry([1], [3, 7]), a: entry([3], [0, 3], "U8") };
    const bytes = file(header, 7, 5);
    bytes.set([1, 2, 3, 0, 0, 128, 63], bytes.length - 7);
    const { tensors } = decodeSafetensors(bytes, "w");
    expect(tensors.a!.data).toStrictEqual(Uint8Array.of(1, 2, 3));
    expect(tensors.b!.data).toStrictEqual(Float32Array.of(1));
  });
});
