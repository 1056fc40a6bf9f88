import { McapIndexedReader } from "@mcap/core";
import { protobufFromBinaryDescriptor } from "@mcap/support";
import { describe, expect, it } from "vitest";
import { fakeTask, recordEpisode } from "./fake-task.js";

/** Opens the bytes as any MCAP tool would: by the index, with the schemas found in the file. */
async function open(bytes: Uint8Array) {
  const reader = await McapIndexedReader.Initialize({
    readable: {
      size: async () => BigInt(bytes.length),
      read: async (offset, size) => bytes.slice(Number(offset), Number(offset + size)),
    },
  });
  const byTopic = new Map<string, { time: bigint; data: Uint8Array }[]>();
  for await (const { channelId, logTime, data } of reader.readMessages()) {
    const topic = reader.channelsById.get(channelId)?.topic ?? "";
    byTopic.set(topic, [...(byTopic.get(topic) ?? []), { time: logTime, data: data.slice() }]);
  }
  const schemaOf = (topic: string) => {
    const channel = [...reader.channelsById.values()].find((c) => c.topic === topic);
    return { channel, schema: reader.schemasById.get(channel?.schemaId ?? -1) };
  };
  return { reader, byTopic, schemaOf };
}

// Written out here, not imported: what a foreign tool sees.
const PROTOBUF_TOPICS = [
  ["/scene", "foxglove.SceneUpdate"],
  ["/tf", "foxglove.FrameTransforms"],
  ["/tf_static", "foxglove.FrameTransforms"],
] as const;

describe("the MCAP container", () => {
  it("is indexed and counts its messages", async () => {
    const { reader, byTopic } = await open(await recordEpisode(fakeTask()).bytes());
    expect(reader.statistics?.messageCount).toBe(BigInt(1 + 1 + 36 + 1 + 35));
    expect(reader.statistics?.messageEndTime).toBe(1_750_000_000n);
    expect(reader.chunkIndexes.map((chunk) => chunk.compression)).toEqual([""]);
    expect(reader.attachmentIndexes.map((a) => [a.name, a.mediaType, a.dataSize])).toEqual([
      ["initial-snapshot", "application/octet-stream", 32n],
    ]);
    for await (const { name, metadata } of reader.readMetadata()) {
      expect(name).toBe("episode");
      expect(metadata.get("task")).toBe("point");
      expect(metadata.get("steps")).toBe("35");
      expect(metadata.get("versionPhysics")).toBe("toy 1.0");
    }
    expect(
      byTopic
        .get("/step")
        ?.map(({ time }) => time)
        .slice(0, 3),
    ).toEqual([50_000_000n, 100_000_000n, 150_000_000n]);
    expect(byTopic.get("/scene")?.map(({ time }) => time)).toEqual([0n]);
  });

  it("describes its protobuf messages completely, for strict readers too", async () => {
    const { schemaOf } = await open(await recordEpisode(fakeTask()).bytes());
    for (const [topic, name] of PROTOBUF_TOPICS) {
      const { channel, schema } = schemaOf(topic);
      expect(channel?.messageEncoding).toBe("protobuf");
      expect([schema?.name, schema?.encoding]).toEqual([name, "protobuf"]);
      const root = protobufFromBinaryDescriptor(schema?.data ?? new Uint8Array());
      root.resolveAll();
      expect(root.lookupType(name).fieldsArray.length).toBeGreaterThan(0);
    }
    // A file must come after those that it imports, and import all that it uses.
    const { FileDescriptorSet } = (await import("protobufjs/ext/descriptor.js")).default;
    const set = FileDescriptorSet.decode(schemaOf("/scene").schema?.data ?? new Uint8Array());
    const files = (set.toJSON().file ?? []) as { name: string; package: string; dependency?: string[] }[];
    expect(files.map((f) => [f.name, f.package, f.dependency?.toSorted() ?? []])).toEqual([
      ["google/protobuf/timestamp.proto", "google.protobuf", []],
      ["google/protobuf/duration.proto", "google.protobuf", []],
      ["foxglove.proto", "foxglove", ["google/protobuf/duration.proto", "google/protobuf/timestamp.proto"]],
    ]);
  });

  it("holds poses and shapes that the embedded schemas decode", async () => {
    const { byTopic, schemaOf } = await open(await recordEpisode(fakeTask()).bytes());
    const decode = (topic: string, index: number) => {
      const { schema } = schemaOf(topic);
      const type = protobufFromBinaryDescriptor(schema?.data ?? new Uint8Array()).lookupType(
        schema?.name ?? "",
      );
      const data = byTopic.get(topic)?.[index]?.data ?? new Uint8Array();
      return type.toObject(type.decode(data), { longs: Number, enums: String, defaults: true });
    };
    // 30 control periods of 0.05 s.
    const { transforms } = decode("/tf", 30);
    expect(transforms.map((t: Record<string, unknown>) => t.childFrameId ?? t.child_frame_id)).toEqual([
      "point0",
      "point1",
    ]);
    expect(transforms[1].timestamp).toEqual({ seconds: 1, nanos: 500_000_000 });
    expect(transforms[1].translation.z).toBe(2);
    expect(transforms[1].parentFrameId ?? transforms[1].parent_frame_id).toBe("world");
    const fixed = decode("/tf_static", 0).transforms;
    expect(fixed.length).toBe(1);
    expect(fixed[0].translation).toEqual({ x: 0, y: 0, z: -0.05 });

    const { entities } = decode("/scene", 0);
    const [table, point] = entities;
    expect([table.id, table.frameId ?? table.frame_id]).toEqual(["table", "table"]);
    expect(table.frameLocked ?? table.frame_locked).toBe(true);
    expect(table.cubes[0].size).toEqual({ x: 1, y: 2, z: 0.1 });
    expect(table.cubes[0].color).toEqual({ r: 1, g: 0.5, b: 0.25, a: 1 });
    expect(table.cylinders[0].topScale ?? table.cylinders[0].top_scale).toBe(1);
    expect([point.spheres.length, point.cylinders.length]).toEqual([2, 1]);
  });

  it("holds JSON steps that fit their own schema", async () => {
    const { byTopic, schemaOf } = await open(await recordEpisode(fakeTask()).bytes());
    const { channel, schema } = schemaOf("/step");
    expect([channel?.messageEncoding, schema?.encoding]).toEqual(["json", "jsonschema"]);
    const text = (data?: Uint8Array) => JSON.parse(new TextDecoder().decode(data));
    const { type, properties, required } = text(schema?.data);
    expect(type).toBe("object");
    expect(properties.observation.properties.vx).toEqual({ type: "number", description: "m/s" });
    const last = text(byTopic.get("/step")?.[34]?.data);
    for (const key of required) expect(last).toHaveProperty(key);
    expect(Object.keys(last.observation)).toEqual(["x", "y", "vx", "vy"]);
    expect(last.step).toBe(35);
    expect(last.truncated).toBe(true);
    expect(Object.keys(last.measures)).toEqual(["distanceMm"]);
    expect(Object.keys(properties.measures.properties)).toEqual(["distanceMm", "undefinedRatio"]);
    expect(last.stateHash).toMatch(/^[0-9a-f]{64}$/);
  });
});
