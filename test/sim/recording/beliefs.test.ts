import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RunError } from "../../../sim/core/errors.js";
import { Environment } from "../../../sim/environment.js";
import { decodeBeliefs } from "../../../sim/recording/belief-messages.js";
import { NumberCount } from "../../../sim/recording/limits.js";
import { readMcap } from "../../../sim/recording/mcap.js";
import { decodeEpisode } from "../../../sim/recording/reader.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { BELIEVED, fakeBelief, fakeTask, HEADER, PHYSICS, PLANNED, recordUnannounced } from "./fake-task.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));

describe("a recording of a task that was not announced", () => {
  it("gives back the beliefs of all steps, and where each model leads while several come into question", async () => {
    const bytes = await recordUnannounced(6).bytes();
    const episode = decodeEpisode("a", bytes, { poses: true });
    const { beliefs, taskPlans } = episode.playback!;
    expect(beliefs!.tasks).toEqual(BELIEVED);
    const wanted = [1, 2, 3, 4, 5, 6].flatMap((step) => Array.from(fakeBelief(step).probabilities));
    expect([...beliefs!.probabilities]).toEqual(wanted);
    // Three models for four steps, then one alone.
    expect(taskPlans.map((paths) => paths.length)).toEqual([6, 6, 6, 6, 0, 0]);
    const states = [episode.start, ...episode.steps].map(({ observation }) => observation);
    for (const [i, paths] of taskPlans.slice(0, 4).entries()) {
      const [x, y] = take(2, states[i]!);
      for (const [p, { task, landmark, points }] of paths.entries()) {
        const k = Math.floor(p / 2);
        expect([task, landmark]).toEqual([BELIEVED[k], p % 2 === 0 ? "point" : "above"]);
        const ahead = Array.from({ length: PLANNED.horizon + 1 }, (_, h) => [
          x + h * (k + 1),
          y + h * (k + 1),
          p % 2 === 0 ? 1 : 2,
        ]);
        expect(points.map((v) => v + 0)).toEqual(Float32Array.from(ahead.flat()));
      }
    }
  });

  it("is simulated again as one without, and reads as one by those who look for neither", async () => {
    const plain = decodeEpisode("a", await recordUnannounced(6, false).bytes(), { poses: true });
    const told = decodeEpisode("a", await recordUnannounced(6).bytes(), { poses: true });
    expect(plain.playback).toMatchObject({ beliefs: undefined, taskPlans: [] });
    expect({ ...told, playback: { ...told.playback, beliefs: undefined, taskPlans: [] } }).toEqual(plain);
    expect(verifyEpisode(told, fakeTask(), PHYSICS)).toEqual({ ok: true, steps: 6, hashes: 1 });
  });

  it("takes what was drawn in the step before away with every message", async () => {
    const { messages } = readMcap("a", await recordUnannounced(6).bytes());
    const all = messages.get("/task_plans")!;
    expect(all).toHaveLength(6);
    // One that has nothing to draw holds that deletion alone: field 1, some bytes.
    for (const message of all) expect(message[0]).toBe((1 << 3) | 2);
    expect(all[5]!.length).toBeLessThan(20);
  });

  it("that is cut off has the beliefs of the steps that can be played", async () => {
    const bytes = await recordUnannounced(35).bytes();
    for (const share of [0.3, 0.5, 0.7]) {
      const path = join(folder, `${share}.mcap`);
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * share)));
      const { steps, playback } = readPlayable(path);
      expect(steps.length).toBeGreaterThan(2);
      expect(playback.beliefs!.probabilities).toHaveLength(3 * steps.length);
      expect(playback.taskPlans).toHaveLength(steps.length);
    }
  });

  it("is made of messages that come before their steps", () => {
    const environment = new Environment(fakeTask());
    environment.reset(HEADER.seed);
    const recorder = new EpisodeRecorder(environment, HEADER);
    environment.step([0, 0]);
    expect(() => recorder.recordBelief(fakeBelief(1))).toThrow(RunError);
    expect(() => recorder.recordTaskPlans([])).toThrow(RunError);
  });
});

describe("decodeBeliefs", () => {
  const belief = (step: number, probabilities: object) => json({ step, probabilities });
  const decode = (...messages: Uint8Array[]) => decodeBeliefs(messages, new NumberCount());

  it("has nothing to say without messages", () => {
    expect(decode()).toBeUndefined();
  });

  it.each<[string, Uint8Array[], RegExp]>([
    ["another step", [belief(2, { a: 1 })], /a belief of step 2 where step 1 belongs/],
    ["other tasks", [belief(1, { a: 1 }), belief(2, { b: 1 })], /no probability of a in step 2/],
    ["what is no probability", [belief(1, { a: 2 })], /probabilities/],
    ["a long name", [belief(1, { ["a".repeat(201)]: 1 })], /201 characters/],
  ])("refuses %s", (_, messages, message) => {
    expect(() => decode(...messages)).toThrow(message);
  });
});
