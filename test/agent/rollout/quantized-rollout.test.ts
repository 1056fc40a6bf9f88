import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { dynamicsShape, type TaskDynamics } from "../../../agent/model/dynamics.js";
import { PlanningThreads } from "../../../agent/rollout/planning-threads.js";
import { RolloutModel, type RolloutOptions } from "../../../agent/rollout/rollout.js";
import { RunStore } from "../../../agent/run/store.js";
import { UsageError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { fakeTask } from "../../sim/recording/fake-task.js";
import {
  angleTask,
  bits,
  learnerFor,
  linearSystem,
  normals,
  pointData,
  pointTask,
  randomDynamics,
  tinySettings,
} from "../fixtures.js";
import { loopOf, openRun, VERSIONS } from "../short-run.js";

const [HORIZON, SAMPLES, ELITES] = [12, 500, 40];
const STATE = Float32Array.of(-0.6, 0.8);
const ACTIONS = normals(Rng.fromSeed(6), HORIZON * SAMPLES * 2);

const opened: { release(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.release();
});

let trained: TaskDynamics;
beforeAll(async () => {
  const settings = tinySettings(["method=single", "dynamics.hidden=[64,64,48]", "loop.bufferCapacity=600"]);
  const shape = dynamicsShape(pointTask.spec, settings.dynamics.hidden, "relu");
  const learner = learnerFor(settings, shape, Rng.fromSeed(1));
  const { buffer, normalizer } = pointData(linearSystem(0), 600, 2);
  await learner.beginTask(0);
  await learner.train(buffer, normalizer, 600, Rng.fromSeed(3));
  trained = { shape, weights: (await learner.weights(0)).slice(), normalizer };
  await learner.release();
});

async function load(options: RolloutOptions, task = pointTask, dynamics = trained): Promise<RolloutModel> {
  const model = await RolloutModel.create(task, dynamics.shape, HORIZON, options);
  opened.push(model);
  await model.load(dynamics.weights, dynamics.normalizer);
  return model;
}

const costsOf = async (model: RolloutModel, samples = SAMPLES) =>
  (await model.costs(STATE, ACTIONS.subarray(0, HORIZON * samples * 2), samples)).slice();

/** Numbers of the sequences, the cheapest first. */
const order = (costs: Float32Array) => [...costs.keys()].sort((a, b) => costs[a]! - costs[b]!);

describe("costs in int8 through a network that has learned", () => {
  it("rank sequences as those in float32 do, and are not theirs", async () => {
    const [plain, quantized] = [await load({}), await load({ precision: "int8" })];
    const [a, b] = [order(await costsOf(plain)), order(await costsOf(quantized))];
    expect(bits(await costsOf(quantized)).equals(bits(await costsOf(plain)))).toBe(false);
    const place = new Map(b.map((n, rank) => [n, rank]));
    const squares = a.reduce((sum, n, rank) => sum + (rank - place.get(n)!) ** 2, 0);
    expect(1 - (6 * squares) / (SAMPLES * (SAMPLES ** 2 - 1))).toBeGreaterThan(0.99);
    const best = new Set(a.slice(0, ELITES));
    expect(b.slice(0, ELITES).filter((n) => best.has(n)).length / ELITES).toBeGreaterThan(0.9);
  });

  it("have the same bits for any number of threads", async () => {
    const pause = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    const wanted = bits(await costsOf(await load({ precision: "int8" })));
    for (const count of [2, 3]) {
      const threads = PlanningThreads.create(count);
      opened.push({ release: () => threads.close() });
      const model = await load({ precision: "int8", threads });
      for (let call = 0; call < 3; call++) {
        const costs = await model.costs(STATE, ACTIONS, SAMPLES, pause);
        expect(bits(costs).equals(wanted), `${count} threads`).toBe(true);
      }
    }
  });

  it("leave derivatives and predictions in float32", async () => {
    const [plain, quantized] = [await load({}), await load({ precision: "int8" })];
    const few = ACTIONS.subarray(0, HORIZON * 4 * 2);
    const [wanted, got] = [await plain.gradient(STATE, few, 4), await quantized.gradient(STATE, few, 4)];
    expect(bits(got.gradient).equals(bits(wanted.gradient))).toBe(true);
    expect(bits(got.costs).equals(bits(wanted.costs))).toBe(true);
    const [there, here] = [await plain.observations(STATE, few), await quantized.observations(STATE, few)];
    expect(bits(here).equals(bits(there))).toBe(true);
  });

  it("follow weights that are loaded later, also where inputs have an offset", async () => {
    const other = randomDynamics(trained.shape, 2, Rng.fromSeed(8));
    const shifted = {
      ...other.normalizer,
      inputMean: other.normalizer.inputMean.map((v, i) => (i === 0 ? 1e6 : v)),
    };
    const model = await load({ precision: "int8" });
    await model.load(other.weights, shifted);
    const fresh = await load({ precision: "int8" }, pointTask, { ...other, normalizer: shifted });
    expect(bits(await costsOf(model)).equals(bits(await costsOf(fresh)))).toBe(true);
    await model.load(trained.weights, trained.normalizer);
    const first = await load({ precision: "int8" });
    expect(bits(await costsOf(model, 40)).equals(bits(await costsOf(first, 40)))).toBe(true);
  });

  it.each([
    ["one hidden layer", { hidden: [16] }],
    ["an ensemble", { hidden: [16, 16], members: 2 }],
    ["blocks", { hidden: [16, 16], blocks: 2 }],
  ])("are refused for %s", async (_, { hidden, ...kind }) => {
    const shape = { ...dynamicsShape(angleTask.spec, hidden, "relu"), ...kind };
    const created = RolloutModel.create(angleTask, shape, HORIZON, { precision: "int8" });
    await expect(created).rejects.toThrow(UsageError);
    await expect(created).rejects.toThrow(
      /planner\.precision is not valid; got int8, and .*; expected float32, or one network with two hidden/,
    );
  });
});

describe("a run that plans in int8", () => {
  const root = temporaryFolder();
  afterAll(() => rmSync(root, { recursive: true }));
  const INT8 = ["planner.precision=int8", "dynamics.hidden=[32,32]"];
  const specOf = () => fakeTask().spec;

  async function finish({ store, loop }: Pick<ReturnType<typeof openRun>, "store" | "loop">) {
    expect(await loop.run()).toBe("done");
    store.close();
    return fileHashes(store.folder);
  }

  it("repeats, notes the precision, and goes on after a stop with the same bytes", async () => {
    const whole = openRun(join(root, "whole"), INT8);
    const wanted = await finish(whole);
    expect(whole.store.settings.planner.precision).toBe("int8");
    const other = openRun(join(root, "stopped"), INT8);
    let saves = 0;
    const save = other.store.save.bind(other.store);
    other.store.save = (state) => {
      save(state);
      if (++saves === 6) throw new Error("stopped here");
    };
    await expect(other.loop.run()).rejects.toThrow("stopped here");
    other.store.close();
    const { store, checkpoint } = RunStore.resume(other.folder, VERSIONS, specOf);
    const loop = loopOf(store);
    await loop.restore(checkpoint!);
    store.takeUp();
    loop.readLog();
    expect(await finish({ store, loop })).toEqual(wanted);
    const plain = openRun(join(root, "float32"), ["dynamics.hidden=[32,32]"]);
    expect((await finish(plain))["metrics.jsonl"]).not.toBe(wanted["metrics.jsonl"]);
  });
});
