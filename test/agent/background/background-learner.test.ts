import { afterEach, describe, expect, it } from "vitest";
import { BackgroundLearner } from "../../../agent/background/background-learner.js";
import { ONE_THREAD } from "../../../agent/compute.js";
import type { Learner, LearnerState } from "../../../agent/learner.js";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { InputError, RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import {
  bits,
  learnerFor,
  linearSystem,
  METHOD_NAMES,
  partsFor,
  pointData,
  pointTask,
  tinySettings,
} from "../fixtures.js";

const made: Learner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

function both(assignments: readonly string[] = []): { here: Learner; background: Learner } {
  const settings = tinySettings(assignments);
  const shape = dynamicsShape(pointTask.spec, settings.dynamics.hidden, settings.dynamics.activation);
  const here = learnerFor(settings, shape, Rng.fromSeed(4));
  const background = new BackgroundLearner(
    partsFor(tinySettings()),
    settings,
    shape,
    Rng.fromSeed(4),
    ONE_THREAD,
  );
  made.push(here, background);
  return { here, background };
}

/** @param member whose weights are asked for beside those of all */
async function learnTwoTasks(learner: Learner, member?: number) {
  const reports = [];
  for (const j of [0, 1]) {
    const { buffer, normalizer } = pointData(linearSystem(j), 40, 10 + j);
    await learner.beginTask(j);
    reports.push(await learner.train(buffer, normalizer, 12, Rng.fromSeed(j)));
    if (j === 0) await learner.endTask(buffer, normalizer, Rng.fromSeed(30));
  }
  const weights = await learner.weights(0);
  return { reports, weights, ofMember: await learner.weights(0, member), state: await learner.state() };
}

function expectSameState(a: LearnerState, b: LearnerState): void {
  expect(a.numbers).toEqual(b.numbers);
  expect(Object.keys(a.arrays)).toEqual(Object.keys(b.arrays));
  for (const [name, { shape, data }] of Object.entries(a.arrays)) {
    expect(b.arrays[name]!.shape).toEqual(shape);
    expect(bits(b.arrays[name]!.data).equals(bits(data)), name).toBe(true);
  }
}

describe.each([
  ...METHOD_NAMES.map((method) => ({ method, members: 1 })),
  ...["hypercrl", "pnn", "coreset"].map((method) => ({ method, members: 2 })),
])("$members of $method on a thread of their own", ({ method, members }) => {
  const set = [`method=${method}`, `dynamics.members=${members}`];

  it("learn what they learn on the calling thread, bit by bit", async () => {
    const { here, background } = both(set);
    const last = members === 1 ? undefined : members - 1;
    const wanted = await learnTwoTasks(here, last);
    const found = await learnTwoTasks(background, last);
    expect(bits(found.ofMember).equals(bits(wanted.ofMember))).toBe(true);
    expect(found.reports).toEqual(wanted.reports);
    expect(bits(found.weights).equals(bits(wanted.weights))).toBe(true);
    expectSameState(found.state, wanted.state);
  });

  it("go on from a saved state", async () => {
    const { here, background } = both(set);
    const { state } = await learnTwoTasks(here);
    await background.restore(state);
    const { buffer, normalizer } = pointData(linearSystem(1), 40, 11);
    for (const learner of [here, background]) await learner.train(buffer, normalizer, 3, Rng.fromSeed(9));
    expectSameState(await background.state(), await here.state());
  });
});

describe("a session in the background", () => {
  it("learns from the data at its start, whatever is stored meanwhile", async () => {
    const { here, background } = both();
    const { buffer, normalizer } = pointData(linearSystem(0), 40, 10);
    for (const learner of [here, background]) await learner.beginTask(0);
    await here.train(buffer, normalizer, 12, Rng.fromSeed(1));
    const session = background.train(buffer, normalizer, 12, Rng.fromSeed(1));
    buffer.inputs.fill(7);
    buffer.targets.fill(-7);
    await session;
    expectSameState(await background.state(), await here.state());
  });

  it("reports a divergence like the calling thread does", async () => {
    const { here, background } = both();
    const { buffer, normalizer } = pointData(linearSystem(0), 40, 10);
    buffer.targets.fill(Number.NaN);
    const errors = [];
    for (const learner of [here, background]) {
      await learner.beginTask(0);
      errors.push(await learner.train(buffer, normalizer, 3, Rng.fromSeed(1)).catch((e: unknown) => e));
    }
    expect(errors[1]).toBeInstanceOf(RunError);
    expect((errors[1] as RunError).message).toBe((errors[0] as RunError).message);
  });

  it("fails as on the calling thread for a state that does not fit", async () => {
    const { here, background } = both();
    const { state } = await learnTwoTasks(here);
    const errors = [];
    for (const learner of [here, background]) {
      errors.push(await Promise.resolve(learner.restore({ ...state, arrays: {} })).catch((e: unknown) => e));
    }
    expect(errors[1]).toBeInstanceOf(InputError);
    expect((errors[1] as InputError).message).toBe((errors[0] as InputError).message);
  });

  it("fails with one clear error when its thread dies, now and later", async () => {
    const settings = { ...tinySettings(), method: "no-such-method" };
    const shape = dynamicsShape(pointTask.spec, [8], "relu");
    const learner = new BackgroundLearner(
      partsFor(tinySettings()),
      settings,
      shape,
      Rng.fromSeed(4),
      ONE_THREAD,
    );
    made.push(learner);
    for (let i = 0; i < 2; i++) {
      const error = await learner.beginTask(0).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(RunError);
      expect((error as RunError).message).toMatch(/The training thread died; got .*--resume/);
    }
  });
});
