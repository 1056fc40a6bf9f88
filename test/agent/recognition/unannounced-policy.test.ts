import { afterEach, describe, expect, it, vi } from "vitest";
import { MpcPolicy } from "../../../agent/policy.js";
import { checkAlike, UnannouncedPolicy } from "../../../agent/recognition/unannounced-policy.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import { UsageError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import type { Task, TaskSpec } from "../../../sim/task.js";
import { linearSystem, partsFor, pointTask, tinySettings } from "../fixtures.js";
import { linearDynamics } from "./linear-dynamics.js";

const released: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const policy of released.splice(0)) await policy.release();
});

const settings = tinySettings(["planner.name=icem", "planner.iterations=2"]);
const { planner } = partsFor(settings);

async function unannounced(variants: readonly number[]): Promise<UnannouncedPolicy> {
  const known = variants.map((variant) => ({
    task: { ...pointTask, name: `point-${variant}` },
    dynamics: linearDynamics(variant),
    residualScale: Float32Array.of(0.02, 0.02),
  }));
  const policy = await UnannouncedPolicy.create(known, settings, planner, Rng.fromSeed(7));
  released.push(policy);
  return policy;
}

async function told(variant: number): Promise<MpcPolicy> {
  const { shape, weights, normalizer } = linearDynamics(variant);
  const policy = await MpcPolicy.create(pointTask, shape, settings, planner, Rng.fromSeed(7));
  released.push(policy);
  await policy.load(weights, normalizer);
  return policy;
}

/** Lets a policy see random transitions of a system. */
function see(policy: UnannouncedPolicy, variant: number, steps: number): void {
  const rng = Rng.fromSeed(variant);
  for (let t = 0; t < steps; t++) {
    const x = Float32Array.of(rng.normal(), rng.normal());
    const u = Float32Array.of(2 * rng.uniform() - 1, 2 * rng.uniform() - 1);
    policy.observe(x, u, linearSystem(variant)(x, u));
  }
}

describe("UnannouncedPolicy", () => {
  it("plans what one that is told plans, bit by bit and with one model, once it is certain", async () => {
    const [blind, seeing] = [await unannounced([0, 1, 2]), await told(2)];
    see(blind, 2, 10);
    expect(blind.believed).toBe(2);
    expect(blind.probabilities[2]).toBeGreaterThan(0.95);
    blind.startEpisode(Rng.fromSeed(9));
    seeing.startEpisode(Rng.fromSeed(9));
    const rollouts = vi.spyOn(RolloutModel.prototype, "costs");
    let x: Float32Array = Float32Array.of(0.4, -0.3);
    for (let step = 0; step < 5; step++) {
      rollouts.mockClear();
      const u = (await blind.act(x, step)).slice();
      const byBlind = rollouts.mock.calls.length;
      expect([...u]).toEqual([...(await seeing.act(x, step))]);
      expect(rollouts.mock.calls.length - byBlind).toBe(byBlind);
      expect(await blind.forecast(x, 2)).toEqual(await seeing.forecast(x, 2));
      const next = linearSystem(2)(x, u);
      blind.observe(x, u, next);
      x = next;
    }
  });

  it("says where its plan leads by each model that it plans with, and nothing once it is certain", async () => {
    const blind = await unannounced([0, 1, 2]);
    const x = Float32Array.of(0.4, -0.3);
    const u = (await blind.act(x, 0)).slice();
    const forecasts = await blind.forecastsByTask(x);
    expect(forecasts.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const { task, index, chosen } of forecasts) {
      expect(task).toBe(`point-${index}`);
      for (const [i, value] of linearSystem(index)(x, u).entries()) expect(chosen[i]).toBeCloseTo(value, 4);
    }
    // The first is what the plan is drawn by.
    expect(forecasts[0]!.chosen).toEqual((await blind.forecast(x, 0)).chosen);
    see(blind, 1, 10);
    await blind.act(x, 1);
    expect(await blind.forecastsByTask(x)).toEqual([]);
  });

  it("plans with every model while none is certain, and with other actions than for one of them", async () => {
    const [blind, seeing] = [await unannounced([0, 1]), await told(0)];
    expect(blind.believed).toBeUndefined();
    const rollouts = vi.spyOn(RolloutModel.prototype, "costs");
    const x = Float32Array.of(0.4, -0.3);
    const u = (await blind.act(x, 0)).slice();
    const byBlind = rollouts.mock.calls.length;
    expect([...u]).not.toEqual([...(await seeing.act(x, 0))]);
    expect(byBlind).toBe(2 * (rollouts.mock.calls.length - byBlind));
  });

  it("keeps its plan when it changes its mind: the search goes on from the same warm start", async () => {
    const blind = await unannounced([0, 1]);
    see(blind, 0, 10);
    blind.startEpisode(Rng.fromSeed(9));
    const x = Float32Array.of(0.4, -0.3);
    await blind.act(x, 0);
    see(blind, 1, 20);
    expect(blind.believed).toBe(1);
    const warm = [...(await blind.act(x, 1))];
    // A told one that planned the first step with the first model and the second with the other.
    const seeing = await told(0);
    seeing.startEpisode(Rng.fromSeed(9));
    await seeing.act(x, 0);
    const { weights, normalizer } = linearDynamics(1);
    await seeing.load(weights, normalizer);
    expect(warm).toEqual([...(await seeing.act(x, 1))]);
  });

  it("forgets what it believes when it is told to, and not between episodes", async () => {
    const blind = await unannounced([0, 1]);
    see(blind, 0, 10);
    blind.startEpisode(Rng.fromSeed(1));
    expect(blind.believed).toBe(0);
    blind.forget();
    expect(blind.believed).toBeUndefined();
  });
});

describe("checkAlike", () => {
  const changed = (spec: Partial<TaskSpec>): Task => ({
    ...pointTask,
    name: "other",
    spec: { ...pointTask.spec, ...spec },
  });
  const [, ...fewer] = pointTask.spec.observation;

  it("accepts tasks of which nothing but the revision differs", () => {
    expect(() => checkAlike([pointTask, changed({ revision: 3 })])).not.toThrow();
  });

  it.each([
    ["observation", { observation: fewer }],
    ["action", { action: pointTask.spec.action.map((channel) => ({ ...channel, low: -2 })) }],
    ["episodeSteps", { episodeSteps: 21 }],
  ] as const)("refuses tasks with another %s, and names both", (field, spec) => {
    const check = () => checkAlike([pointTask, pointTask, changed(spec)]);
    expect(check).toThrow(UsageError);
    expect(check).toThrow(
      new RegExp(
        `Tasks point and other cannot be played without being told which it is; got another spec.${field}`,
      ),
    );
  });

  it("refuses a single task", () => {
    expect(() => checkAlike([pointTask])).toThrow(/too few tasks to tell apart; got 1 task/);
  });
});
