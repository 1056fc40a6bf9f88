import { describe, expect, it } from "vitest";
import { evaluatedTasks, evaluationsFrom } from "../../../agent/settings/evaluated-tasks.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { UsageError } from "../../../sim/core/errors.js";
import { fakeTask } from "../../sim/recording/fake-task.js";
import { CATALOG } from "../fixtures.js";

const choice = (evaluateTasks: "all" | number, { seed = 1, tasks = 10 } = {}) => ({
  ...{ seed, tasks },
  loop: { evaluateTasks, schedule: "once", initialRandomSteps: 10, stepsPerTask: 20 },
});

const MOMENTS = Array.from({ length: 10 }, (_, i) => i);

describe("the tasks evaluated after a task", () => {
  it("are all so far, or as many as are asked for with the one just learned last, and all in the end", () => {
    for (const i of MOMENTS) {
      const all = Array.from({ length: i + 1 }, (_, j) => j);
      expect(evaluatedTasks(choice("all"), i)).toEqual(all);
      for (const n of [1, 2, 4, 10]) {
        const found = evaluatedTasks(choice(n), i);
        expect(found).toHaveLength(i === 9 ? 10 : Math.min(n, i + 1));
        expect(found.at(-1)).toBe(i);
        expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
        expect(all).toEqual(expect.arrayContaining(found));
      }
    }
  });

  it("are drawn by the seed and the moment alone, each earlier one as often as any other", () => {
    expect(evaluatedTasks(choice(4), 8)).toEqual(evaluatedTasks(choice(4), 8));
    const counts = new Array<number>(9).fill(0);
    const seeds = 6000;
    for (let seed = 0; seed < seeds; seed++)
      for (const j of evaluatedTasks(choice(4, { seed }), 8)) counts[j]!++;
    expect(counts[8]).toBe(seeds);
    // 3 of 8 with a standard deviation of √(6000 · 3/8 · 5/8) = 37.5.
    for (const count of counts.slice(0, 8)) expect(Math.abs(count - (seeds * 3) / 8)).toBeLessThan(4 * 37.5);
  });

  it("add up: K (K + 1) / 2 of all, and with n of them about n K", () => {
    expect(evaluationsFrom(choice("all"), 0)).toBe(55);
    const [K, n] = [10, 3];
    expect(evaluationsFrom(choice(n), 0)).toBe((n * (n - 1)) / 2 + n * (K - n) + K);
    expect(evaluationsFrom(choice(n), 8)).toBe(n + K);
    expect(evaluationsFrom(choice(n), 10)).toBe(0);
  });
});

describe("loop.evaluateTasks", () => {
  const tasks = [1, 2, 3].map((n) => ({ ...fakeTask(), name: `task ${n}` }));
  const resolve = (...assignments: string[]) =>
    resolveSettings(
      { suite: { name: "fake", tasks }, method: "single", profile: "quick", seed: 1 },
      assignments,
      CATALOG,
    ).loop.evaluateTasks;

  it("is all, or from one to the number of tasks", () => {
    expect(resolve()).toBe("all");
    expect(resolve("loop.evaluateTasks=all")).toBe("all");
    expect([1, 3].map((n) => resolve(`loop.evaluateTasks=${n}`))).toEqual([1, 3]);
  });

  it.each(["0", "-1", "1.5", "some"])("is refused as %s", (value) => {
    expect(() => resolve(`loop.evaluateTasks=${value}`)).toThrow(UsageError);
    expect(() => resolve(`loop.evaluateTasks=${value}`)).toThrow(
      /loop\.evaluateTasks.*"all", or a whole number from 1/,
    );
  });

  it("is refused where it is more than the tasks that are learned", () => {
    expect(() => resolve("loop.evaluateTasks=4")).toThrow(UsageError);
    expect(() => resolve("loop.evaluateTasks=3", "tasks=2")).toThrow(
      /loop\.evaluateTasks is out of range; got 3; expected all, or a whole number from 1 to 2, the tasks/,
    );
  });
});
