import { expect, it } from "vitest";
import { cemPlanner, createCem } from "../../planners/cem.js";
import { createIcem, icemPlanner } from "../../planners/icem.js";
import { createMppi, mppiPlanner } from "../../planners/mppi.js";
import { createPddm, pddmPlanner } from "../../planners/pddm.js";
import type { CostFunction } from "../../planners/types.js";
import { Rng } from "../../sim/core/rng.js";
import { defaultValues } from "../../sim/core/setting-fields.js";

const [HORIZON, SAMPLES, ITERATIONS] = [4, 30, 3];
const problem = { horizon: HORIZON, low: [-1, -1], high: [1, 1] };
const settings = { samples: SAMPLES, elites: 5, iterations: ITERATIONS, initialStd: 1 };

const cases = [
  {
    name: "cem",
    counts: Array<number>(ITERATIONS + 1).fill(SAMPLES),
    make: (rng: Rng) =>
      createCem(problem, { ...defaultValues(cemPlanner.settings), ...settings, chooseBest: true }, rng),
  },
  {
    name: "icem",
    counts: [30, 15, 10],
    make: (rng: Rng) =>
      createIcem(
        problem,
        { ...defaultValues(icemPlanner.settings), ...settings, decay: 2, warmStart: false },
        rng,
      ),
  },
  {
    name: "mppi",
    counts: Array<number>(ITERATIONS).fill(SAMPLES),
    make: (rng: Rng) => createMppi(problem, { ...defaultValues(mppiPlanner.settings), ...settings }, rng),
  },
  {
    name: "pddm",
    counts: [SAMPLES],
    make: (rng: Rng) => createPddm(problem, { ...defaultValues(pddmPlanner.settings), ...settings }, rng),
  },
];

/** Squared distance of the first action to 0.3, after the planner was or was not let to draw meanwhile. */
const cost =
  (ahead: boolean, called: { count: number }): CostFunction =>
  async (actions, samples, meanwhile) => {
    const before = actions.slice();
    if (ahead) meanwhile?.();
    called.count++;
    expect(actions).toEqual(before);
    return Float32Array.from({ length: samples }, (_, n) => (actions[2 * n]! - 0.3) ** 2);
  };

it.each(cases)("$name plans the same whether or not it draws noise ahead", async ({ make }) => {
  const [early, late] = [make(Rng.fromSeed(3)), make(Rng.fromSeed(3))];
  for (let step = 0; step < 5; step++) {
    const called = { count: 0 };
    expect(await early.plan(cost(true, called))).toEqual(await late.plan(cost(false, called)));
    expect(early.state()).toEqual(late.state());
  }
});

it.each(cases)("$name draws no more noise than it uses", async ({ make, counts }) => {
  const [planner, rng] = [make(Rng.fromSeed(4)), Rng.fromSeed(4)];
  const called = { count: 0 };
  await planner.plan(cost(true, called));
  for (const count of counts) rng.fillNormal(new Float32Array(HORIZON * count * 2));
  expect(called.count).toBe(counts.length);
  expect(planner.state().rng).toEqual(rng.state());
});
