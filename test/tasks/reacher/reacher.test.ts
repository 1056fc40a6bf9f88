import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import { Environment } from "../../../sim/environment.js";
import { initPhysics } from "../../../sim/world.js";
import { createReacherTask, reacherReward, reacherSuite } from "../../../tasks/reacher/reacher.js";
import { take } from "../../take.js";
import { integrate } from "../integrate.js";

beforeAll(initPhysics);

const open: Environment[] = [];
afterEach(() => {
  for (const environment of open.splice(0)) environment.close();
});
function start(length: number, seed: number): Environment {
  const environment = new Environment(createReacherTask(length));
  open.push(environment);
  environment.reset(seed);
  return environment;
}
const goalOf = ({ scene }: Environment) => scene.bodyPose(3).position;

it("the suite has ten forearm lengths, all different", () => {
  expect(reacherSuite.tasks).toHaveLength(10);
  expect(new Set(reacherSuite.tasks.map(({ name }) => name)).size).toBe(10);
});

it("the reward is minus the distance to the goal, and 0.01 ‖u‖² less", () => {
  const reward = (tip: number[], action: number[]) =>
    reacherReward(eagerOps, {
      observation: new Float64Array(6),
      action: Float64Array.from(action),
      nextObservation: Float64Array.of(9, 9, 9, 9, ...tip),
    })[0];
  expect(reward([0.3, -0.4], [0, 0])).toBeCloseTo(-0.5, 8);
  expect(reward([0, 0], [0, 0])).toBeCloseTo(0, 4);
  expect(reward([0.3, -0.4], [1, -0.5])).toBeCloseTo(-0.5125, 8);
});

describe("physics", () => {
  /** The textbook equations of two uniform rods of 1 kg/m, the first 0.5 m long, with the elbow's angle relative. */
  const equations = (length: number, shoulder: number, elbow: number) => {
    const [m1, m2, first] = [0.5, length, 0.5];
    return (state: readonly number[]): number[] => {
      const [, q2, w1, w2] = take(4, state);
      const h = (m2 * first * length) / 2;
      const own = (m2 * length * length) / 3;
      const a = (m1 * first * first) / 3 + m2 * first * first + own + 2 * h * Math.cos(q2);
      const b = own + h * Math.cos(q2);
      const p = shoulder - 0.3 * w1 + h * Math.sin(q2) * (2 * w1 * w2 + w2 * w2);
      const q = elbow - 0.3 * w2 - h * Math.sin(q2) * w1 * w1;
      const determinant = a * own - b * b;
      return [w1, w2, (own * p - b * q) / determinant, (a * q - b * p) / determinant];
    };
  };

  it.each([0.3, 0.5, 0.75])("an arm of %f m follows the equations of motion, a step at a time", (length) => {
    const environment = start(length, 1);
    const rng = Rng.fromSeed(2);
    for (let k = 0; k < 50; k++) {
      const before = [...environment.observation].slice(0, 4);
      const action = [2 * rng.uniform() - 1, 2 * rng.uniform() - 1];
      const { observation } = environment.step(action);
      const expected = integrate(equations(length, 4 * action[0]!, 2 * action[1]!), before, 0.05);
      [0.01, 0.03, 0.1, 0.5].forEach((tolerance, i) => {
        expect(Math.abs(observation[i]! - expected[i]!), `step ${k + 1}, number ${i}`).toBeLessThan(
          tolerance,
        );
      });
    }
  });

  it("the observed offset is the fingertip of the two angles minus the goal", () => {
    const environment = start(0.6, 4);
    const rng = Rng.fromSeed(5);
    const [goalX, goalY] = goalOf(environment);
    for (let k = 0; k < 50; k++) {
      const { observation } = environment.step([2 * rng.uniform() - 1, 2 * rng.uniform() - 1]);
      const [q1, q2] = take(2, observation);
      const [dx, dy] = take(2, observation.subarray(4));
      expect(dx).toBeCloseTo(0.5 * Math.cos(q1) + 0.6 * Math.cos(q1 + q2) - goalX, 2);
      expect(dy).toBeCloseTo(0.5 * Math.sin(q1) + 0.6 * Math.sin(q1 + q2) - goalY, 2);
      expect(environment.scene.measure().tipErrorMm).toBeCloseTo(1e3 * Math.hypot(dx, dy), 1);
    }
    expect(goalOf(environment)).toEqual([goalX, goalY, expect.any(Number)]);
  });

  it("goals fill the ring that every arm reaches, and come back with a snapshot", () => {
    const environment = start(0.3, 0);
    const goals = Array.from({ length: 200 }, (_, seed) => {
      environment.reset(seed);
      return goalOf(environment);
    });
    const radii = goals.map(([x, y]) => Math.hypot(x, y));
    expect(Math.min(...radii)).toBeGreaterThanOrEqual(0.3);
    expect(Math.max(...radii)).toBeLessThanOrEqual(0.7);
    for (const [sx, sy] of [-1, 1].flatMap((x) => [-1, 1].map((y) => [x, y] as const))) {
      expect(goals.filter(([x, y]) => sx * x > 0 && sy * y > 0).length).toBeGreaterThan(25);
    }
    const state = environment.snapshot();
    const goal = goalOf(environment);
    environment.reset(7);
    expect(goalOf(environment)).not.toEqual(goal);
    environment.restore(state);
    expect(goalOf(environment)).toEqual(goal);
  });

  it("the arm turns over and over without a jump of its angles", () => {
    const environment = start(0.4, 3);
    let before = environment.observation;
    for (let k = 0; k < 50; k++) {
      const { observation } = environment.step([1, 0.2]);
      expect(Math.abs(observation[0]! - before[0]!)).toBeLessThan(1);
      before = observation;
    }
    expect(before[0]).toBeGreaterThan(2 * Math.PI);
  });
});
