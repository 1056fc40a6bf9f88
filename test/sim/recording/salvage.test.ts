import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { readPlayable, readSummary } from "../../../sim/recording/salvage.js";
import { temporaryFolder } from "../../files.js";
import { fakeTask, recordEpisode } from "./fake-task.js";

const folder = temporaryFolder();
const path = join(folder, "a.mcap");
const bytes = await recordEpisode(fakeTask()).bytes();

afterAll(() => rmSync(folder, { recursive: true }));

describe("readPlayable", () => {
  it("gives a whole episode as the strict reader does", () => {
    writeFileSync(path, bytes);
    const { initialSnapshot, ...whole } = readEpisode(path, { poses: true });
    expect(initialSnapshot.length).toBe(32);
    expect(readPlayable(path)).toEqual({ ...whole, damage: undefined });
  });

  it("gives a truncated episode up to the cut, wherever that is, and says so", () => {
    writeFileSync(path, bytes);
    const whole = readEpisode(path, { poses: true });
    const lengths = new Set<number>();
    for (let share = 0.3; share < 1; share += 0.03) {
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * share)));
      const { steps, playback, damage, totals, start } = readPlayable(path);
      expect(start).toEqual(whole.start);
      expect(steps).toEqual(whole.steps.slice(0, steps.length));
      expect(playback.poses).toEqual(whole.playback!.poses.slice(0, (steps.length + 1) * 21));
      expect(damage).toMatch(/truncated/);
      const all = "all 35 steps can be played, but some values may be wrong";
      expect(damage).toContain(steps.length === 35 ? all : `${steps.length} of 35 steps can be played`);
      expect(totals.steps).toBe(35);
      lengths.add(steps.length);
    }
    expect(lengths.size).toBeGreaterThan(5);
    expect(Math.max(...lengths)).toBe(35);
  });

  it("refuses a file cut off before its first state, and what is no episode", () => {
    for (const [content, message] of [
      [bytes.subarray(0, 100), /truncated/],
      [bytes.subarray(0, 1500), /damaged/],
      [Buffer.from("hello, world"), /not an MCAP file/],
      [Buffer.alloc(0), /an empty file/],
    ] as const) {
      writeFileSync(path, content);
      expect(() => readPlayable(path)).toThrow(InputError);
      expect(() => readPlayable(path)).toThrow(message);
    }
    expect(() => readPlayable(join(folder, "absent.mcap"))).toThrow(/absent\.mcap is missing/);
  });

  it("plays what a changed byte leaves readable, or refuses; never fails otherwise", () => {
    let [played, refused] = [0, 0];
    for (let place = 9; place < bytes.length; place += 211) {
      const changed = Uint8Array.from(bytes);
      changed[place]! ^= 0x55;
      writeFileSync(path, changed);
      try {
        const { steps, playback, damage } = readPlayable(path);
        expect(damage).toMatch(/can be played/);
        expect(playback.poses.length).toBe((steps.length + 1) * playback.bodies.length * 7);
        played++;
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        refused++;
      }
    }
    expect(played).toBeGreaterThan(refused);
  });
});

describe("readSummary", () => {
  it("says what an episode is, also of one cut off", () => {
    writeFileSync(path, bytes);
    const summary = readSummary(path);
    expect(summary).toMatchObject({
      header: { suite: "toy", task: "point", phase: "evaluate", afterTask: 4 },
      totals: { steps: 35, success: false },
      complete: true,
    });
    writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
    expect(readSummary(path)).toEqual({ ...summary, complete: false });
  });

  it("refuses what does not say", () => {
    writeFileSync(path, bytes.subarray(0, 40));
    expect(() => readSummary(path)).toThrow(/no episode record/);
    writeFileSync(path, "hello");
    expect(() => readSummary(path)).toThrow(InputError);
    expect(() => readSummary(join(folder, "absent.mcap"))).toThrow(/absent\.mcap is missing/);
  });
});
