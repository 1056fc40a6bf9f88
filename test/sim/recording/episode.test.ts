import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type HyperCrlError, InputError, RunError } from "../../../sim/core/errors.js";
import { Environment } from "../../../sim/environment.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { EpisodeRecorder, stateHash } from "../../../sim/recording/recorder.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { fakeAction, fakeTask, HEADER, recordEpisode } from "./fake-task.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "episode.mcap");

function readError(bytes: Uint8Array): Error {
  const file = join(folder, "damaged.mcap");
  writeFileSync(file, bytes);
  try {
    readEpisode(file, { poses: true });
  } catch (error) {
    return error as Error;
  }
  return new Error("no error");
}

describe("an episode file", () => {
  it("gives back what happened, bit by bit", async () => {
    const task = fakeTask();
    await recordEpisode(task).finish(path);
    const episode = readEpisode(path);
    expect(episode.header).toEqual(HEADER);
    expect(episode.spec.observation[2]).toEqual({ name: "vx", unit: "m/s" });
    expect(episode.spec.controlPeriod).toBe(0.05);

    const environment = new Environment(task);
    const first = environment.reset(17);
    expect(episode.start.observation).toStrictEqual(first);
    expect(Object.is(episode.start.observation[1], -0)).toBe(true);
    expect(episode.initialSnapshot).toStrictEqual(environment.scene.snapshot());
    let returnSoFar = 0;
    for (const [i, step] of episode.steps.entries()) {
      const result = environment.step(fakeAction(i + 1));
      returnSoFar += result.reward;
      const hashed = (i + 1) % 10 === 0 || i === 34;
      expect(step).toStrictEqual({
        ...result,
        action: Float32Array.from(fakeAction(i + 1)),
        returnSoFar,
        measures: environment.scene.measure(),
        stateHash: hashed ? stateHash(environment.scene.snapshot()) : undefined,
      });
    }
    expect(Object.is(episode.steps[6]!.action[1], -0)).toBe(true);
    expect(episode.totals).toStrictEqual({ steps: 35, return: returnSoFar, success: false });
    expect(episode.playback).toBeUndefined();
  });

  it("gives poses and shapes for playback", async () => {
    const task = fakeTask();
    await recordEpisode(task).finish(path);
    const { playback } = readEpisode(path, { poses: true });
    expect(playback?.bodies.map(({ name, fixed }) => [name, fixed])).toEqual([
      ["table", true],
      ["point0", false],
      ["point1", false],
    ]);
    expect(playback?.bodies[0]?.shapes).toStrictEqual(task.createScene().bodies[0]!.shapes);
    const kinds = playback?.bodies[1]?.shapes.map(({ kind }) => kind);
    expect(kinds).toEqual(["sphere", "sphere", "cylinder"]);
    // Length 0.5 and diameter 0.1 leave 0.4 between the centres; the shape's z axis points along -y.
    const [a, b, straight] = take(3, playback?.bodies[1]?.shapes ?? []);
    expect(a.pose.position[1]).toBeCloseTo(0.2, 12);
    expect(b.pose.position[1]).toBeCloseTo(-0.2, 12);
    expect(b.pose.position[2]).toBeCloseTo(0.25, 12);
    expect(straight.size[2]).toBeCloseTo(0.4, 12);

    const environment = new Environment(task);
    environment.reset(17);
    for (let step = 0; step <= 35; step++) {
      if (step > 0) environment.step(fakeAction(step));
      const expected = [0, 1, 2].flatMap((i) => {
        const { position, rotation } = environment.scene.bodyPose(i);
        return [...position, ...rotation];
      });
      expect(Array.from(playback?.poses.subarray(step * 21, step * 21 + 21) ?? [])).toEqual(expected);
    }
    expect(playback?.poses.length).toBe(36 * 21);
  });

  it("has the same bytes for the same episode and others for another", async () => {
    const bytesOf = (seed: number) => recordEpisode(fakeTask(), seed).bytes();
    const [one, two, other] = await Promise.all([bytesOf(17), bytesOf(17), bytesOf(18)]);
    expect(Buffer.compare(one, two)).toBe(0);
    expect(Buffer.compare(one, other)).not.toBe(0);
  });

  it("can end early, without a hash of its last step", async () => {
    await recordEpisode(fakeTask(), 17, 12).finish(path);
    const { steps, totals } = readEpisode(path);
    expect(totals.steps).toBe(12);
    expect(steps.flatMap(({ stateHash: hash }, i) => (hash === undefined ? [] : [i + 1]))).toEqual([10]);
  });

  it("leaves no other file behind", async () => {
    const own = mkdtempSync(join(folder, "own-"));
    await recordEpisode(fakeTask()).finish(join(own, "new", "a.mcap"));
    expect(readdirSync(own, { recursive: true }).sort()).toEqual(["new", join("new", "a.mcap")]);
  });

  it("takes at most 300 kB for 120 steps of 12 moving bodies", async () => {
    await recordEpisode(fakeTask({ bodies: 12, episodeSteps: 120 }), 1, 120).finish(path);
    expect(readFileSync(path).length).toBeLessThan(300_000);
  });
});

describe("an episode recorder", () => {
  it("refuses a late start, and a step left out or recorded twice", () => {
    const environment = new Environment(fakeTask());
    environment.reset(1);
    const recorder = new EpisodeRecorder(environment, HEADER);
    const result = environment.step([0, 0]);
    expect(() => new EpisodeRecorder(environment, HEADER)).toThrow(RunError);
    recorder.record([0, 0], result);
    expect(() => recorder.record([0, 0], result)).toThrow(/got 1 steps done; expected 2/);
  });
});

describe("a damaged episode file", () => {
  it("is refused wherever it is cut off", async () => {
    const bytes = await recordEpisode(fakeTask()).bytes();
    const cuts = [0, 1, 7, 8, 9, 30, 1000, bytes.length - 1, bytes.length - 8, bytes.length - 37];
    for (let i = 1; i < 200; i++) cuts.push(Math.floor((bytes.length * i) / 200));
    for (const cut of cuts) {
      const error = readError(bytes.subarray(0, cut));
      expect(error, `cut at ${cut}`).toBeInstanceOf(InputError);
      expect(error.message).toMatch(cut < 8 ? /not an MCAP file/ : /truncated/);
    }
    expect(readError(bytes).message).toBe("no error");
  });

  it("is refused when any bit of any part is flipped", async () => {
    const bytes = await recordEpisode(fakeTask({ bodies: 1, episodeSteps: 12 })).bytes();
    // Every byte of the last 200 (summary end, footer, magic) and each 37th before.
    const places = Array.from({ length: bytes.length }, (_, i) => i).filter(
      (i) => i % 37 === 0 || i < 64 || i > bytes.length - 200,
    );
    for (const place of places) {
      const flipped = bytes.slice();
      flipped[place]! ^= 1 << (place % 8);
      expect(readError(flipped), `byte ${place} of ${bytes.length}`).toBeInstanceOf(InputError);
    }
  });

  it("is named with what to do", async () => {
    const bytes = (await recordEpisode(fakeTask()).bytes()).slice();
    bytes[5000]! ^= 1;
    const error = readError(bytes) as HyperCrlError;
    expect(error.message).toMatch(
      /damaged\.mcap is damaged; got data with CRC .*; expected CRC .*Copy the file/,
    );
    expect(error.exitCode).toBe(3);
    expect(() => readEpisode(join(folder, "absent.mcap"))).toThrow(/absent\.mcap is missing/);
    expect(readError(Buffer.from("PK\u0003\u0004 something else entirely")).message).toMatch(
      /not an MCAP file/,
    );
  });
});
