import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateRunUnseen } from "../../../scripts/evaluate/evaluate-unseen.js";
import { type TrainOptions, train } from "../../../scripts/runs/train.js";
import { InputError, UsageError } from "../../../sim/core/errors.js";
import type { Task, TaskSuite } from "../../../sim/task.js";
import { createReacherTask } from "../../../tasks/reacher/reacher.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, expectOneError, unwrapped } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const reach = (length: number, changes: Partial<Task> = {}): Task => ({
  ...createReacherTask(length),
  ...changes,
});
const suiteOf = (...tasks: Task[]): TaskSuite => ({ name: "arms", description: "some forearms", tasks });
/** The first two are learned. The third is one of them by another name. */
const suite = suiteOf(reach(0.5), reach(0.7), reach(0.7, { name: "twin" }), reach(0.55), reach(0.4));
const SETTINGS = {
  tasks: 2,
  "loop.initialRandomSteps": 100,
  "loop.stepsPerTask": 100,
  "loop.trainEvery": 50,
  "loop.trainIterations": 20,
  "loop.evaluationEpisodes": 2,
  "dynamics.hidden": [12, 12],
  "planner.samples": 16,
  "planner.elites": 4,
  "planner.iterations": 1,
  "planner.horizon": 4,
  "hypernetwork.init": "base",
  "dynamics.normalizer": "pooled",
};
const shared = { suite, threads: 1 };
const make = async (name: string, changes: Partial<TrainOptions>): Promise<string> => {
  const { settings, ...others } = changes;
  const out = join(folder, name);
  await train({ ...shared, seed: 1, out, settings: { ...SETTINGS, ...settings }, ...others });
  return out;
};
const run = join(folder, "run");

beforeAll(() => make("run", {}));

describe("tasks that a run has not learned", () => {
  it("get models between those of learned ones, from which episodes are played that repeat; the run is left alone", async () => {
    const before = fileHashes(run);
    const evaluation = await evaluateRunUnseen(run, shared);
    expect(evaluation).toMatchObject({ afterTask: 2, complete: true });
    expect(evaluation.tasks.map(({ task }) => task)).toEqual(["twin", "0.55m", "0.40m"]);
    const [twin, between, beyond] = evaluation.tasks.map(({ models }) => models);
    const mixtures = (models: typeof twin) => models!.map(({ model, mixture }) => [model, mixture]);
    expect(mixtures(twin)).toEqual([
      ["physics", { "0.70m": 1 }],
      ["nearest", { "0.70m": 1 }],
      ["mean", { "0.50m": 0.5, "0.70m": 0.5 }],
    ]);
    expect(between![0]!.mixture["0.50m"]).toBeCloseTo(0.75, 12);
    expect(between![0]!.mixture["0.70m"]).toBeCloseTo(0.25, 12);
    expect(beyond![0]!.mixture["0.50m"]).toBeCloseTo(1.5, 12);
    expect(beyond![0]!.mixture["0.70m"]).toBeCloseTo(-0.5, 12);
    const returns = (models: typeof twin) => models!.map(({ episodes }) => episodes.map((e) => e.return));
    const [physics, nearest, mean] = returns(twin);
    expect(physics).toEqual(nearest);
    expect(physics).not.toEqual(mean);
    expect(returns(between)[0]).not.toEqual(returns(between)[1]);
    for (const { random, models } of evaluation.tasks) {
      expect(random).toHaveLength(2);
      for (const { modelError } of models) expect(modelError?.horizons.length).toBeGreaterThan(0);
    }
    expect(await evaluateRunUnseen(run, shared)).toEqual(evaluation);
    expect(fileHashes(run)).toEqual(before);
  });

  it("are more after an earlier task; recordings of the models lie in folders of their own", async () => {
    const recordings = join(folder, "recordings");
    const { tasks, learned } = await evaluateRunUnseen(run, {
      ...shared,
      afterTask: 1,
      episodes: 1,
      recordings,
    });
    expect(learned.map(({ task }) => task)).toEqual(["0.50m"]);
    expect(tasks.map(({ task }) => task)).toEqual(["0.70m", "twin", "0.55m", "0.40m"]);
    expect(readdirSync(recordings).sort()).toEqual(["mean", "nearest", "physics"]);
    for (const model of readdirSync(recordings)) expect(readdirSync(join(recordings, model))).toHaveLength(4);
    expect(tasks[0]!.models[0]!.episodes[0]!.recording).toMatch(/recordings.physics.\S+\.mcap$/);
  });

  it("stops where it is asked to", async () => {
    const stop = new AbortController();
    const { complete, tasks } = await evaluateRunUnseen(run, {
      ...shared,
      signal: stop.signal,
      onEpisode: () => stop.abort(),
    });
    expect(complete).toBe(false);
    expect(tasks.map(({ models }) => models.map(({ episodes }) => episodes.length))).toEqual([[1]]);
  });
});

