import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { Opcode } from "@mcap/core";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { TooLargeError } from "../../../sim/recording/file-bytes.js";
import { sceneUpdate } from "../../../sim/recording/foxglove.js";
import { NumberCount } from "../../../sim/recording/limits.js";
import { RecordCount } from "../../../sim/recording/mcap-records.js";
import { PlanCodec } from "../../../sim/recording/plan-messages.js";
import { decodeEpisode, readEpisode } from "../../../sim/recording/reader.js";
import { decodePlayable, readPlayable, readSummary } from "../../../sim/recording/salvage.js";
import { temporaryFolder } from "../../files.js";
import { bodyNames, type Contents, madeUp, pathsOf, posesOf, predictionOf, taskPathsOf } from "./hostile.js";

const folder = temporaryFolder();

afterAll(() => rmSync(folder, { recursive: true }));

const entities = (list: readonly object[]) => sceneUpdate.type.encode({ entities: list }).finish();

describe("a recording that holds more than is read", () => {
  it.each<[string, Contents, RegExp]>([
    [
      "bodies in every state",
      { steps: 4000, fixedPoses: posesOf(bodyNames(4000)) },
      /got 112,0\d\d,\d+ numbers; expected at most 33,554,432/,
    ],
    [
      "one long plan and one of many lines",
      {
        steps: 2000,
        plan: (step) => [
          pathsOf(step === 1 ? 50 : 1, step === 2 ? 3001 : 1),
          predictionOf(step, step === 2 ? 3000 : 1),
        ],
      },
      /got 9\d\d,\d+,\d+ numbers/,
    ],
    [
      "one long predicted path and one step with many",
      {
        steps: 2000,
        belief: (step) => [{ t0: 1 }, taskPathsOf(step === 1 ? 50 : 1, step === 2 ? 3001 : 1)],
      },
      /got 900,\d+,\d+ numbers/,
    ],
    [
      "many tasks that it may be",
      {
        belief: () => [
          Object.fromEntries(Array.from({ length: 1025 }, (_, k) => [`t${k}`, 0])),
          taskPathsOf(1, 1),
        ],
      },
      /got 1,025 tasks that the robot may have faced; expected at most 1,024/,
    ],
    [
      "measures without a value",
      { steps: 10, metadata: { measures: JSON.stringify(Array.from({ length: 1023 }, (_, i) => `m${i}`)) } },
      /got 1,025 observation, action and measure channels; expected at most 1,024/,
    ],
    [
      "measures in every step",
      {
        steps: 2200,
        metadata: { measures: JSON.stringify(Array.from({ length: 1000 }, (_, i) => `m${i}`)) },
      },
      /got 35,204,400 numbers/,
    ],
    [
      "measures that only the messages name",
      { measures: () => Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`m${i}`, 0])) },
      /got 1,025 observation, action and measure channels/,
    ],
    ["a name", { metadata: { task: "x".repeat(201) } }, /got 201 characters in one name; expected at most/],
    ["metadata", { metadata: { more: "x".repeat(2 ** 20) } }, /bytes in one metadata record; expected/],
    ["a message", { scene: new Uint8Array(2 ** 22) }, /got 4,194,3\d\d bytes in one message/],
    ["a chunk", { scene: new Uint8Array(2 ** 25) }, /got 33,\d+,\d+ bytes in one chunk/],
    ["bodies", { poses: posesOf(bodyNames(4097)) }, /got 4,097 bodies; expected at most 4,096/],
    [
      "shapes",
      { scene: entities([{ frame_id: "b", cubes: Array.from({ length: 16_385 }, () => ({})) }]) },
      /got 16,385 shapes/,
    ],
    ["entities", { scene: entities(Array.from({ length: 4097 }, () => ({}))) }, /got 4,097 bodies/],
  ])("is refused by name: %s", async (_, contents, message) => {
    const bytes = await madeUp(contents);
    const refusal = () => decodePlayable("a.mcap", bytes);
    expect(refusal).toThrow(message);
    expect(refusal).toThrow(TooLargeError);
    // Cut off it says as much: what is left could still be too much.
    expect(() => decodePlayable("a.mcap", bytes.subarray(0, bytes.length - 8))).toThrow(InputError);
  });

  it("is refused before a short list is made a wide one", () => {
    const observation = Array.from({ length: 2000 }, (_, i) => ({ name: `x${i}`, unit: "" }));
    const codec = new PlanCodec({ observation, action: [], controlPeriod: 1 });
    const columns = observation.map(({ name }, i) => [name, i === 0 ? new Array(20_000).fill(0) : []]);
    const prediction = Buffer.from(JSON.stringify({ step: 1, observation: Object.fromEntries(columns) }));
    expect(() => codec.decode(new Uint8Array(), prediction, new NumberCount())).toThrow("40,000,000 numbers");
  });

  it("is not played in part", async () => {
    const bytes = await madeUp({ steps: 4000, fixedPoses: posesOf(bodyNames(4000)) });
    expect(() => decodePlayable("a.mcap", bytes.subarray(0, bytes.length - 8))).toThrow(TooLargeError);
  });

  it("is stopped at the record that is one too many, by its head alone", () => {
    const add = (opcode: number, size: number, times: number) => {
      const count = new RecordCount();
      for (let i = 0; i < times; i++) count.add({ opcode, start: 0, end: size });
    };
    expect(() => add(Opcode.MESSAGE, 31, 500_000)).not.toThrow();
    expect(() => add(Opcode.MESSAGE, 31, 500_001)).toThrow("500,001 messages");
    expect(() => add(Opcode.ATTACHMENT, 9, 1_000_001)).toThrow("1,000,001 records");
    expect(() => add(Opcode.MESSAGE_INDEX, 2 ** 20, 16)).not.toThrow();
    expect(() => add(Opcode.MESSAGE_INDEX, 2 ** 20, 17)).toThrow(/bytes of schemas, channels, metadata and/);
  });

  it("is not even opened when its file is too large", () => {
    const path = join(folder, "large.mcap");
    writeFileSync(path, "");
    truncateSync(path, 2 ** 28 + 1);
    for (const read of [readPlayable, readEpisode]) {
      expect(() => read(path)).toThrow("got 268,435,457 bytes; expected at most 268,435,456");
    }
    expect(() => readSummary(path)).toThrow(/no episode record/);
  });
});

