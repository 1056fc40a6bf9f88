import { describe, expect, it } from "vitest";
import { createPlanner } from "../../planners/checked-planner.js";
import { definePlanner, type Planner } from "../../planners/types.js";
import { InputError } from "../../sim/core/errors.js";
import { foreign } from "../../sim/core/foreign.js";
import { Rng } from "../../sim/core/rng.js";

const problem = { horizon: 3, low: [-1, -1], high: [1, 1] };
const zeros = (size: number) => new Float32Array(size);

const whole: Planner = {
  plan: async (cost, gradient) => {
    await cost(zeros(12), 2);
    await gradient(zeros(6), 1);
    return zeros(2);
  },
  plans: (most) => ({ chosen: zeros(6), others: zeros(6 * most) }),
  reset() {},
  state: () => ({ rng: Rng.fromSeed(1).state(), arrays: { mean: zeros(6) } }),
  restore() {},
};

/** A planner as a module made it, which may lack anything. */
const made = (planner: unknown): Planner => {
  const create = () => foreign<Planner>(planner);
  return createPlanner(
    definePlanner({ name: "mine", summary: "x", settings: {}, create }),
    problem,
    {},
    Rng.fromSeed(1),
  );
};

const plan = (planner: Planner) =>
  planner.plan(
    async (_, samples) => zeros(samples),
    async (actions, samples) => ({ costs: zeros(samples), gradient: actions }),
  );

describe("a planner that is right", () => {
  it("gives what it gave", async () => {
    const planner = made(whole);
    expect(await plan(planner)).toEqual(zeros(2));
    expect(planner.plans(4)).toEqual(whole.plans(4));
    expect(planner.state()).toEqual(whole.state());
  });

  it("is called as the object that it is", () => {
    class Counting {
      resets = 0;
      plan = whole.plan;
      plans = whole.plans;
      state = whole.state;
      restore = whole.restore;
      reset() {
        this.resets++;
      }
    }
    const counting = new Counting();
    made(counting).reset();
    expect(counting.resets).toBe(1);
  });
});

describe("a planner that is wrong is told so by name:", () => {
  it.each([
    [{}, /^Planner mine makes a planner that cannot be used; got plan is undefined; expected an object with/],
    [{ ...whole, plans: 3 }, /got plans is 3/],
    [null, /got create returned null/],
  ])("made as %o", (planner, message) => {
    expect(() => made(planner)).toThrow(InputError);
    expect(() => made(planner)).toThrow(message);
  });

  it.each([
    [undefined, /with rng: undefined/],
    [{ rng: {}, arrays: {} }, /^Planner mine gives a state that cannot be saved; got state\(\) with rng: {}/],
    [{ rng: { path: "a", words: [1, 2, 3] }, arrays: {} }, /with rng: { path: 'a'/],
    [{ rng: whole.state().rng }, /with arrays: undefined; expected arrays: an object of Float32Arrays/],
    [{ rng: whole.state().rng, arrays: { mean: [1] } }, /with arrays\.mean: \[ 1 \]/],
  ])("state %j", (state, message) => {
    const planner = made({ ...whole, state: () => state });
    expect(() => planner.state()).toThrow(InputError);
    expect(() => planner.state()).toThrow(message);
  });

  it.each([
    [undefined, /^Planner mine gives no plans that can be recorded; got plans\(2\) with chosen: undefined/],
    [{ chosen: zeros(5), others: zeros(0) }, /chosen: 5 numbers, others: 0 numbers/],
    [{ chosen: zeros(6), others: zeros(7) }, /others: 7 numbers/],
    [{ chosen: zeros(6), others: zeros(18) }, /others: 18 numbers; expected .* H = 3, U = 2, K at most 2/],
    [{ chosen: zeros(6) }, /others: undefined/],
  ])("plans %#", (plans, message) => {
    const planner = made({ ...whole, plans: () => plans });
    expect(() => planner.plans(2)).toThrow(InputError);
    expect(() => planner.plans(2)).toThrow(message);
  });

  it.each([
    [zeros(11), 2, /got actions: 11 numbers, samples: 2; expected .* H = 3 and U = 2: 12 numbers/],
    [zeros(0), 0, /got actions: 0 numbers, samples: 0/],
    [zeros(12), undefined, /samples: undefined/],
    [[1, 2], 2, /actions: \[ 1, 2 \]/],
  ])("costs %#", async (actions, samples, message) => {
    const asking: [string, Planner["plan"]][] = [
      ["cost", (cost) => cost(foreign(actions), foreign(samples))],
      ["gradient", async (_, gradient) => (await gradient(foreign(actions), foreign(samples))).costs],
    ];
    for (const [what, ask] of asking) {
      const planned = plan(made({ ...whole, plan: ask }));
      await expect(planned).rejects.toThrow(InputError);
      await expect(planned).rejects.toThrow(
        `Planner mine calls ${what}(actions, samples) with what does not`,
      );
      await expect(planned).rejects.toThrow(message);
    }
  });

  it.each([
    [
      zeros(3),
      /^Planner mine does not plan an action; got plan\(\) gave 3 numbers; expected a Float32Array of 2/,
    ],
    [undefined, /gave undefined/],
    [[0, 0], /gave \[ 0, 0 \]/],
  ])("action %#", async (action, message) => {
    const planned = plan(made({ ...whole, plan: async () => action }));
    await expect(planned).rejects.toThrow(InputError);
    await expect(planned).rejects.toThrow(message);
  });
});
