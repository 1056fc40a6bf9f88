import { rmSync } from "node:fs";

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import type { EpisodeStep } from "../../../sim/recording/episode.js";
import { type Episode, readEpisode } from "../../../sim/recording/reader.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import { temporaryFolder } from "../../files.js";
import { fakeTask, PHYSICS, recordEpisode } from "./fake-task.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
let episode: Episode;
beforeAll(async () => {
  const path = join(folder, "episode.mcap");
  await recordEpisode(fakeTask()).finish(path);
  episode = readEpisode(path);
});

/** The episode with step `number` changed. */
function withStep(number: number, change: (step: EpisodeStep) => Partial<EpisodeStep>): Episode {
  const steps = episode.steps.map((step, i) => (i === number - 1 ? { ...step, ...change(step) } : step));
  return { ...episode, steps };
}

const verify = (e: Episode) => verifyEpisode(e, fakeTask(), PHYSICS);

describe("verifyEpisode", () => {
  it("confirms an episode and counts what it compared", () => {
    // Hashes of the start and of steps 10, 20, 30 and 35.
    expect(verify(episode)).toEqual({ ok: true, steps: 35, hashes: 5 });
  });

  it("names the first step and quantity after a changed action", () => {
    const changed = withStep(8, ({ action }) => ({ action: Float32Array.of(action[0]!, action[1]! + 1e-3) }));
    const result = verify(changed);
    expect(result).toMatchObject({ ok: false, step: 8, quantity: "observation y" });
    if (!result.ok) {
      expect(result.recorded).toBe(episode.steps[7]!.observation[1]);
      expect(result.simulated).not.toBe(result.recorded);
    }
  });

  it("names what the physics engine fails on, and leaves other errors as they are", () => {
    const failing = (error: Error) => ({
      ...fakeTask(),
      createScene: () => {
        const scene = fakeTask().createScene();
        scene.advance = () => {
          throw error;
        };
        return scene;
      },
    });
    const engine = new Error("attempted to take ownership of Rust value while it was borrowed");
    expect(() => verifyEpisode(episode, failing(engine), PHYSICS)).toThrow(InputError);
    expect(() => verifyEpisode(episode, failing(engine), PHYSICS)).toThrow(
      /cannot be simulated; got a snapshot/,
    );
    const own = new Error("a suite's own");
    expect(() => verifyEpisode(episode, failing(own), PHYSICS)).toThrow(own);
  });

  it("notices the last bit of an observation, a reward and the sign of a zero", () => {
    const lastBit = withStep(5, ({ observation }) => {
      const bits = new Uint32Array(observation.slice().buffer);
      bits[3]! ^= 1;
      return { observation: new Float32Array(bits.buffer) };
    });
    expect(verify(lastBit)).toMatchObject({ ok: false, step: 5, quantity: "observation vy" });
    const reward = withStep(6, (step) => ({ reward: step.reward * (1 + Number.EPSILON) }));
    expect(verify(reward)).toMatchObject({ ok: false, step: 6, quantity: "reward" });
    const start = { ...episode.start, observation: episode.start.observation.map((v) => v + 0) };
    expect(verify({ ...episode, start })).toMatchObject({ ok: false, step: 0, quantity: "observation y" });
  });

  it("notices a changed hash, flag and snapshot", () => {
    const hash = withStep(20, () => ({ stateHash: "0".repeat(64) }));
    expect(verify(hash)).toMatchObject({
      ok: false,
      step: 20,
      quantity: "stateHash",
      recorded: "0".repeat(64),
    });
    const flag = withStep(35, () => ({ truncated: false }));
    expect(verify(flag)).toMatchObject({ ok: false, step: 35, quantity: "truncated" });
    const ended = withStep(12, () => ({ terminated: true }));
    expect(verify(ended)).toMatchObject({ ok: false, step: 12, quantity: "terminated" });
    const initialSnapshot = episode.initialSnapshot.map((b, i) => (i === 0 ? b ^ 1 : b));
    // One bit of a float64 that float32 observations do not show: only the hash can tell.
    expect(verify({ ...episode, initialSnapshot })).toMatchObject({
      ok: false,
      step: 0,
      quantity: "stateHash",
    });
  });

  it("notices other physics", () => {
    const result = verifyEpisode(episode, fakeTask({ damping: 0.7000001 }), PHYSICS);
    expect(result).toMatchObject({ ok: false });
    if (!result.ok) expect(result.step).toBeLessThanOrEqual(10);
  });

  it("refuses another physics version, naming both", () => {
    const run = () => verifyEpisode(episode, fakeTask(), "toy 2.0");
    expect(run).toThrow(InputError);
    expect(run).toThrow(/got toy 1\.0; expected toy 2\.0/);
  });

  it("refuses another task, other channels and an unusable snapshot", () => {
    const task = fakeTask();
    expect(() => verifyEpisode(episode, { ...task, name: "other" }, PHYSICS)).toThrow(InputError);
    const spec = { ...task.spec, observation: task.spec.observation.toReversed() };
    expect(() => verifyEpisode(episode, { ...task, spec }, PHYSICS)).toThrow(/another task definition/);
    expect(() => verify({ ...episode, initialSnapshot: new Uint8Array(3) })).toThrow(/Not a snapshot/);
  });
});
