import { describe, expect, it } from "vitest";
import { evaluatedTasks } from "../../../agent/settings/evaluated-tasks.js";
import { parseSavedSettings } from "../../../agent/settings/parse.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { Schedule } from "../../../agent/settings/schedule.js";
import { UsageError } from "../../../sim/core/errors.js";
import { fakeTask } from "../../sim/recording/fake-task.js";
import { CATALOG } from "../fixtures.js";

const SUITE = { name: "fake", tasks: ["a", "b", "c", "d"].map((name) => ({ ...fakeTask(), name })) };

function resolve(schedule: unknown, { method = "single", seed = 1, set = [] as string[] } = {}) {
  const lengths = ["tasks=3", "loop.initialRandomSteps=10", "loop.stepsPerTask=50", "loop.trainEvery=20"];
  const text = typeof schedule === "string" ? schedule : JSON.stringify(schedule);
  const assignments = [...lengths, `loop.schedule=${text}`, ...set];
  return resolveSettings({ suite: SUITE, method, profile: "quick", seed }, assignments, CATALOG);
}

const tasksOf = (schedule: unknown, seed = 1) =>
  new Schedule(resolve(schedule, { seed })).visits.map(({ task }) => task);

describe("a schedule", () => {
  it("visits every task once in order, or so many times over, with random steps at first visits alone", () => {
    expect(tasksOf("once")).toEqual([0, 1, 2]);
    expect(new Schedule(resolve("once")).isOnce).toBe(true);
    expect(tasksOf("rounds:2")).toEqual([0, 1, 2, 0, 1, 2]);
    const schedule = new Schedule(resolve("rounds:2"));
    expect(schedule.visits[2]).toEqual({
      task: 2,
      earlierVisits: 0,
      randomSteps: 10,
      plannedSteps: 50,
      start: 120,
    });
    expect(schedule.visits[4]).toEqual({
      task: 1,
      earlierVisits: 1,
      randomSteps: 0,
      plannedSteps: 50,
      start: 230,
    });
    expect([schedule.steps(0), schedule.steps(5), schedule.end(5)]).toEqual([60, 50, 330]);
    expect([schedule.isOnce, schedule.revisits]).toEqual([false, true]);
  });

  it("in random order begins with every task once and never stays, the same for all methods of a seed", () => {
    const orders = [1, 2, 3, 4, 5].map((seed) => tasksOf("random:40", seed));
    for (const order of orders) {
      expect(order.slice(0, 3).toSorted()).toEqual([0, 1, 2]);
      expect(order.every((task, visit) => task !== order[visit - 1])).toBe(true);
      expect(new Set(order.slice(3)).size).toBe(3);
    }
    expect(new Set(orders.map(String)).size).toBe(5);
    expect(new Schedule(resolve("random:40", { method: "ewc" })).visits.map(({ task }) => task)).toEqual(
      orders[0],
    );
    expect(tasksOf("random:3")).toHaveLength(3);
  });

  it("of one task stays with it", () => {
    expect(new Schedule(resolve("random:3", { set: ["tasks=1"] })).visits).toHaveLength(3);
  });

  it("is a list of visits by name or number, each with steps of its own where it says so", () => {
    const settings = resolve([{ task: "c", steps: 30 }, { task: 1 }, { task: "b" }, { task: 3, steps: 25 }]);
    expect(settings.loop.schedule).toEqual([
      { task: 3, steps: 30 },
      { task: 1 },
      { task: 2 },
      { task: 3, steps: 25 },
    ]);
    const schedule = new Schedule(settings);
    expect(schedule.order).toEqual([2, 0, 1]);
    expect(schedule.visits.map((_, visit) => schedule.steps(visit))).toEqual([40, 60, 60, 25]);
    expect([0, 1, 2, 3].map((visit) => schedule.begun(visit))).toEqual([1, 2, 3, 3]);
  });

  it("evaluates after a visit the tasks visited so far, in the order of the suite, and after the last all", () => {
    const settings = resolve([{ task: "c" }, { task: "a" }, { task: "c" }, { task: "b" }]);
    expect([0, 1, 2, 3].map((visit) => evaluatedTasks(settings, visit))).toEqual([
      [2],
      [0, 2],
      [0, 2],
      [0, 1, 2],
    ]);
    const one = resolve("rounds:2", { set: ["loop.evaluateTasks=1"] });
    expect([0, 1, 3, 5].map((visit) => evaluatedTasks(one, visit))).toEqual([[0], [1], [0], [0, 1, 2]]);
  });
});

describe("loop.schedule", () => {
  it.each<[unknown, RegExp]>([
    ["twice", /loop\.schedule is not valid; got "twice"; expected once, rounds:N, random:N, or a list/],
    ["rounds:0", /loop\.schedule is not valid; got "rounds:0"/],
    ["[]", /loop\.schedule is not valid; got \[\]; expected once, rounds:N/],
    ["random:2", /out of range; got random:2, 2 visits of 3 tasks; expected from 3, each task once, to 1000/],
    ["rounds:334", /out of range; got rounds:334, 1002 visits of 3 tasks/],
    [
      [{ task: "a" }, { task: "bb" }, { task: "c" }],
      /Unknown task; got "bb"; expected one of a, b, c, d\. Did/,
    ],
    [
      [{ task: "d" }],
      /Visit 1 .* not learned; got task 4, d; expected one of the first 3: a, b, c\. .*--tasks 4/,
    ],
    [[{ task: 5 }], /Visit 1 .* not learned; got task 5; .*The suite has 4 tasks/],
    [[{ task: "a" }, { task: "c" }], /never visited by loop\.schedule; got no visit of task 2, b/],
    [[{ task: 1, steps: 0 }], /loop\.schedule/],
    [
      [{ task: 1 }, { task: 2 }, { task: 3 }, { task: 1, steps: 20 }],
      /Visit 4 of loop\.schedule would learn nothing; got 20 planned steps .*; expected more than 20/,
    ],
  ])("is refused as %j", (schedule, message) => {
    expect(() => resolve(schedule)).toThrow(UsageError);
    expect(() => resolve(schedule)).toThrow(message);
  });

  it("that was changed by hand to one that leaves a task out is refused where it is read", () => {
    const saved = structuredClone(resolve("rounds:2"));
    for (const schedule of ["random:2", [{ task: 1 }, { task: 2 }], [{ task: 1 }, { task: 4 }]]) {
      const changed = { ...saved, loop: { ...saved.loop, schedule } };
      expect(() => parseSavedSettings(changed, "settings.json")).toThrow(/loop\.schedule/);
    }
    expect(parseSavedSettings(saved, "settings.json")).toEqual(saved);
  });

  it.each(["pnn", "single-hypernet"])("may not visit a task again with %s, whose tasks stay", (method) => {
    expect(() => resolve("rounds:2", { method })).toThrow(
      new RegExp(`Method ${method} cannot learn a task again; got loop.schedule "rounds:2"`),
    );
    expect(() => resolve("random:3", { method })).not.toThrow();
  });
});