describe("are refused", () => {
  it.each([
    [
      "task",
      { "dynamics.normalizer": "task" },
      /got dynamics\.normalizer=task; expected dynamics\.normalizer=pooled/,
    ],
    [
      "hyperfan",
      { "hypernetwork.init": "hyperfan" },
      /got hypernetwork\.init=hyperfan and hypernetwork\.output=full/,
    ],
  ])("of a run that cannot share weights: %s", async (name, settings, message) => {
    const own = await make(name, { settings });
    const refused = evaluateRunUnseen(own, shared);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow("--set dynamics.normalizer=pooled");
  });

  it("of a method without a base", async () => {
    const own = await make("single", { method: "single" });
    await expect(evaluateRunUnseen(own, shared)).rejects.toThrow(
      /got method single; .*--method hypercrl --set/s,
    );
  });

  it.each([
    [
      UsageError,
      /Suite arms does not say by which physical parameters/,
      suiteOf(...suite.tasks.map(without)),
    ],
    [
      UsageError,
      /has learned every task of suite arms; got 2 of 2 tasks/,
      suiteOf(...suite.tasks.slice(0, 2)),
    ],
    [
      InputError,
      /The parameters of suite arms cannot be used; got odd with no parameters/,
      withOdd({ parameters: undefined }),
    ],
    [
      InputError,
      /got parameter 0 \(forearmLength\) 0\.5 between 2 and 0\.75/,
      withOdd({ parameters: wrongBounds() }),
    ],
    [
      InputError,
      /Task odd of suite arms cannot have a model .*other channels than 0\.50m/,
      withOdd({ spec: otherSpec() }),
    ],
  ])("%o: %s", async (kind, message, other) => {
    const refused = evaluateRunUnseen(run, { ...shared, suite: other });
    await expect(refused).rejects.toThrow(kind);
    await expect(refused).rejects.toThrow(message);
  });
});

function without({ parameters: _, ...task }: Task): Task {
  return task;
}

function withOdd(changes: { readonly [K in keyof Task]?: Task[K] | undefined }): TaskSuite {
  const odd = { ...reach(0.5), name: "odd", ...changes };
  return suiteOf(
    ...suite.tasks.slice(0, 2),
    odd.parameters === undefined ? without(odd as Task) : (odd as Task),
  );
}

function wrongBounds(): NonNullable<Task["parameters"]> {
  return reach(0.5).parameters!.map((parameter) => ({ ...parameter, low: 2 }));
}

function otherSpec(): Task["spec"] {
  const { spec } = reach(0.5);
  return { ...spec, observation: [...spec.observation, { name: "load", unit: "kg" }] };
}

describe("hypercrl evaluate --tasks unseen", () => {
  const own = join(folder, "reacher");
  beforeAll(() => make("reacher", { suite: "reacher", settings: { tasks: 8, "loop.evaluateTasks": 1 } }));

  it("says what each model returned beside the random policy and the package's oracle, with any number of threads", async () => {
    const args = ["evaluate", own, "--tasks", "unseen"];
    const { stdout, code } = await call([...args, "--threads", "1", "--json"]);
    expect(code).toBe(0);
    expect((await call([...args, "--threads", "2", "--json"])).stdout).toBe(stdout);
    const { tasks, learned } = JSON.parse(stdout) as {
      learned: object[];
      tasks: {
        task: string;
        random: number;
        oracle: number;
        models: { mean: number; oracleShare: number }[];
      }[];
    };
    expect(learned).toHaveLength(8);
    expect(tasks.map(({ task }) => task)).toEqual(["0.45m", "0.75m"]);
    for (const { oracle, models } of tasks) {
      expect(models).toHaveLength(3);
      for (const { mean, oracleShare } of models) {
        expect(oracle).toBeGreaterThan(mean);
        expect(oracleShare).toBeLessThan(1);
      }
    }
    const text = unwrapped((await call([...args, "--threads", "1"])).stdout);
    expect(text).toMatch(/^After 8 tasks, tasks that were not learned, 2 episodes per task and model:/);
    expect(text).toContain("0.45m: forearmLength 0.45 m; physics is 0.50 of 0.50m, 0.50 of 0.40m");
    expect(text).toContain("of oracle");
  });

  it.each([
    [["--tasks", "unseen"], 2, /There is no run to evaluate; got --tasks unseen/],
    [[own, "--tasks", "unseen", "--oracle"], 2, /The oracle learns no task, so none is unseen to it/],
    [[own, "--tasks", "unseen", "--switch-every", "2"], 2, /The task changes between episodes only where/],
  ])("refuses %j", async (args, code, message) => {
    expectOneError(await call(["evaluate", ...args]), code, message);
  });
});
