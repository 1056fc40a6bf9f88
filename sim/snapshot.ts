import { createHash } from "node:crypto";
import { asBuffer } from "./core/as-buffer.js";
import { InputError } from "./core/errors.js";

const MAGIC = Buffer.from("HCRLSNAP");
const VERSION = 1;
const HASH_BYTES = 32;
// magic, format version, length of the extra state, length of the world, identity, checksum
const HEADER_BYTES = MAGIC.length + 12 + 2 * HASH_BYTES;

/** The two parts of a scene's state. */
export interface SnapshotParts {
  /** Numbers that decide the future and that the physics world does not hold. */
  readonly extra: Float64Array;
  /** Rapier's bytes. */
  readonly world: Uint8Array;
}

const sha256 = (...parts: (string | Uint8Array)[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const bytesOf = (x: Float64Array): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

/** Joins the parts under a header that names the format, the scene (`identity`, any text) and a checksum. */
export function encodeSnapshot(identity: string, { extra, world }: SnapshotParts): Uint8Array {
  const head = Buffer.alloc(HEADER_BYTES);
  const extraBytes = bytesOf(extra);
  MAGIC.copy(head);
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(extraBytes.length, 12);
  head.writeUInt32LE(world.length, 16);
  sha256(identity).copy(head, 20);
  sha256(extraBytes, world).copy(head, 20 + HASH_BYTES);
  return new Uint8Array(Buffer.concat([head, extraBytes, world]));
}

/**
 * Takes a snapshot apart. Rapier may crash for good on damaged bytes, hence the checksum.
 * @throws InputError when the bytes are damaged, too short or long, or of another format or scene.
 */
export function decodeSnapshot(identity: string, snapshot: Uint8Array): SnapshotParts {
  const bytes = asBuffer(snapshot);
  const fail = (got: string, expected: string): never => {
    throw new InputError({
      what: "Cannot restore the scene snapshot",
      got,
      expected,
      todo: "Restore a snapshot that this task took with this version of the physics engine",
    });
  };
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) {
    fail(`${bytes.length} bytes without its header`, "a snapshot");
  }
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) fail(`format ${version}`, `format ${VERSION}`);
  const extraEnd = HEADER_BYTES + bytes.readUInt32LE(12);
  const end = extraEnd + bytes.readUInt32LE(16);
  if (bytes.length !== end) fail(`${bytes.length} bytes`, `${end} bytes`);
  if (!bytes.subarray(20, 20 + HASH_BYTES).equals(sha256(identity))) {
    fail("one of another scene or physics version", identity);
  }
  const body = bytes.subarray(HEADER_BYTES);
  if (!bytes.subarray(20 + HASH_BYTES, HEADER_BYTES).equals(sha256(body))) {
    fail("bytes that differ from their checksum", "undamaged bytes");
  }
  // Copied: a Float64Array must start at a multiple of 8 bytes.
  const extra = new Float64Array(new Uint8Array(bytes.subarray(HEADER_BYTES, extraEnd)).buffer);
  return { extra, world: snapshot.subarray(extraEnd) };
}
