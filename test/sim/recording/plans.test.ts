import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RunError } from "../../../sim/core/errors.js";
import { Environment } from "../../../sim/environment.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import type { Task } from "../../../sim/task.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { fakeForecast, fakeTask, HEADER, PHYSICS, PLANNED, recordEpisode } from "./fake-task.js";

const folder = temporaryFolder();
const path = join(folder, "a.mcap");
const { horizon, others } = PLANNED;

afterAll(() => rmSync(folder, { recursive: true }));

async function write(task: Task, forecast?: Parameters<typeof recordEpisode>[3]): Promise<void> {
  writeFileSync(path, await recordEpisode(task, 17, 6, forecast).bytes());
}

const plansOf = () => readEpisode(path, { poses: true }).playback!.plans;

describe("recorded plans", () => {
  it("come back: what was expected and the way of every landmark, from where the plan was made", async () => {
    await write(fakeTask(), fakeForecast);
    const { start, steps } = readEpisode(path);
    const plans = plansOf();
    expect(plans.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    const states = [start, ...steps].map(({ observation }) => observation);
    plans.forEach(({ step, expected, paths }) => {
      const present = states[step - 1]!;
      const forecast = fakeForecast(present);
      expect(expected).toEqual(forecast.chosen);
      expect(paths).toHaveLength((1 + others) * 2);
      for (const [index, { landmark, chosen, points }] of paths.entries()) {
        const k = index % (1 + others);
        const [x, y] = take(2, present);
        const ahead = Array.from({ length: horizon + 1 }, (_, h) => [
          x + h * (k + 1),
          y + h * (k + 1),
          landmark === "point" ? 1 : 2,
        ]);
        expect(chosen).toBe(k === 0);
        // Adding 0 makes a negative zero, which the start has, a positive one.
        expect(points.map((v) => v + 0)).toEqual(Float32Array.from(ahead.flat()));
      }
    });
    expect(plans[0]!.paths.map(({ landmark }) => landmark)).toEqual([
      "point",
      "point",
      "point",
      "above",
      "above",
      "above",
    ]);
  });

  it("leave everything else as it is", async () => {
    await write(fakeTask());
    const plain = readEpisode(path, { poses: true });
    expect(plain.playback!.plans).toEqual([]);
    await write(fakeTask(), fakeForecast);
    const planned = readEpisode(path, { poses: true });
    expect({ ...planned, playback: { ...planned.playback, plans: [] } }).toEqual(plain);
    expect(verifyEpisode(planned, fakeTask(), PHYSICS)).toEqual({ ok: true, steps: 6, hashes: 1 });
  });

  it("of a task without landmarks hold the expected observations alone", async () => {
    const { landmarks: _, ...task } = fakeTask();
    await write(task, fakeForecast);
    expect(plansOf().map(({ expected, paths }) => [expected.length, paths.length])).toEqual(
      Array.from({ length: 6 }, () => [horizon * 4, 0]),
    );
  });

  it("end where a prediction stops being finite", async () => {
    await write(fakeTask(), (observation) => {
      const forecast = fakeForecast(observation);
      forecast.chosen[2 * 4 + 3] = Number.NaN;
      forecast.others[0] = Number.POSITIVE_INFINITY;
      return forecast;
    });
    const [{ expected, paths }] = take(1, plansOf());
    expect(expected).toHaveLength(2 * 4);
    expect(paths.slice(0, 3).map(({ points }) => points.length / 3)).toEqual([3, 1, horizon + 1]);
  });

  it("of a recording that is cut off are those of the steps that can be played", async () => {
    const bytes = await recordEpisode(fakeTask(), 17, 35, fakeForecast).bytes();
    for (const share of [0.3, 0.5, 0.7]) {
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * share)));
      const { steps, playback } = readPlayable(path);
      expect(steps.length).toBeGreaterThan(2);
      expect(playback.plans.map(({ step }) => step)).toEqual(steps.map((_, i) => i + 1));
    }
  });

  it("must be recorded before their step", () => {
    const environment = new Environment(fakeTask());
    environment.reset(HEADER.seed);
    const recorder = new EpisodeRecorder(environment, HEADER);
    environment.step([0, 0]);
    expect(() => recorder.recordPlan(fakeForecast(environment.observation))).toThrow(RunError);
  });
});
