import { InputError } from "./errors.js";
import { parseJson } from "./parse-json.js";
import { problemOf } from "./problem.js";

type TensorData = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A dense row-major tensor: `data.length` is the product of `shape` (1 for the shape `[]`). */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface SafetensorsFile {
  /** In the order of their bytes in the file. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const DTYPES = {
  F32: { bytes: 4, read: (buffer: ArrayBuffer) => new Float32Array(buffer) },
  F64: { bytes: 8, read: (buffer: ArrayBuffer) => new Float64Array(buffer) },
  I32: { bytes: 4, read: (buffer: ArrayBuffer) => new Int32Array(buffer) },
  U8: { bytes: 1, read: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
} as const;
type Dtype = keyof typeof DTYPES;

const LENGTH_BYTES = 8;
const METADATA_KEY = "__metadata__";

/**
 * Encodes tensors as safetensors (https://huggingface.co/docs/safetensors): header length as u64, a JSON header
 * padded with spaces to a multiple of 8, raw data. Equal input in equal key order gives equal bytes.
 * @throws RangeError when a shape does not fit its data or a tensor is named `__metadata__`.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const header: [string, unknown][] = metadata === undefined ? [] : [[METADATA_KEY, metadata]];
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === METADATA_KEY) throw new RangeError(`A tensor cannot be named ${METADATA_KEY}.`);
    if (!shape.every(isSize) || elementCount(shape) !== data.length) {
      throw new RangeError(
        `Tensor ${name}: shape [${shape.join(", ")}] does not fit ${data.length} elements.`,
      );
    }
    const start = end;
    end += data.byteLength;
    header.push([name, { dtype: dtypeOf(data), shape, data_offsets: [start, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  out.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const { data } of Object.values(tensors)) {
    // Node runs on little-endian machines only in practice, so memory order is file order.
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

/**
 * Decodes safetensors into arrays of their own memory. `name` is the file's name in messages.
 * @throws InputError when anything about the bytes is not exactly as the format demands.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes, name);
  const { [METADATA_KEY]: metadata = {}, ...entries } = header;
  if (!isStringMap(metadata)) {
    throw damaged(name, METADATA_KEY, JSON.stringify(metadata), "a map of strings");
  }
  const parsed = Object.entries(entries).map(([tensor, entry]) => parseEntry(name, tensor, entry));
  parsed.sort((a, b) => a.start - b.start || a.end - b.end);
  const tensors: [string, Tensor][] = [];
  let end = 0;
  for (const entry of parsed) {
    if (entry.start !== end) {
      throw damaged(name, `tensor ${entry.tensor}`, `data from byte ${entry.start}`, `data from byte ${end}`);
    }
    end = entry.end;
    if (dataStart + end > bytes.length) {
      throw damaged(name, `tensor ${entry.tensor}`, `a file of ${bytes.length} bytes`, `${dataStart + end}`);
    }
    // A copy, because the file's offsets need not be aligned for the element type.
    const copy = new Uint8Array(bytes.subarray(dataStart + entry.start, dataStart + entry.end));
    const data = DTYPES[entry.dtype].read(copy.buffer);
    tensors.push([entry.tensor, { shape: entry.shape, data }]);
  }
  if (dataStart + end !== bytes.length) {
    throw damaged(name, "length", `${bytes.length} bytes`, `${dataStart + end} bytes`);
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

function readHeader(bytes: Uint8Array, name: string) {
  if (bytes.length < LENGTH_BYTES) {
    throw damaged(name, "header length", `a file of ${bytes.length} bytes`, "at least 8 bytes");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = bytes.length - LENGTH_BYTES;
  if (length > BigInt(most)) {
    throw damaged(name, "header length", `${length}`, `at most ${most}, the bytes that follow it`);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    header = parseJson(text.decode(bytes.subarray(LENGTH_BYTES, dataStart)));
  } catch (cause) {
    throw damaged(name, "header", problemOf(cause), "JSON", cause);
  }
  if (!isRecord(header)) throw damaged(name, "header", JSON.stringify(header), "a JSON object");
  return { header, dataStart };
}

function parseEntry(name: string, tensor: string, entry: unknown) {
  const fail = (field: string, got: unknown, expected: string) =>
    damaged(name, `${field} of tensor ${tensor}`, JSON.stringify(got) ?? "nothing", expected);
  if (!isRecord(entry)) throw fail("entry", entry, "an object with dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPES, dtype)) {
    throw fail("dtype", dtype, Object.keys(DTYPES).join(", "));
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw fail("shape", shape, "a list of non-negative integers");
  }
  if (
    !Array.isArray(offsets) ||
    offsets.length !== 2 ||
    !offsets.every(isSize) ||
    offsets[0]! > offsets[1]!
  ) {
    throw fail("data_offsets", offsets, "[start, end] with 0 <= start <= end");
  }
  const [start, end] = offsets as [number, number];
  const size = elementCount(shape) * DTYPES[dtype as Dtype].bytes;
  if (end - start !== size) {
    throw fail("data_offsets", offsets, `${size} bytes for ${dtype} [${shape.join(", ")}]`);
  }
  return { tensor, dtype: dtype as Dtype, shape: shape as number[], start, end };
}

function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Float64Array) return "F64";
  return data instanceof Int32Array ? "I32" : "U8";
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStringMap(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((v) => typeof v === "string");
}

function damaged(name: string, part: string, got: string, expected: string, cause?: unknown): InputError {
  return new InputError({
    what: `${name} is damaged or not a safetensors file: ${part}`,
    got,
    expected,
    todo: "Restore the file from a copy, or use an earlier checkpoint",
    cause,
  });
}
