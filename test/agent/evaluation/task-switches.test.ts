import { beforeAll, describe, expect, it } from "vitest";
import { canChangeWithin, checkSwitchSteps, drawSwitches } from "../../../agent/evaluation/task-switches.js";
import { UsageError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { initPhysics } from "../../../sim/world.js";
import { builtinSuites } from "../../../tasks/registry.js";

beforeAll(initPhysics);

describe("drawSwitches", () => {
  it("changes to another task each time, after so many steps, until the episode ends", () => {
    const [lasting, reached] = [new Set<number>(), new Set<string>()];
    for (let seed = 0; seed < 300; seed++) {
      const made = drawSwitches(1, 3, 50, { low: 7, high: 9 }, Rng.fromSeed(seed));
      let [after, task] = [0, 1];
      for (const change of made) {
        lasting.add(change.after - after);
        expect(change.candidate).not.toBe(task);
        reached.add(`${task}-${change.candidate}`);
        [after, task] = [change.after, change.candidate];
      }
      expect(after).toBeLessThan(50);
      // Nine steps later at the latest there would have been another.
      expect(after).toBeGreaterThanOrEqual(41);
    }
    expect([...lasting].sort()).toEqual([7, 8, 9]);
    expect([...reached].sort()).toEqual(["0-1", "0-2", "1-0", "1-2", "2-0", "2-1"]);
  });

  it("depends on the seed alone", () => {
    const draw = (seed: number) =>
      JSON.stringify(drawSwitches(0, 4, 200, { low: 20, high: 60 }, Rng.fromSeed(seed)));
    expect(draw(1)).toBe(draw(1));
    expect(new Set([1, 2, 3].map(draw)).size).toBe(3);
  });
});

describe("checkSwitchSteps", () => {
  it.each([
    [{ low: 1, high: 199 }, undefined],
    [{ low: 60, high: 20 }, /range of steps that a task lasts is upside down; got switch steps 60-20/],
    [{ low: 20, high: 200 }, /would change after the end of an episode; got switch steps 20-200/],
    [{ low: 0, high: 5 }, /cannot last so many steps within an episode; got switch steps 0-5/],
    [{ low: 2.5, high: 2.5 }, /cannot last so many steps within an episode; got switch steps 2.5/],
  ])("says of %j in an episode of 200 steps what is wrong", (steps, message) => {
    const check = () => checkSwitchSteps(steps, 200);
    if (message === undefined) return expect(check).not.toThrow();
    expect(check).toThrow(UsageError);
    expect(check).toThrow(message);
  });
});

describe("canChangeWithin", () => {
  it("holds of the suites whose tasks differ in nothing that places bodies, and not between suites", () => {
    const able = builtinSuites.filter(({ tasks }) => canChangeWithin(tasks.slice(0, 3)));
    expect(able.map(({ name }) => name).sort()).toEqual(
      ["cartpole", "cheetah", "push", "push-random", "push-slide", "reacher"].sort(),
    );
    expect(canChangeWithin(builtinSuites.map(({ tasks }) => tasks[0]!))).toBe(false);
  });
});
