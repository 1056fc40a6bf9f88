import { describe, expect, it } from "vitest";
import { LocalSimulator, TaskSimulator } from "../../../agent/rollout/simulator-rollouts.js";
import { sequencesOf } from "../../../agent/rollout/simulator-threads.js";
import { Environment, type EnvironmentState } from "../../../sim/environment.js";
import { pointTask } from "../../tasks/point-task.js";

// 60 steps; the reward is minus the wheel's angle, so every number can be had by stepping.
const task = pointTask();
const HORIZON = 5;

/** The state after some steps of torque 1, from the start of seed 3. */
function stateAfter(steps: number): EnvironmentState {
  const environment = new Environment(task);
  environment.reset(3);
  for (let i = 0; i < steps; i++) environment.step([1]);
  return environment.snapshot();
}

/** Rewards of torques from a state, stepped by hand. */
function rewards(state: EnvironmentState, torques: readonly number[]): number[] {
  const environment = new Environment(task);
  environment.restore(state);
  return torques.map((torque) => environment.step([torque]).reward);
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** `[H, 2, 1]` of two sequences. */
const pair = (a: readonly number[], b: readonly number[]) =>
  Float32Array.from(a.flatMap((value, h) => [value, b[h]!]));

const A = [1, -1, 0.5, 0, 0.25];
const B = [-1, -1, -1, -1, 2];

describe("sequences in the true simulator", () => {
  it("cost what the environment pays for them, each from the same state", async () => {
    const state = stateAfter(7);
    const simulator = new LocalSimulator(new TaskSimulator({ task, horizon: HORIZON, holdReward: false }));
    const costs = [...(await simulator.costs(state, pair(A, B), 2))];
    expect(costs).toEqual([A, B].map((torques) => Math.fround(-sum(rewards(state, torques)))));
    expect([...(await simulator.costs(state, pair(B, A), 2))]).toEqual(costs.reverse());
  });

  it("hold their last reward for every step that the episode goes on after them", () => {
    const state = stateAfter(7);
    const simulator = new TaskSimulator({ task, horizon: HORIZON, holdReward: true });
    const paid = rewards(state, B);
    const left = 60 - 7 - HORIZON;
    expect(simulator.cost(state, pair(A, B), 2, 1)).toBeCloseTo(-(sum(paid) + left * paid.at(-1)!), 12);
  });

  it("hold their last reward for so many steps at most", () => {
    const simulator = new TaskSimulator({ task, horizon: HORIZON, holdReward: 3 });
    const held = (stepsDone: number, steps: number) => {
      const paid = rewards(stateAfter(stepsDone), B);
      expect(simulator.cost(stateAfter(stepsDone), pair(A, B), 2, 1)).toBeCloseTo(
        -(sum(paid) + steps * paid.at(-1)!),
        12,
      );
    };
    held(7, 3);
    held(60 - HORIZON - 2, 2);
  });

  it("end with the episode, and then hold nothing", () => {
    const state = stateAfter(58);
    const wanted = -sum(rewards(state, A.slice(0, 2)));
    for (const holdReward of [false, true, 2]) {
      const simulator = new TaskSimulator({ task, horizon: HORIZON, holdReward });
      expect(simulator.cost(state, pair(A, B), 2, 0)).toBe(wanted);
      const seen = simulator.observations(state, Float32Array.from(A));
      expect(seen).toHaveLength(HORIZON * 2);
      expect([...seen].map(Number.isNaN)).toEqual([...Array(4).fill(false), ...Array(6).fill(true)]);
    }
  });
});

it("sequences end where the task ends an episode, and then hold nothing", () => {
  // Over once the wheel has turned by 3 rad.
  const ending = pointTask({
    terminated: (ops, observation) => ops.sub(ops.slice(observation, 0, 1), ops.constant([3])),
  });
  const environment = new Environment(ending);
  environment.reset(3);
  const start = environment.snapshot();
  const torques = new Array(30).fill(1);
  let paid = 0;
  while (!environment.over) paid += environment.step([1]).reward;
  expect(environment.stepsDone).toBeLessThan(25);
  const simulator = new TaskSimulator({ task: ending, horizon: 30, holdReward: true });
  expect(simulator.cost(start, Float32Array.from(torques), 1, 0)).toBe(-paid);
  const seen = simulator.observations(start, Float32Array.from(torques));
  expect(seen.findIndex(Number.isNaN)).toBe(2 * environment.stepsDone);
});

it("chunks hold every sequence once, whatever their number", () => {
  for (const samples of [1, 2, 7, 1023, 1024, 5000]) {
    for (const chunks of [1, 2, 3, 1023].filter((n) => n <= samples)) {
      const bounds = Array.from({ length: chunks }, (_, chunk) => sequencesOf(chunk, chunks, samples));
      expect(bounds[0]!.from).toBe(0);
      expect(bounds.at(-1)!.to).toBe(samples);
      bounds.slice(1).forEach(({ from }, i) => {
        expect(from).toBe(bounds[i]!.to);
      });
    }
  }
});
