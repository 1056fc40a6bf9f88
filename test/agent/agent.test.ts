import { describe, expect, it } from "vitest";
import { Agent } from "../../agent/agent.js";
import { RunError } from "../../sim/core/errors.js";
import { Rng } from "../../sim/core/rng.js";
import { partsFor, pointTask, tinySettings } from "./fixtures.js";

describe("Agent", () => {
  it("says that no task is being learned, before the first and after the end of one", async () => {
    const settings = tinySettings();
    const agent = new Agent([pointTask], settings, partsFor(settings), Rng.fromSeed(1));
    const learning = /The agent is learning no task; expected a task that was begun and has not ended/;
    expect(() => agent.startEpisode()).toThrow(RunError);
    expect(() => agent.startTraining()).toThrow(learning);
    await agent.beginTask(0);
    agent.startEpisode();
    expect((await agent.state()).current?.buffer.size).toBe(0);
    await agent.release();
    expect(() => agent.startEpisode()).toThrow(learning);
  });
});
