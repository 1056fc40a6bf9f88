import { afterEach, describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { PlanningThreads } from "../../../agent/rollout/planning-threads.js";
import { RolloutModel, type RolloutOptions } from "../../../agent/rollout/rollout.js";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import { endsEpisode } from "../../../sim/ends-episode.js";
import type { Task } from "../../../sim/task.js";
import { bits, normals, pointTask, predictedChange, randomDynamics, relativeError } from "../fixtures.js";

const HORIZON = 5;
const U = 2;

const opened: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of opened.splice(0)) await resource.release();
});

/** Over where x is far from 0. */
const ending: Task = {
  ...pointTask,
  terminated: (ops, observation) => ops.sub(ops.abs(ops.slice(observation, 0, 1)), ops.constant([3])),
};

const rng = Rng.fromSeed(21);
const dynamics = randomDynamics(dynamicsShape(pointTask.spec, [9, 7], "tanh"), 2, rng);
const start = Float32Array.of(0.1, -0.2);
const actions = normals(rng, HORIZON * 40 * U, 2);

async function load(task: Task, options: RolloutOptions = { holdReward: true }): Promise<RolloutModel> {
  const model = await RolloutModel.create(task, dynamics.shape, HORIZON, options);
  opened.push(model);
  await model.load(dynamics.weights, dynamics.normalizer);
  return model;
}

/** Cost of sequence n of 40 in float64, step by step, and after how many steps the episode ends; undefined where it does not. */
function stepped(task: Task, rest: number, n: number, given: ArrayLike<number> = actions) {
  let x = [...start];
  let [sum, last] = [0, 0];
  for (let h = 0; h < HORIZON; h++) {
    const u = [0, 1].map((i) => given[(h * 40 + n) * U + i]!);
    const change = predictedChange(task, dynamics, x, u);
    const next = x.map((v, i) => v + change[i]!);
    const transition = {
      observation: Float64Array.from(x),
      action: Float64Array.from(u),
      nextObservation: Float64Array.from(next),
    };
    last = task.reward(eagerOps, transition)[0]!;
    sum += last;
    x = next;
    if (endsEpisode(task, x)) return { cost: -sum, steps: h + 1 };
  }
  return { cost: -(sum + rest * last), steps: undefined };
}

describe.each([
  ["a task whose episodes have all their steps", pointTask],
  ["a task that ends its episodes", ending],
] as const)("the reward held after the horizon, in %s", (_, task) => {
  it.each([0, 1, 100])("costs what stepping and holding it for %d steps costs", async (rest) => {
    const model = await load(task);
    model.hold(rest);
    const costs = await model.costs(start, actions, 40);
    const wanted = Array.from({ length: 40 }, (_, n) => stepped(task, rest, n));
    const ends = new Set(wanted.map(({ steps }) => steps));
    // Also by the very last step, after which nothing is held.
    if (task === ending) expect(ends.has(undefined) && ends.has(HORIZON) && ends.size > 2).toBe(true);
    wanted.forEach(({ cost }, n) => {
      expect(Math.abs(costs[n]! - cost) / (1 + Math.abs(cost))).toBeLessThan(1e-4);
    });
  });

  it.each(["kernel", "graph"] as const)(
    "has the derivatives of those costs, for one rest after another: %s",
    async (derivatives) => {
      const model = await load(task, { holdReward: true, derivatives });
      for (const rest of [30, 0, 3]) {
        model.hold(rest);
        const { costs, gradient } = await model.gradient(start, actions, 40);
        expect(relativeError(costs, await model.costs(start, actions, 40))).toBeLessThan(1e-6);
        const step = 1e-4;
        for (let n = 0; n < 40; n++) {
          const { steps } = stepped(task, rest, n);
          for (let h = 0; h < HORIZON; h++) {
            const at = (h * 40 + n) * U;
            const [low, high] = [-step, step].map((change) => {
              const moved = Float64Array.from(actions);
              moved[at]! += change;
              return stepped(task, rest, n, moved);
            }) as [ReturnType<typeof stepped>, ReturnType<typeof stepped>];
            // Costs jump where an end moves to another step.
            if (low.steps !== steps || high.steps !== steps) continue;
            const slope = (high.cost - low.cost) / (2 * step);
            expect(Math.abs(gradient[at]! - slope) / (1 + Math.abs(slope)), `${n}, step ${h}`).toBeLessThan(
              2e-3,
            );
          }
        }
      }
    },
  );
});

it("is held for no step by default, which costs the bits of a model that cannot hold it", async () => {
  const [held, plain] = [await load(pointTask), await load(pointTask, {})];
  const wanted = bits((await plain.costs(start, actions, 40)).slice());
  expect(bits(await held.costs(start, actions, 40)).equals(wanted)).toBe(true);
  plain.hold(7);
  expect(bits(await plain.costs(start, actions, 40)).equals(wanted)).toBe(true);
});

it("is held for the same steps by all threads, call by call", async () => {
  const threads = PlanningThreads.create(3);
  opened.push({ release: () => threads.close() });
  const many = normals(Rng.fromSeed(6), HORIZON * 500 * U);
  const [alone, together] = [await load(ending), await load(ending, { threads, holdReward: true })];
  const pause = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  for (const rest of [9, 0, 60, 59]) {
    alone.hold(rest);
    together.hold(rest);
    const wanted = bits(await alone.costs(start, many, 500));
    expect(bits(await together.costs(start, many, 500, pause)).equals(wanted)).toBe(true);
  }
});
