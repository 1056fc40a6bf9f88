import { describe, expect, it } from "vitest";
import { MixedRollout } from "../../../agent/rollout/mixed-rollout.js";
import type { PlanningModel } from "../../../agent/rollout/rollout.js";

const [SAMPLES, ACTIONS] = [3, Float32Array.of(1, 2, 3, 4, 5, 6)];
const STATE = Float32Array.of(0);

/** A model of which sequence n costs `cost` + n, that counts how it is used. */
function fake(cost: number) {
  const calls = { costs: 0, gradient: 0, meanwhile: 0, held: -1, observed: 0, released: 0 };
  const costs = () => Float32Array.from({ length: SAMPLES }, (_, n) => cost + n);
  const observed = async () => {
    calls.observed++;
    return Float32Array.of(cost);
  };
  const model: PlanningModel = {
    hold: (rest) => {
      calls.held = rest;
    },
    costs: async (_state, _actions, _samples, meanwhile) => {
      calls.costs++;
      if (meanwhile !== undefined) calls.meanwhile++;
      return costs();
    },
    gradient: async (_state, actions) => {
      calls.gradient++;
      return { costs: costs(), gradient: actions.map((a) => a * cost) };
    },
    observations: observed,
    rollOut: observed,
    release: async () => {
      calls.released++;
    },
  };
  return { model, calls };
}

describe("MixedRollout", () => {
  it("gives the weighted mean of costs and derivatives, whatever the weights add up to", async () => {
    const [a, b] = [fake(1), fake(4)];
    const mixed = new MixedRollout([a.model, b.model]);
    expect([...(await mixed.costs(STATE, ACTIONS, SAMPLES))]).toEqual([2.5, 3.5, 4.5]);
    mixed.mix(Float64Array.of(0.25, 0.5));
    expect([...(await mixed.costs(STATE, ACTIONS, SAMPLES))]).toEqual([3, 4, 5]);
    const { costs, gradient } = await mixed.gradient(STATE, ACTIONS, SAMPLES);
    expect([...costs]).toEqual([3, 4, 5]);
    expect([...gradient]).toEqual([3, 6, 9, 12, 15, 18]);
  });

  it("rolls out the models that count alone, and lets a planner work beside one of them only", async () => {
    const [a, b, c] = [fake(1), fake(4), fake(9)];
    const mixed = new MixedRollout([a.model, b.model, c.model]);
    mixed.mix(Float64Array.of(0.5, 0, 0.5));
    await mixed.costs(STATE, ACTIONS, SAMPLES, () => {});
    expect([a, b, c].map(({ calls }) => [calls.costs, calls.meanwhile])).toEqual([
      [1, 1],
      [0, 0],
      [1, 0],
    ]);
    mixed.mix(Float64Array.of(0, 1, 0));
    expect([...(await mixed.costs(STATE, ACTIONS, SAMPLES, () => {}))]).toEqual([4, 5, 6]);
    await mixed.gradient(STATE, ACTIONS, SAMPLES);
    expect([a, b, c].map(({ calls }) => [calls.costs, calls.gradient])).toEqual([
      [1, 0],
      [1, 1],
      [1, 0],
    ]);
  });

  it("looks ahead by the model that counts most", async () => {
    const mixed = new MixedRollout([fake(1).model, fake(4).model]);
    mixed.mix(Float64Array.of(0.4, 0.6));
    expect([...(await mixed.observations(STATE, ACTIONS))]).toEqual([4]);
    expect([...(await mixed.rollOut(STATE, ACTIONS))]).toEqual([4]);
  });

  it("makes a sequence without a finite cost in one model one without it in the mean", async () => {
    const [good, bad] = [fake(1), fake(Number.NaN)];
    const costs = await new MixedRollout([good.model, bad.model]).costs(STATE, ACTIONS, SAMPLES);
    expect([...costs].some(Number.isFinite)).toBe(false);
  });

  it("holds rewards in all models, and releases all", async () => {
    const all = [fake(1), fake(4)];
    const mixed = new MixedRollout(all.map(({ model }) => model));
    mixed.mix(Float64Array.of(1, 0));
    mixed.hold(7);
    await mixed.release();
    expect(all.map(({ calls }) => [calls.held, calls.released])).toEqual([
      [7, 1],
      [7, 1],
    ]);
  });
});
