import { afterEach, describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { PlanningThreads } from "../../../agent/rollout/planning-threads.js";
import { RolloutModel, type RolloutOptions } from "../../../agent/rollout/rollout.js";
import type { Ops } from "../../../sim/core/ops.js";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import { endsEpisode } from "../../../sim/ends-episode.js";
import type { Task, Transition } from "../../../sim/task.js";
import { bits, normals, pointTask, predictedChange, randomDynamics, relativeError } from "../fixtures.js";

const HORIZON = 6;
const U = 2;

const opened: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of opened.splice(0)) await resource.release();
});

/** Ends where one of the two coordinates is far from 0. */
function farOut<T>(ops: Ops<T>, observation: T): T {
  const size = ops.abs(observation);
  const largest = ops.max(ops.slice(size, 0, 1), ops.slice(size, 1, 2));
  return ops.sub(largest, ops.constant([1]));
}

const ending: Task = { ...pointTask, terminated: farOut };
/** Of what is rewarded there is no number once the episode is over, nor of its derivatives. */
const undefinedBeyond: Task = {
  ...ending,
  reward: <T>(ops: Ops<T>, { observation, ...rest }: Transition<T>) =>
    ops.add(
      pointTask.reward(ops, { observation, ...rest }),
      ops.sqrt(ops.scale(farOut(ops, observation), -1)),
    ),
};
const endings = [
  ["rewards", ending],
  ["rewards that are no numbers afterwards", undefinedBeyond],
] as const;

const rng = Rng.fromSeed(11);
const dynamics = randomDynamics(dynamicsShape(pointTask.spec, [9, 7], "tanh"), 2, rng);
const start = Float32Array.of(0.1, -0.2);
const actions = normals(rng, HORIZON * 40 * U, 3);

async function load(task: Task, horizon = HORIZON, options: RolloutOptions = {}): Promise<RolloutModel> {
  const model = await RolloutModel.create(task, dynamics.shape, horizon, options);
  opened.push(model);
  await model.load(dynamics.weights, dynamics.normalizer);
  return model;
}

type Floats = Float32Array | Float64Array;
type Reference = ReturnType<typeof reference>;

/** Cost of sequence n in float64, and after how many steps the episode ends; H where it does not. */
function reference(task: Task, n: number, samples: number, horizon = HORIZON, given: Floats = actions) {
  let x = [...start];
  let cost = 0;
  for (let h = 0; h < horizon; h++) {
    const u = [...given.subarray((h * samples + n) * U, (h * samples + n + 1) * U)];
    const change = predictedChange(task, dynamics, x, u);
    const next = x.map((v, i) => v + change[i]!);
    const transition = { observation: x, action: u, nextObservation: next };
    const [observation, action, nextObservation] = Object.values(transition).map((v) => Float64Array.from(v));
    cost -= task.reward(eagerOps, {
      observation: observation!,
      action: action!,
      nextObservation: nextObservation!,
    })[0]!;
    x = next;
    if (endsEpisode(task, x)) return { cost, steps: h + 1 };
  }
  return { cost, steps: horizon };
}

describe("a task that ends its episodes", () => {
  it.each(endings)("costs what is paid until the end, with %s", async (_, task) => {
    const model = await load(task);
    const wanted = Array.from({ length: 40 }, (_, n) => reference(task, n, 40));
    const lengths = new Set(wanted.map(({ steps }) => steps));
    // Some end at once, some on the way and some not.
    expect(lengths.has(1) && lengths.has(HORIZON) && lengths.size > 3).toBe(true);
    const costs = await model.costs(start, actions, 40);
    wanted.forEach(({ cost }, n) => {
      expect(Math.abs(costs[n]! - cost) / (1 + Math.abs(cost))).toBeLessThan(1e-4);
    });
    const alive = await load(pointTask);
    const plain = await alive.costs(start, actions, 40);
    wanted.forEach(({ steps }, n) => {
      if (task === ending) expect(plain[n] === costs[n], `${n}: ${steps} steps`).toBe(steps === HORIZON);
    });
  });

  it("pays for the only step ahead", async () => {
    const model = await load(ending, 1);
    const costs = await model.costs(start, actions.slice(0, 40 * U), 40);
    const wanted = Array.from({ length: 40 }, (_, n) => reference(ending, n, 40, 1).cost);
    expect(relativeError(costs, wanted)).toBeLessThan(1e-5);
  });

  it.each(
    endings.flatMap(([name, task]) => [[name, "graph", task] as const, [name, "kernel", task] as const]),
  )(
    "has the derivatives of those costs, none for actions after the end, with %s, by the %s",
    async (_, derivatives, task) => {
      const model = await load(task, HORIZON, { derivatives });
      const { costs, gradient } = await model.gradient(start, actions, 40);
      expect(relativeError(costs, await model.costs(start, actions, 40))).toBeLessThan(1e-6);
      const step = 1e-4;
      let compared = 0;
      for (let n = 0; n < 40; n++) {
        const { steps } = reference(task, n, 40);
        for (let h = 0; h < HORIZON; h++) {
          const at = (h * 40 + n) * U;
          if (h >= steps) {
            expect([...gradient.subarray(at, at + U)]).toEqual([0, 0]);
            continue;
          }
          const [low, high] = [-step, step].map((change) => {
            const moved = Float64Array.from(actions);
            moved[at]! += change;
            return reference(task, n, 40, HORIZON, moved);
          }) as [Reference, Reference];
          // Costs jump where an end moves to another step.
          if (low.steps !== steps || high.steps !== steps) continue;
          const slope = (high.cost - low.cost) / (2 * step);
          expect(Math.abs(gradient[at]! - slope) / (1 + Math.abs(slope)), `${n}, step ${h}`).toBeLessThan(
            1e-3,
          );
          compared++;
        }
      }
      expect(compared).toBeGreaterThan(100);
    },
  );

  it("costs the same bits on several threads", async () => {
    const threads = PlanningThreads.create(2);
    const many = normals(Rng.fromSeed(6), HORIZON * 500 * U);
    const alone = await load(ending);
    const together = await load(ending, HORIZON, { threads });
    const pause = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    for (let k = 0; k < 3; k++) {
      const wanted = bits(await alone.costs(start, many, 500));
      expect(bits(await together.costs(start, many, 500, pause)).equals(wanted)).toBe(true);
    }
    await threads.close();
  });
});
