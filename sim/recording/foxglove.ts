import {
  type FoxgloveMessageSchema,
  foxgloveEnumSchemas,
  foxgloveMessageSchemas,
  generateProto,
} from "@foxglove/schemas/internal.js";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";

/** A Foxglove message type and what an MCAP schema record needs to describe it. */
export interface FoxgloveMessage {
  /** E.g. `foxglove.SceneUpdate`. */
  readonly name: string;
  readonly type: protobuf.Type;
  /** Encoded `FileDescriptorSet`, complete with every imported message. */
  readonly schema: Uint8Array;
}

export const frameTransforms = foxgloveMessage(foxgloveMessageSchemas.FrameTransforms);
export const sceneUpdate = foxgloveMessage(foxgloveMessageSchemas.SceneUpdate);

/** How many fields a message has at its top, counted without decoding them: a few bytes of each can become hundreds. */
export function countFields(message: Uint8Array): number {
  const reader = protobuf.Reader.create(message);
  let count = 0;
  for (; reader.pos < reader.len; count++) reader.skipType(reader.uint32() & 7);
  return count;
}

function foxgloveMessage(schema: FoxgloveMessageSchema): FoxgloveMessage {
  const root = new protobuf.Root();
  define(root, schema, new Set());
  root.resolveAll();
  const name = `foxglove.${schema.name}`;
  return { name, type: root.lookupType(name), schema: describe(root) };
}

/** Adds a message and all that it contains, from the definitions that `@foxglove/schemas` generates. */
function define(root: protobuf.Root, schema: FoxgloveMessageSchema, done: Set<string>): void {
  if (done.has(schema.name)) return;
  done.add(schema.name);
  if (schema.protoEquivalent !== undefined) {
    root.addJSON(protobuf.common.get(wellKnownFile(schema.name))?.nested ?? {});
    return;
  }
  const enums = Object.values(foxgloveEnumSchemas).filter((e) => e.parentSchemaName === schema.name);
  // keepCase, because the field names in the schema are part of what a reader sees.
  protobuf.parse(generateProto(schema, enums), root, { keepCase: true });
  for (const { type } of schema.fields) if (type.type === "nested") define(root, type.schema, done);
}

/**
 * protobufjs puts each package into one file and lists no imports; strict readers (C++, Python, Rust) need the
 * imports, the imported files first, and the well-known types under their usual file names.
 */
function describe(root: protobuf.Root): Uint8Array {
  const files = root.toDescriptor("proto3").file ?? [];
  const own = files.find((file) => file.package === "foxglove");
  const google = files.find((file) => file.package === "google.protobuf");
  const imports = (google?.messageType ?? []).map((type) => ({
    name: wellKnownFile(type.name ?? ""),
    package: "google.protobuf",
    syntax: "proto3",
    messageType: [type],
  }));
  const dependency = imports.map((file) => file.name);
  return descriptor.FileDescriptorSet.encode({ file: [...imports, { ...own, dependency }] }).finish();
}

function wellKnownFile(name: string): string {
  return `google/protobuf/${name.toLowerCase()}.proto`;
}
