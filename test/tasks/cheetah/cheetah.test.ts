import { beforeAll, describe, expect, test } from "vitest";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import { Environment } from "../../../sim/environment.js";
import type { Scene } from "../../../sim/task.js";
import { initPhysics } from "../../../sim/world.js";
import { cheetahReward, cheetahSuite } from "../../../tasks/cheetah/cheetah.js";
import { CHEETAH_BODIES } from "../../../tasks/cheetah/layout.js";
import { createCheetahScene } from "../../../tasks/cheetah/scene.js";
import { jointSeparation } from "./separation.js";

const { tasks } = cheetahSuite;
const index = (name: string) => tasks[0]!.spec.observation.findIndex((c) => c.name === name);
const FORWARD = 0;
const HEIGHT = 1;
const PITCH = 2;

function between(value: number, low: number, high: number): void {
  expect(value).toBeGreaterThanOrEqual(low);
  expect(value).toBeLessThanOrEqual(high);
}

/** World pose of a body by its name. */
const poseIn = (scene: Scene) => (name: string) =>
  scene.bodyPose(scene.bodies.findIndex((body) => body.name === name));

beforeAll(initPhysics);

test("the suite has the published bodies in the published order and the published observation", () => {
  expect(tasks.map((t) => t.name)).toEqual(["default", "big-torso", "big-thigh", "big-leg", "big-foot"]);
  const { observation, action, episodeSteps, controlPeriod } = tasks[0]!.spec;
  expect([observation.length, action.length, episodeSteps, controlPeriod]).toEqual([18, 6, 1000, 0.05]);
  expect(observation.map((c) => c.absolute === true)).toEqual(observation.map((_, i) => i === FORWARD));
  expect(observation.filter((c) => c.angle).map((c) => c.name)).toEqual(["pitch"]);
});

describe.each(CHEETAH_BODIES.map((body, i) => [body, i] as const))("%s", (body, at) => {
  test("stands at the height of the reference without torques", () => {
    const scene = createCheetahScene(body);
    const seen = new Float32Array(18);
    scene.reset(() => 0.5);
    for (let k = 0; k < 100; k++) scene.advance([0, 0, 0, 0, 0, 0]);
    scene.observe(seen);
    scene.close();
    // Measured 0.58 m (0.61 m on big feet); MuJoCo settles at 0.57 m.
    between(seen[HEIGHT]!, 0.56, 0.64);
    between(seen[PITCH]!, -0.1, 0.1);
    expect(Math.abs(seen[FORWARD]!)).toBeLessThan(0.01);
  });

  test("random torques keep the joints within 3 mm, the body in its plane, and go nowhere", () => {
    const environment = new Environment(tasks[at]!);
    environment.reset(3);
    const { scene } = environment;
    const rng = Rng.fromSeed(3);
    let separation = 0;
    let sideways = 0;
    for (let k = 0; k < 300; k++) {
      environment.step(Array.from({ length: 6 }, () => 2 * rng.uniform() - 1));
      separation = Math.max(separation, jointSeparation(body, poseIn(scene)));
      for (let i = 1; i < scene.bodies.length; i++) {
        sideways = Math.max(sideways, Math.abs(scene.bodyPose(i).position[1]));
      }
    }
    const { distanceM } = scene.measure();
    environment.close();
    expect(separation).toBeLessThan(0.003);
    expect(sideways).toBeLessThan(0.01);
    // 15 s.
    expect(Math.abs(distanceM!)).toBeLessThan(4);
  });

  test.each([
    ["all torques at one bound", () => 1],
    ["bounds in turn", (k: number) => (k % 2 === 0 ? 1 : -1)],
    ["random bounds", (_: number, uniform: number) => (uniform < 0.5 ? -1 : 1)],
    ["far beyond the bounds", (_: number, uniform: number) => (uniform - 0.5) * 1e30],
  ])("stays finite and together: %s", (_, choose) => {
    const environment = new Environment(tasks[at]!);
    environment.reset(4);
    const rng = Rng.fromSeed(4);
    let separation = 0;
    for (let k = 0; k < 200; k++) {
      const action = Array.from({ length: 6 }, () => choose(k, rng.uniform()));
      const { observation } = environment.step(action);
      separation = Math.max(separation, jointSeparation(body, poseIn(environment.scene)));
      between(observation[HEIGHT]!, 0.05, 2);
      between(observation[FORWARD]!, -8, 8);
    }
    environment.close();
    expect(separation).toBeLessThan(0.01);
  });
});