describe("what is no regular file", () => {
  const pipe = join(folder, "pipe.mcap");
  const device = join(folder, "device.mcap");
  execFileSync("mkfifo", [pipe]);
  symlinkSync("/dev/zero", device);
  mkdirSync(join(folder, "folder.mcap"));

  it.each([
    ["pipe.mcap", "a pipe"],
    ["device.mcap", "a device"],
    ["folder.mcap", "a folder"],
  ])("is not read: %s", (name, kind) => {
    for (const read of [readSummary, readPlayable, readEpisode]) {
      expect(() => read(join(folder, name))).toThrow(InputError);
      expect(() => read(join(folder, name))).toThrow(`got ${kind}; expected a regular file`);
    }
  });
});

describe("the readers of bytes", () => {
  it("read a made-up recording", async () => {
    const { playback, steps, damage } = decodePlayable("a.mcap", await madeUp({ steps: 3 }));
    expect([steps.length, playback.poses.length, damage]).toEqual([3, 4 * 7, undefined]);
  });

  it("answer whatever is in the messages with an episode or a named error", async () => {
    const rng = Rng.fromSeed(1);
    const below = (most: number) => Math.floor(rng.uniform() * most);
    const plan = (step: number) => [pathsOf(2, 3), predictionOf(step, 2)] as const;
    const names = ["scene", "fixedPoses", "poses", "paths", "prediction"] as const;
    const zero = { x: 0, y: 0, z: 0 };
    const cube = { pose: { position: zero, orientation: { ...zero, w: 1 } }, size: zero, color: {} };
    const whole = {
      scene: entities([{ frame_id: "b", cubes: [cube] }]),
      fixedPoses: posesOf(["table"]),
      poses: posesOf(["b", "c"]),
      paths: plan(1)[0],
      prediction: plan(1)[1],
    };
    let [read, refused] = [0, 0];
    for (let i = 0; i < 400; i++) {
      const changed = { ...whole };
      const name = names[below(names.length)]!;
      const bytes = Uint8Array.from(whole[name]);
      for (let k = below(4); k >= 0; k--) bytes[below(bytes.length)] = below(256);
      changed[name] = below(5) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
      const { paths, prediction, ...contents } = changed;
      const file = await madeUp({ ...contents, plan: () => [paths, prediction] });
      const withPoses = (path: string, bytes: Buffer) => decodeEpisode(path, bytes, { poses: true });
      for (const decode of [withPoses, decodePlayable]) {
        try {
          decode("a.mcap", file);
          read++;
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          refused++;
        }
      }
    }
    expect(read).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it("take no numbers for granted in the metadata", async () => {
    for (const metadata of [
      { controlPeriod: "0" },
      { controlPeriod: "1e999" },
      { return: "1e999" },
      { observation: "[]" },
      { steps: "-1" },
    ] as Readonly<Record<string, string>>[]) {
      const bytes = await madeUp({ metadata });
      expect(() => decodePlayable("a.mcap", bytes), JSON.stringify(metadata)).toThrow(/damaged/);
    }
  });
});
