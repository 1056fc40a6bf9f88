import { describe, expect, it } from "vitest";
import { Agent } from "../../agent/agent.js";
import type { Learner } from "../../agent/learner.js";
import { InputError, RunError } from "../../sim/core/errors.js";
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

  it("refuses a learner that its method made wrong, and names method, module and what is missing", () => {
    const settings = tinySettings();
    const parts = partsFor(settings);
    const agentOf = (learner: unknown) => {
      const method = { ...parts.method, create: () => learner as Learner };
      const own = { ...parts, method, methodModule: "file:///my-method.mjs" };
      return new Agent([pointTask], settings, own, Rng.fromSeed(1));
    };
    expect(() => agentOf({})).toThrow(InputError);
    expect(() => agentOf({ beginTask() {} })).toThrow(
      /Method hypercrl of file:\/\/\/my-method\.mjs makes a learner that cannot be used; got train is undefined/,
    );
    expect(() => agentOf(null)).toThrow(/got create returned null/);
  });
});
