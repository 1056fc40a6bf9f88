import { beforeAll, describe, expect, test } from "vitest";
import { InputError, RunError } from "../../sim/core/errors.js";
import { eagerOps } from "../../sim/core/ops.js";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { suites } from "../../tasks/registry.js";

const STEPS = 25;
const all = suites().flatMap((suite) =>
  suite.tasks.map((task) => [`${suite.name}/${task.name}`, task] as const),
);

/** Uniform random actions within the bounds, `[steps, U]`. */
function randomActions(task: Task, seed: number, steps: number): number[][] {
  const rng = Rng.fromSeed(seed);
  return Array.from({ length: steps }, () =>
    task.spec.action.map(({ low, high }) => low + (high - low) * rng.uniform()),
  );
}

/** Every byte an episode produces: observations, rewards, measures and the final snapshot. */
function trace(environment: Environment, actions: readonly number[][]): string {
  const rows = actions.map((action) => {
    const { observation, reward } = environment.step(action);
    const bits = Buffer.from(Float64Array.of(reward, ...observation).buffer).toString("hex");
    return bits + JSON.stringify(environment.scene.measure());
  });
  return rows.join("\n") + Buffer.from(environment.snapshot().scene).toString("hex");
}

beforeAll(initPhysics);

describe.each(all)("%s", (_, task) => {
  const open = (use: (...environments: Environment[]) => void, count = 1): void => {
    const environments = Array.from({ length: count }, () => new Environment(task));
    try {
      use(...environments);
    } finally {
      for (const environment of environments) environment.close();
    }
  };

  test("spec: unique names, ordered bounds, vectors of the promised lengths", () => {
    const { observation, action, episodeSteps, controlPeriod } = task.spec;
    for (const channels of [observation, action]) {
      expect(channels.length).toBeGreaterThan(0);
      expect(new Set(channels.map((c) => c.name)).size).toBe(channels.length);
      expect(channels.every((c) => c.unit.length > 0)).toBe(true);
    }
    expect(action.every((c) => c.low < c.high)).toBe(true);
    expect(episodeSteps).toBeGreaterThan(0);
    expect(controlPeriod).toBeGreaterThan(0);
    open((environment) => {
      expect(environment.reset(1)).toHaveLength(observation.length);
      const written = new Float32Array(observation.length + 1).fill(Number.NaN);
      environment.scene.observe(written);
      expect([...written].map(Number.isNaN)).toEqual([...observation.map(() => false), true]);
    });
  });

  test("a whole random episode stays finite, truncates at its end and refuses to go on", () => {
    open((environment) => {
      environment.reset(3);
      const keys = Object.keys(environment.scene.measure());
      const actions = randomActions(task, 3, task.spec.episodeSteps);
      const results = actions.map((action) => environment.step(action));
      expect(results.every((r) => Number.isFinite(r.reward) && r.observation.every(Number.isFinite))).toBe(
        true,
      );
      expect(results.findIndex((r) => r.truncated)).toBe(task.spec.episodeSteps - 1);
      expect(new Set(results.map((r) => r.observation.join())).size).toBeGreaterThan(
        task.spec.episodeSteps / 2,
      );
      expect(Object.keys(environment.scene.measure())).toEqual(keys);
      expect(Object.values(environment.scene.measure()).every(Number.isFinite)).toBe(true);
      expect(() => environment.step(actions[0])).toThrow(RunError);
    });
  });

  test("the environment's reward is the task's reward of the transition", () => {
    open((environment) => {
      let before = environment.reset(5);
      for (const action of randomActions(task, 5, 5)) {
        const { observation, reward } = environment.step(action);
        const [expected] = task.reward(eagerOps, {
          observation: Float64Array.from(before),
          action: Float64Array.from(Float32Array.from(action)),
          nextObservation: Float64Array.from(observation),
        });
        expect(reward).toBe(expected);
        before = observation;
      }
    });
  });

  test("same seed and actions, same bytes; other actions, other bytes", () => {
    open((a, b, c) => {
      const actions = randomActions(task, 7, STEPS);
      for (const environment of [a, b, c]) environment.reset(7);
      const first = trace(a, actions);
      expect(trace(b, actions)).toBe(first);
      expect(trace(c, randomActions(task, 8, STEPS))).not.toBe(first);
    }, 3);
  });

  test("interleaved environments do not share state", () => {
    open((a, b, alone) => {
      const own = [randomActions(task, 9, STEPS), randomActions(task, 10, STEPS)];
      for (const environment of [a, b, alone]) environment.reset(9);
      const together: string[] = [];
      for (let k = 0; k < STEPS; k++) {
        together.push(a.step(own[0][k]).observation.join());
        b.step(own[1][k]);
      }
      expect(own[0].map((action) => alone.step(action).observation.join())).toEqual(together);
      expect(b.observation.join()).not.toBe(a.observation.join());
    }, 3);
  });

  test("a reset leaves nothing of the last episode behind", () => {
    open((used, fresh) => {
      used.reset(11);
      for (const action of randomActions(task, 11, STEPS)) used.step(action);
      const actions = randomActions(task, 12, STEPS);
      expect(used.reset(12)).toEqual(fresh.reset(12));
      expect(trace(used, actions)).toBe(trace(fresh, actions));
    }, 2);
  });

  test("a snapshot taken mid-episode continues with the same bytes, in its own and in another environment", () => {
    open((a, b) => {
      const actions = randomActions(task, 13, 2 * STEPS);
      a.reset(13);
      for (const action of actions.slice(0, STEPS)) a.step(action);
      const state = a.snapshot();
      const untouched = Buffer.from(state.scene).toString("hex");
      const rest = trace(a, actions.slice(STEPS));
      for (const environment of [a, b]) {
        environment.restore(state);
        expect(Buffer.from(environment.snapshot().scene).toString("hex")).toBe(untouched);
        expect(trace(environment, actions.slice(STEPS))).toBe(rest);
      }
      expect(Buffer.from(state.scene).toString("hex")).toBe(untouched);
    }, 2);
  });

  test("damaged, short, long and foreign snapshots are refused and change nothing", () => {
    open((environment) => {
      environment.reset(15);
      for (const action of randomActions(task, 15, 5)) environment.step(action);
      const good = environment.snapshot().scene;
      const flip = (at: number) => good.with(at, good[at] ^ 1);
      const bad = [
        new Uint8Array(0),
        good.subarray(0, good.length - 1),
        Uint8Array.from([...good, 0]),
        flip(0),
        flip(30),
        flip(good.length - 1),
        flip(Math.floor(good.length / 2)),
      ];
      for (const bytes of bad) expect(() => environment.scene.restore(bytes)).toThrow(InputError);
      expect(environment.snapshot().scene).toEqual(good);
    });
  });

  test("every body has a finite pose with a unit quaternion, and some body moves", () => {
    open((environment) => {
      const { scene } = environment;
      environment.reset(17);
      const poses = () => scene.bodies.map((_, i) => scene.bodyPose(i));
      const before = poses();
      for (const action of randomActions(task, 17, 10)) environment.step(action);
      const after = poses();
      expect(new Set(scene.bodies.map((b) => b.name)).size).toBe(scene.bodies.length);
      after.forEach((pose, i) => {
        expect(pose.position.every(Number.isFinite)).toBe(true);
        expect(Math.hypot(...pose.rotation)).toBeCloseTo(1, 5);
        if (scene.bodies[i].fixed) expect(pose).toEqual(before[i]);
      });
      expect(
        after.some((pose, i) => pose.position.some((v, c) => Math.abs(v - before[i].position[c]) > 1e-3)),
      ).toBe(true);
    });
  });

  test("close frees the physics; stepping afterwards fails", () => {
    const environment = new Environment(task);
    environment.reset(1);
    environment.close();
    environment.close();
    expect(() => environment.step(task.spec.action.map(() => 0))).toThrow();
  });
});

test("a snapshot of another task is refused", () => {
  const [a, b] = suites()[0]
    .tasks.slice(0, 2)
    .map((task) => new Environment(task));
  a.reset(1);
  b.reset(1);
  expect(() => b.scene.restore(a.scene.snapshot())).toThrow(InputError);
  a.close();
  b.close();
});
