import { describe, expect, it, vi } from "vitest";
import { Agent } from "../../agent/agent.js";
import type { Learner } from "../../agent/learner.js";
import { createLearner } from "../../agent/methods/method.js";
import { dynamicsShape } from "../../agent/model/dynamics.js";
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
    await agent.beginVisit(0);
    agent.startEpisode();
    expect(agent.taskState()?.buffer.size).toBe(0);
    await agent.release();
    expect(() => agent.startEpisode()).toThrow(learning);
  });

  const settings = tinySettings();
  const parts = partsFor(settings);
  const agentOf = (learner: unknown) => {
    const method = { ...parts.method, create: () => learner as Learner };
    return new Agent([pointTask], settings, { ...parts, method }, Rng.fromSeed(1));
  };

  it("refuses a learner that its method made wrong, and names method and what is missing", () => {
    expect(() => agentOf({})).toThrow(InputError);
    expect(() => agentOf({ beginTask() {} })).toThrow(
      /Method hypercrl makes a learner that cannot be used; got train is undefined/,
    );
    expect(() => agentOf(null)).toThrow(/got create returned null/);
  });

  it.each([
    [Float32Array.of(1, 2), "2 numbers"],
    [undefined, "undefined"],
    [[1, 2], "\\[ 1, 2 \\]"],
  ])(
    "refuses the weights %j of a network that has others, and names method and task",
    async (weights, got) => {
      const learner = createLearner(
        parts.method,
        settings,
        dynamicsShape(pointTask.spec, [4], "tanh"),
        Rng.fromSeed(1),
      );
      const agent = agentOf(Object.assign(learner, { weights: async () => weights }));
      await agent.beginVisit(0);
      for (const given of [agent.dynamicsOf(0), agent.policyFor(0, Rng.fromSeed(2))]) {
        await expect(given).rejects.toThrow(InputError);
        await expect(given).rejects.toThrow(
          new RegExp(
            `Method hypercrl gives no weights for the network of task 1; got ${got}; expected a Float32Array \\[P\\]`,
          ),
        );
      }
      await agent.release();
    },
  );

  it.each(["task", "pooled"])(
    "with dynamics.normalizer=%s scales each task as that says",
    async (normalizer) => {
      const own = tinySettings([
        ...["loop.initialRandomSteps=8", "loop.trainEvery=8", "loop.trainIterations=1", "tasks=2"],
        `dynamics.normalizer=${normalizer}`,
      ]);
      const tasks = [pointTask, { ...pointTask, name: "other" }];
      const agent = new Agent(tasks, own, partsFor(own), Rng.fromSeed(1));
      const trained = vi.spyOn(agent.learner, "train");
      for (const visit of [0, 1]) {
        await agent.beginVisit(visit);
        for (let step = 0; step < 8; step++)
          agent.remember(
            Float32Array.of(step * (1 + visit), -0.4),
            Float32Array.of(0, step),
            Float32Array.of(0.2, 0),
          );
        await agent.adopt(agent.startTraining());
        await agent.endVisit();
      }
      const { normalizers } = await agent.learnedState();
      const [first, second] = [normalizers[0]!, normalizers[1]!];
      expect(first.inputMean[0]).toBeCloseTo(3.5, 6);
      expect(second.inputMean[0]).toBeCloseTo(normalizer === "pooled" ? 3.5 : 7, 6);
      expect(trained.mock.calls.map(([, used]) => used)).toEqual([first, second]);
      await agent.release();
    },
  );

  it.each([
    { set: [], asked: [undefined, undefined, undefined] },
    { set: ["loop.learningModel=member"], asked: [0, 1, 0] },
    { set: ["loop.learningModel=member", "dynamics.members=1"], asked: [undefined, undefined, undefined] },
  ])(
    "with $set plans learning with $asked after one session and the next, evaluation with all",
    async (each) => {
      const own = tinySettings([
        ...["loop.initialRandomSteps=8", "loop.trainEvery=8", "dynamics.members=2", "loop.trainIterations=1"],
        ...each.set,
      ]);
      const agent = new Agent([pointTask], own, partsFor(own), Rng.fromSeed(1));
      const weights = vi.spyOn(agent.learner, "weights");
      const askedFor = () => weights.mock.calls.splice(0).map(([, member]) => member);
      await agent.beginVisit(0);
      const x = Float32Array.of(0.2, -0.4);
      const asked: unknown[] = [];
      for (let session = 0; session < 3; session++) {
        for (let step = 0; step < 8; step++) agent.remember(x, Float32Array.of(0, step), x);
        await agent.adopt(agent.startTraining());
        asked.push(...askedFor());
        const policy = await agent.policyFor(0, Rng.fromSeed(2));
        await policy.release();
        expect(askedFor()).toEqual([undefined]);
      }
      expect(asked).toEqual(each.asked);
      // A checkpoint follows a step that was made after the session.
      agent.remember(x, Float32Array.of(0, 0), x);
      await agent.restore({ learned: await agent.learnedState(), current: agent.taskState() }, 0);
      expect(askedFor()).toEqual(each.asked.slice(-1));
      expect((await agent.act(x, 0)).length).toBe(2);
      await agent.release();
    },
  );

  it("does not tell tasks apart that an earlier version learned, and says which to make again", async () => {
    const tasks = [pointTask, { ...pointTask, name: "point-2" }];
    const agent = new Agent(tasks, settings, parts, Rng.fromSeed(1));
    const x = Float32Array.of(0.2, -0.4);
    for (const task of [0, 1]) {
      await agent.beginVisit(task);
      agent.remember(x, Float32Array.of(0, 0), x);
      await agent.endVisit();
    }
    expect((await agent.knownTasks([0, 1])).map(({ residualScale }) => residualScale.length)).toEqual([2, 2]);
    const { residualScales, ...state } = await agent.learnedState();
    const learned = { ...state, residualScales: [residualScales[0], undefined] };
    await agent.restore({ learned, current: undefined }, 1);
    const refused = agent.unannouncedPolicy([0, 1], Rng.fromSeed(2));
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(/Nothing says how far the model of task point-2 is off/);
    await agent.release();
  });
});
