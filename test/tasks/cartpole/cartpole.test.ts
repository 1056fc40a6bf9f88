import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import { Environment } from "../../../sim/environment.js";
import type { Task } from "../../../sim/task.js";
import { initPhysics } from "../../../sim/world.js";
import { cartPoleReward, cartPoleSuite, createCartPoleTask } from "../../../tasks/cartpole/cartpole.js";
import { take } from "../../take.js";
import { integrate } from "../integrate.js";

beforeAll(initPhysics);

const open: Environment[] = [];
afterEach(() => {
  for (const environment of open.splice(0)) environment.close();
});
function start(task: Task, seed: number): Environment {
  const environment = new Environment(task);
  open.push(environment);
  environment.reset(seed);
  return environment;
}

const reward = (length: number, nextObservation: number[], action = 0): number =>
  cartPoleReward(eagerOps, length, {
    observation: new Float64Array(4),
    action: Float64Array.of(action),
    nextObservation: Float64Array.from(nextObservation),
  })[0]!;

describe("suite", () => {
  it("has the ten lengths in their order", () => {
    expect(cartPoleSuite.tasks.map(({ name }) => name)).toEqual(
      ["0.6m", "0.8m", "0.4m", "1.0m", "1.2m"].concat(["0.7m", "0.5m", "0.9m", "1.1m", "1.3m"]),
    );
  });
});

describe("reward", () => {
  it("is 1 upright over the middle, whole turns on too, and exp(-4) hanging under it", () => {
    expect(reward(0.7, [0, 5, 0, 9])).toBe(1);
    expect(reward(0.7, [0, 0, 4 * Math.PI, 0])).toBeCloseTo(1, 12);
    expect(reward(0.7, [0, 0, Math.PI, 0])).toBeCloseTo(Math.exp(-4), 12);
  });

  it("counts the tip's distance in pole lengths and takes 0.01 u²", () => {
    expect(reward(0.5, [0.5, 0, 0, 0])).toBeCloseTo(Math.exp(-1), 12);
    // Leaning to +x with the cart on the other side: only the height is missing.
    expect(reward(2, [-Math.sqrt(3), 0, Math.PI / 3, 0])).toBeCloseTo(Math.exp(-0.25), 12);
    expect(reward(1, [0, 0, 0, 0], 3) - reward(1, [0, 0, 0, 0])).toBeCloseTo(-0.09, 12);
  });
});

describe("physics", () => {
  /** The textbook equations: a uniform rod of mass m and length l on a cart of mass M, angle from upright toward +x. */
  const equations = (length: number, force: number) => {
    const [M, m, g] = [10.5, 7.54 * length, 9.81];
    return (state: readonly number[]): number[] => {
      const [, v, angle, w] = take(4, state);
      const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
      const [a, b, c] = [M + m, (m * length * cosine) / 2, (m * length * length) / 3];
      const p = force - v + (m * length * sine * w * w) / 2;
      const q = (m * g * length * sine) / 2 - 0.1 * w;
      const determinant = a * c - b * b;
      return [v, (c * p - b * q) / determinant, w, (a * q - b * p) / determinant];
    };
  };

  it.each([0.4, 0.8, 1.3])("a pole of %f m follows the equations of motion, a step at a time", (length) => {
    const environment = start(createCartPoleTask(length), 1);
    const rng = Rng.fromSeed(2);
    let compared = 0;
    for (let k = 0; k < 200; k++) {
      const before = [...environment.observation];
      // Toward the middle: at the rail's ends the equations do not hold.
      const action = -before[0]! + 2 * rng.uniform() - 1;
      const { observation } = environment.step([action]);
      if (Math.abs(observation[0]!) > 2.3) continue;
      compared++;
      const expected = integrate(equations(length, 100 * action), before, 0.04);
      [0.003, 0.03, 0.01, 0.15].forEach((tolerance, i) => {
        expect(Math.abs(observation[i]! - expected[i]!), `step ${k + 1}, number ${i}`).toBeLessThan(
          tolerance,
        );
      });
    }
    expect(compared).toBeGreaterThan(150);
  });

  it("the rail ends at 2.5 m, and the joints hold when the cart runs into its end", () => {
    const environment = start(createCartPoleTask(1.3), 3);
    for (let k = 0; k < 200; k++) {
      environment.step([k < 100 ? 3 : -3]);
      const cart = environment.scene.bodyPose(1).position;
      const pole = environment.scene.bodyPose(2).position;
      expect(Math.abs(cart[0])).toBeLessThan(2.55);
      expect(Math.hypot(...cart.map((v, i) => v - pole[i]!))).toBeLessThan(0.05);
      if (k === 90) expect(cart[0]).toBeGreaterThan(2.45);
    }
    expect(environment.observation[0]).toBeLessThan(-2.45);
  });

  it("an episode starts with the pole hanging, elsewhere with another seed", () => {
    const starts = [1, 2].map((seed) => start(cartPoleSuite.tasks[0]!, seed).observation);
    for (const observation of starts) {
      const [x, v, angle, w] = take(4, observation);
      expect(Math.abs(x)).toBeLessThanOrEqual(0.1);
      expect(Math.abs(angle - Math.PI)).toBeLessThanOrEqual(0.1 + 1e-6);
      expect([v, w]).toEqual([0, 0]);
    }
    expect(starts[0]).not.toEqual(starts[1]);
  });

  it("measures say what the observation says", () => {
    const task = createCartPoleTask(0.9);
    const { scene, observation } = start(task, 5);
    const measures = scene.measure();
    const [x, , angle] = take(3, observation);
    const tip = Math.hypot(x + 0.9 * Math.sin(angle), 0.9 * (1 - Math.cos(angle)));
    expect(measures.tipErrorMm).toBeCloseTo(1e3 * tip, 2);
    expect(measures.cartErrorMm).toBeCloseTo(1e3 * Math.abs(x), 3);
    expect(measures.poleErrorDeg).toBeGreaterThan(174);
    expect(task.succeeded(measures)).toBe(false);
    expect(task.succeeded({ ...measures, tipErrorMm: 179 })).toBe(true);
    expect(task.succeeded({ ...measures, tipErrorMm: 181 })).toBe(false);
  });
});