/** Periodic torques, the same for every body: of each joint the amplitude, phase (rad) and offset. */
const GAIT = {
  frequency: 11.83,
  joints: [
    [0.92, 4.95, -0.15],
    [0.64, 6.17, -0.11],
    [0.9, 2.06, 0.15],
    [0.79, 2.02, -0.19],
    [0.48, 4.04, 0],
    [0.79, 2.58, 0.16],
  ],
} as const;

test.each(CHEETAH_BODIES.map((body, i) => [body, i] as const))(
  "%s runs forward with a simple gait",
  (_, at) => {
    const environment = new Environment(tasks[at]!);
    environment.reset(3);
    let total = 0;
    for (let k = 0; k < 200; k++) {
      const action = GAIT.joints.map(([amplitude, phase, offset]) => {
        return amplitude * Math.sin(GAIT.frequency * 0.05 * k + phase) + offset;
      });
      total += environment.step(action).reward;
    }
    const { distanceM, pitchDeg } = environment.scene.measure();
    environment.close();
    // Measured 17 to 20 m in these 10 s; random torques come no further than 2 m.
    between(distanceM!, 12, 25);
    between(pitchDeg!, -60, 60);
    expect(total).toBeGreaterThan(200);
  },
);

describe("pitch and start", () => {
  test("the pitch keeps its full turns, and a snapshot does too", () => {
    const scene = createCheetahScene("default");
    const seen = new Float32Array(18);
    scene.reset(() => 0.5);
    const rng = Rng.fromSeed(3);
    let [previous, furthest] = [0, 0];
    for (let k = 0; k < 1000; k++) {
      scene.advance(Array.from({ length: 6 }, () => (rng.uniform() < 0.5 ? -1 : 1)));
      scene.observe(seen);
      expect(Math.abs(seen[PITCH]! - previous)).toBeLessThan(1);
      previous = seen[PITCH]!;
      furthest = Math.max(furthest, Math.abs(previous));
    }
    const state = scene.snapshot();
    const again = new Float32Array(18);
    scene.reset(() => 0.5);
    scene.restore(state);
    scene.observe(again);
    scene.close();
    expect(again).toEqual(seen);
    expect(furthest).toBeGreaterThan(2);
  });

  test("starts differ by seed within the published spread", () => {
    const environment = new Environment(tasks[0]!);
    const starts = Array.from({ length: 40 }, (_, seed) => environment.reset(seed));
    environment.close();
    for (let i = 0; i < 18; i++) {
      const middle = i === HEIGHT ? 0.7 : 0;
      const spread = Math.max(...starts.map((s) => Math.abs(s[i]! - middle)));
      if (i === FORWARD) expect(spread).toBe(0);
      else between(spread, 0.05, i <= 8 ? 0.1001 : 0.18);
    }
  });
});

describe("reward", () => {
  test("forward velocity less a tenth of the squared action, computed by hand", () => {
    const nextObservation = new Float64Array(18).fill(9);
    nextObservation[index("forwardVelocity")] = 1.5;
    const [reward] = cheetahReward(eagerOps, {
      observation: new Float64Array(18),
      action: Float64Array.of(1, -1, 0.5, 0, 0, 0.5),
      nextObservation,
    });
    expect(reward).toBeCloseTo(1.5 - 0.25, 12);
  });
});
