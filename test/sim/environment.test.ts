import { describe, expect, it } from "vitest";
import { InputError, RunError } from "../../sim/core/errors.js";
import { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import { fakeTask } from "./recording/fake-task.js";

/** Pushes to where the episode ends. */
const AWAY = [0, 1];
const task = fakeTask({ range: 0.6, damping: 0.1 });

function stepsUntilOver(environment: Environment): number {
  let steps = 0;
  while (!environment.over) {
    environment.step(AWAY);
    steps++;
  }
  return steps;
}

describe("an episode that ends by itself", () => {
  it("says so at the step that leads there, which is paid for, and takes no other", () => {
    const environment = new Environment(task);
    const plain = new Environment(fakeTask({ damping: 0.1 }));
    environment.reset(2);
    plain.reset(2);
    let last = environment.step(AWAY);
    expect(last).toEqual({ ...plain.step(AWAY), terminated: false });
    while (!last.terminated) {
      last = environment.step(AWAY);
      expect(last).toEqual({ ...plain.step(AWAY), terminated: Math.abs(last.observation[1]!) > 0.6 });
    }
    expect(last.truncated).toBe(false);
    expect(environment.stepsDone).toBeLessThan(task.spec.episodeSteps);
    expect(() => environment.step(AWAY)).toThrow(/steps done, after which the task ended the episode/);
  });

  it("begins anew at a reset, and with a snapshot is where it was", () => {
    const environment = new Environment(task);
    environment.reset(2);
    const middle = environment.snapshot();
    const steps = stepsUntilOver(environment);
    const end = environment.snapshot();
    environment.restore(middle);
    expect(stepsUntilOver(environment)).toBe(steps);
    environment.reset(2);
    expect(environment.over).toBe(false);
    environment.restore(end);
    expect(environment.over).toBe(true);
  });

  it("can end with the last of its steps, in both ways", () => {
    const environment = new Environment(task);
    environment.reset(2);
    const episodeSteps = stepsUntilOver(environment);
    const short = new Environment({ ...task, spec: { ...task.spec, episodeSteps } });
    short.reset(2);
    for (let i = 1; i < episodeSteps; i++) expect(short.step(AWAY)).toMatchObject({ truncated: false });
    expect(short.step(AWAY)).toMatchObject({ terminated: true, truncated: true });
  });

  it("is begun in other states only by a task that has them", () => {
    expect(() => new Environment(task, { variedStarts: true })).toThrow(
      /Task point does not say how its starts are varied/,
    );
  });

  it("has at least one step, and ends by a number only", () => {
    const reset = (terminated: Task["terminated"]) => () =>
      new Environment({ ...task, ...(terminated && { terminated }) }).reset(2);
    expect(reset((ops) => ops.constant([1]))).toThrow(RunError);
    expect(reset((ops) => ops.constant([1]))).toThrow(/episode with seed 2 is over before its first step/);
    expect(reset((ops) => ops.constant([Number.NaN]))).toThrow(/what terminated\(\) says is not finite/);
    expect(reset((ops) => ops.constant([0]))).not.toThrow();
  });
});

describe("steps of an episode that are given", () => {
  it.each([0, -1, 1.5, Number.NaN])("are refused when they are %s", (episodeSteps) => {
    expect(() => new Environment(task, { episodeSteps })).toThrow(InputError);
    expect(() => new Environment(task, { episodeSteps })).toThrow(/a whole number from 1/);
  });

  it("are the task's own when they are more", () => {
    expect(new Environment(task, { episodeSteps: 1 }).episodeSteps).toBe(1);
    expect(new Environment(task, { episodeSteps: 1e6 }).episodeSteps).toBe(task.spec.episodeSteps);
  });
});
