import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { decodeSafetensors, encodeSafetensors } from "../../sim/core/safetensors.js";
import { type BytesChange, bytesChanges, changedBytes } from "./bytes-changes.js";
import { changedJson, type JsonChange, jsonChanges } from "./json-changes.js";

/** A checkpoint whose checksum is right, mostly. */
export function changedCheckpoint(original: Buffer, changes: readonly JsonChange[]): string {
  const { sha256: _, ...content } = JSON.parse(original.toString("utf8"));
  const text = changedJson(content, changes);
  const sha256 = createHash("sha256").update(text).digest("hex");
  const sealed = text.startsWith("{") ? `${text.slice(0, -1)},"sha256":"${sha256}"}` : text;
  return `${sealed}\n`;
}

/** What a checkpoint says of one of its files. */
type NamedFile = (content: {
  readonly arrays: Hashed;
  readonly current: { readonly arrays: Hashed; readonly transitions: Hashed };
}) => Hashed;

interface Hashed {
  sha256: string;
}

/** Arrays that a checkpoint names with their right hash: other names, shapes and numbers, or other bytes. */
export function changedArrays(named: NamedFile) {
  return (
    original: Buffer,
    { json: changes, bytes }: { json: readonly JsonChange[]; bytes: readonly BytesChange[] },
    path: string,
  ): Uint8Array =>
    sealed(
      path,
      changes.length % 2 === 0 ? changedBytes(original, bytes) : changedHeader(original, changes),
      named,
    );
}

/** Transitions with their right hash, mostly: that of as many bytes as there were. */
export function changedTransitions(
  original: Buffer,
  changes: readonly BytesChange[],
  path: string,
): Uint8Array {
  const bytes = changedBytes(original, changes);
  sealed(path, bytes.subarray(0, original.length), ({ current }) => current.transitions);
  return bytes;
}

/** Notes the hash of a file in the checkpoint beside it. @returns the file */
function sealed(path: string, bytes: Uint8Array, named: NamedFile): Uint8Array {
  const document = join(path, "../checkpoint.json");
  const { sha256: _, ...content } = JSON.parse(readFileSync(document, "utf8"));
  named(content).sha256 = createHash("sha256").update(bytes).digest("hex");
  const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  writeFileSync(document, JSON.stringify({ ...content, sha256 }));
  return bytes;
}

/** Safetensors with another header of the right length. */
function changedHeader(original: Buffer, changes: readonly JsonChange[]): Uint8Array {
  const { tensors } = decodeSafetensors(original, "arrays");
  const whole = Buffer.from(encodeSafetensors(tensors));
  const length = Number(whole.readBigUInt64LE());
  const header = Buffer.from(changedJson(JSON.parse(whole.toString("utf8", 8, 8 + length)), changes));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([head, header, whole.subarray(8 + length)]);
}

/** Changes of arrays: of their header, or of their bytes. */
export const arraysChanges = fc.record({ json: jsonChanges, bytes: bytesChanges });
