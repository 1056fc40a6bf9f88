import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Agent } from "../../../agent/agent.js";
import type { TaskState } from "../../../agent/agent-state.js";
import { readCheckpoint } from "../../../agent/run/checkpoint.js";
import { CheckpointWriter } from "../../../agent/run/checkpoint-writer.js";
import { hashSettings } from "../../../agent/run/origin.js";
import { parseSavedSettings } from "../../../agent/settings/parse.js";
import type { Settings } from "../../../agent/settings/schema.js";
import { InputError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { decodeSafetensors } from "../../../sim/core/safetensors.js";
import type { Task } from "../../../sim/task.js";
import { temporaryFolder } from "../../files.js";
import { bits, linearSystem, METHOD_NAMES, partsFor, pointTask, tinySettings } from "../fixtures.js";
import { writeWholeCheckpoint } from "./whole-checkpoint.js";

const TASKS: readonly Task[] = [pointTask, { ...pointTask, name: "point-2" }];
const PROGRESS = { stage: "learn", task: 1, steps: 90, episode: 4, evaluated: 0 } as const;

let folder: string;
const agents: Agent[] = [];
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.release();
  rmSync(folder, { recursive: true });
});

function makeAgent(settings: Settings): Agent {
  const agent = new Agent(TASKS, settings, partsFor(settings), Rng.fromSeed(settings.seed));
  agents.push(agent);
  return agent;
}

/** Feeds `steps` transitions of system `variant`, acting at random or through the planner. */
async function live(agent: Agent, variant: number, steps: number, planned: boolean, seed: number) {
  const rng = Rng.fromSeed(seed);
  const trace: number[] = [];
  let x = Float32Array.of(0.2, -0.4);
  for (let k = 0; k < steps; k++) {
    const u = planned ? await agent.act(x, 0) : Float32Array.of(2 * rng.uniform() - 1, 2 * rng.uniform() - 1);
    const next = linearSystem(variant)(x, u);
    agent.remember(x, u, next);
    trace.push(...u);
    x = next as Float32Array<ArrayBuffer>;
  }
  return trace;
}

/** An agent in the midst of its second task: trained, its buffer past its capacity, its planner warm. */
async function busyAgent(settings: Settings): Promise<Agent> {
  const agent = makeAgent(settings);
  await agent.beginVisit(0);
  await live(agent, 0, 40, false, 1);
  await agent.adopt(agent.startTraining());
  await agent.endVisit();
  await agent.beginVisit(1);
  await live(agent, 1, 70, false, 2);
  await agent.adopt(agent.startTraining());
  agent.startEpisode();
  await live(agent, 1, 7, true, 3);
  return agent;
}

const ARRAYS = "checkpoint-a.safetensors";
const CURRENT = "current-a.safetensors";
const TRANSITIONS = "transitions-a.f32";
const NUMBERS = { progress: PROGRESS, metricsBytes: 12, actionRng: Rng.fromSeed(8).state() };

async function saved(settings = tinySettings()) {
  const agent = await busyAgent(settings);
  const path = join(folder, "checkpoint.json");
  const [learned, current] = [await agent.learnedState(), agent.taskState()!];
  const hash = hashSettings(settings);
  new CheckpointWriter(folder, hash).save(NUMBERS, learned, current);
  const read = () => readCheckpoint(path, hash, settings, pointTask.spec);
  return { agent, path, learned, current, read, settings, hash, arrays: join(folder, ARRAYS) };
}

/** All of an agent's state. */
const stateOf = async (agent: Agent) => ({ learned: await agent.learnedState(), current: agent.taskState() });

/** Arrays and typed arrays anywhere in a value, as bytes. */
function frozen(value: unknown): unknown {
  if (value instanceof Float32Array || value instanceof Float64Array) return bits(value).toString("hex");
  if (Array.isArray(value)) return value.map(frozen);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, frozen(v)]));
}

function expectSameTask(a: TaskState, b: TaskState): void {
  expect(frozen(a.planner)).toEqual(frozen(b.planner));
  expect(frozen({ ...a.moments })).toEqual(frozen({ ...b.moments }));
  const [x, y] = [a.buffer, b.buffer];
  expect([x.size, x.added]).toEqual([y.size, y.added]);
  expect(bits(x.inputs).equals(bits(y.inputs)) && bits(x.targets).equals(bits(y.targets))).toBe(true);
}

function inputError(call: () => unknown): InputError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error("No error was thrown.");
}

describe("hashSettings", () => {
  const settings = tinySettings();
  it("is the same for settings written before a setting came that says what was done then", () => {
    const without = (group: object, ...names: string[]) =>
      Object.fromEntries(Object.entries(group).filter(([name]) => !names.includes(name)));
    const older = {
      ...settings,
      loop: without(
        settings.loop,
        "learningEpisodeSteps",
        "learningStarts",
        "learningModel",
        "explorationStd",
        "evaluateTasks",
        "schedule",
        ...[
          "boundaries",
          "detectorRise",
          "detectorThreshold",
          "detectorWarmUp",
          "detectorWindow",
          "mostTasks",
        ],
      ),
      dynamics: without(settings.dynamics, "outlierLimit", "history", "members", "normalizer"),
      hypernetwork: without(
        settings.hypernetwork,
        ...["endFactor", "lookAheadEpsilon", "output", "rank", "algebra", "encoding", "start"],
      ),
      mlp: without(settings.mlp, "endFactor", "ftlRidge"),
      planner: without(
        settings.planner,
        ...[
          "lastAction",
          "chooseBest",
          "scaleActions",
          "holdReward",
          "precision",
          "annealIterations",
          "annealHorizon",
          "knots",
          "polishSteps",
          "polishRate",
          "polishPlans",
        ],
      ),
    };
    const hash = createHash("sha256").update(JSON.stringify(older)).digest("hex");
    expect(hashSettings(settings)).toBe(hash);
    expect(hashSettings(parseSavedSettings(older, "older settings"))).toBe(hash);
    const changes = [
      "dynamics.outlierLimit=10",
      "dynamics.members=2",
      "dynamics.normalizer=pooled",
      "loop.learningEpisodeSteps=10",
      "loop.learningStarts=seeded",
      "loop.learningModel=member",
      "loop.explorationStd=0.1",
      "loop.evaluateTasks=1",
      "loop.schedule=rounds:2",
      "loop.boundaries=detected",
      "loop.detectorRise=2",
      "loop.detectorThreshold=30",
      "loop.detectorWarmUp=10",
      "loop.detectorWindow=10",
      "loop.mostTasks=2",
      "hypernetwork.endFactor=0.5",
      "hypernetwork.lookAheadEpsilon=uncorrected",
      "hypernetwork.output=low-rank",
      "hypernetwork.rank=2",
      "hypernetwork.algebra=3",
      "hypernetwork.encoding=angles",
      "hypernetwork.start=nearest",
      "planner.lastAction=middle",
      "planner.chooseBest=true",
      "planner.scaleActions=true",
      "planner.holdReward=true",
      "planner.annealIterations=1",
      "planner.annealHorizon=1",
      "planner.knots=4",
      "planner.polishSteps=1",
    ];
    for (const changed of changes) expect(hashSettings(tinySettings([changed])), changed).not.toBe(hash);
    const precise = tinySettings(["dynamics.hidden=[8,8]"]);
    const int8 = tinySettings(["dynamics.hidden=[8,8]", "planner.precision=int8"]);
    expect(hashSettings(int8)).not.toBe(hashSettings(precise));
    const history = { ...settings, dynamics: { ...settings.dynamics, history: 1 } };
    expect(hashSettings(history)).not.toBe(hash);
  });
});

describe("round trip in the midst of a task", () => {
  it("gives back every number bit by bit", async () => {
    const { learned, current, read } = await saved();
    const back = read();
    expect([...readdirSync(folder)].sort()).toEqual([ARRAYS, "checkpoint.json", CURRENT, TRANSITIONS]);
    expect(back).toMatchObject(NUMBERS);
    const [a, b] = [back.agent.learned!, learned];
    expect(frozen(a.learner)).toEqual(frozen(b.learner));
    expect(frozen(a.normalizers)).toEqual(frozen(b.normalizers));
    expect(a.normalizers).toHaveLength(2);
    // Of the task that has ended; the other one is still being learned.
    expect(frozen(a.residualScales[0])).toBe(frozen(b.residualScales[0]));
    expect(a.residualScales.map((scale) => scale?.length)).toEqual([2, undefined]);
    expectSameTask(back.agent.current!, current);
    expect(Object.keys(back.agent.current!.planner.arrays)).toContain("mean");
    expect(back.agent.current!.moments.inputs.count).toBe(77);
    expect([current.buffer.size, current.buffer.added]).toEqual([64, 77]);
  });

  it("is read of versions that had all arrays in one file", async () => {
    const { learned, current, read, hash } = await saved();
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    writeWholeCheckpoint(folder, hash, NUMBERS, learned, current, ARRAYS);
    const back = read();
    expect(back).toMatchObject(NUMBERS);
    expect(frozen(back.agent.learned!.learner)).toEqual(frozen(learned.learner));
    expectSameTask(back.agent.current!, current);
    // Written again in parts at the next save: that file holds what was learned as it is now.
    expect(back.agent.current!.trained).toBe(true);
    expect(back.parts.task).toBeUndefined();
  });

  it("is read without what earlier versions did not measure, and the agent lives and ends its task as it would have", async () => {
    const { agent, learned, current, read, settings, hash } = await saved();
    new CheckpointWriter(folder, hash).save(NUMBERS, { ...learned, residualScales: [] }, current);
    expect(decodeSafetensors(readFileSync(join(folder, ARRAYS)), ARRAYS).tensors).not.toHaveProperty([
      "normalizers.0.residualScale",
    ]);
    const older = read().agent;
    expect(older.learned!.residualScales).toEqual([undefined, undefined]);
    const copy = makeAgent(settings);
    await copy.restore(older, PROGRESS.task);
    expect(await live(copy, 1, 5, true, 0)).toEqual(await live(agent, 1, 5, true, 0));
    await Promise.all([agent.endVisit(), copy.endVisit()]);
    const [wanted, got] = [await agent.learnedState(), await copy.learnedState()];
    expect(frozen(got.learner)).toEqual(frozen(wanted.learner));
    expect(got.residualScales[0]).toBeUndefined();
    expect(frozen(got.residualScales[1])).toBe(frozen(wanted.residualScales[1]));
  });

  it("writes the same bytes for what was read", async () => {
    const { read, hash } = await saved();
    const contents = () => readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "hex")]);
    const before = contents();
    const { agent, parts, ...numbers } = read();
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    new CheckpointWriter(folder, hash).save(numbers, agent.learned, agent.current);
    expect(contents()).toEqual(before);
  });

  it.each([
    ...METHOD_NAMES.map((m) => `method=${m}`),
    // ftl has squared errors alone.
    ...METHOD_NAMES.filter((m) => m !== "ftl").map((m) => `method=${m} dynamics.outputVariance=true`),
    "planner.name=cem",
  ])("lets an agent act and learn on as the original does, %s", async (assignments) => {
    const { agent, read, settings } = await saved(tinySettings(assignments.split(" ")));
    const copy = makeAgent(settings);
    await copy.restore(read().agent, PROGRESS.task);
    const goOn = async (a: Agent) => {
      const trace = await live(a, 1, 5, true, 0);
      const report = await a.adopt(a.startTraining());
      a.startEpisode();
      trace.push(...(await live(a, 1, 3, true, 0)));
      await a.endVisit();
      const policy = await a.policyFor(0, Rng.fromSeed(4));
      trace.push(...(await policy.act(Float32Array.of(1, 1), 0)));
      await policy.release();
      return { trace, report, state: frozen(await stateOf(a)) };
    };
    const [wanted, found] = [await goOn(agent), await goOn(copy)];
    expect(found).toEqual(wanted);
    expect(new Set(wanted.trace).size).toBeGreaterThan(10);
  });

  it("differs from a copy that lost its random state, so that the comparison above can fail", async () => {
    const { agent, read, settings } = await saved();
    const copy = makeAgent(settings);
    const { learned, current } = read().agent;
    const planner = { ...current!.planner, rng: Rng.fromSeed(1).state() };
    await copy.restore({ learned, current: { ...current!, planner } }, PROGRESS.task);
    expect(await live(copy, 1, 5, true, 0)).not.toEqual(await live(agent, 1, 5, true, 0));
  });

  it("has no data and no planner between tasks", async () => {
    const { agent, settings, read, hash } = await saved();
    await agent.endVisit();
    const progress = { stage: "evaluate" as const, task: 1, steps: 0, episode: 0, evaluated: 0 };
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    new CheckpointWriter(folder, hash).save(
      { ...NUMBERS, progress },
      await agent.learnedState(),
      agent.taskState(),
    );
    expect(read().agent.current).toBeUndefined();
    expect([...readdirSync(folder)].sort()).toEqual([ARRAYS, "checkpoint.json"]);
    expect(readFileSync(join(folder, ARRAYS)).toString("latin1")).not.toMatch(/"(buffer|moments|planner)\./);
    const copy = makeAgent(settings);
    await copy.restore(read().agent, 1);
    for (const j of [0, 1]) {
      expect(bits(await copy.learner.weights(j)).equals(bits(await agent.learner.weights(j)))).toBe(true);
    }
  });
});

describe("damage", () => {
  interface Fields {
    readonly arrays: object;
    readonly progress: object;
    readonly current: { readonly transitions: object };
  }

  const edit = (path: string, change: (document: Record<string, unknown>) => void) => {
    const document = JSON.parse(readFileSync(path, "utf8"));
    change(document);
    writeFileSync(path, JSON.stringify(document));
  };

  it.each([
    [ARRAYS, "arrays"],
    [CURRENT, "arrays"],
    [TRANSITIONS, "transitions"],
  ])("in %s: truncated, one bit flipped, missing, each with the name of the file", async (name, kind) => {
    const { read } = await saved();
    const path = join(folder, name);
    const whole = readFileSync(path);
    const refused = () => {
      const { message } = inputError(read);
      expect(message).toContain(`Checkpoint ${kind} ${path} are damaged`);
    };
    for (const length of [0, 5, whole.length >> 1, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      refused();
    }
    for (const at of [0, 40, whole.length - 3]) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 4;
      writeFileSync(path, flipped);
      refused();
    }
    writeFileSync(path, whole);
    expect(read().progress).toEqual(PROGRESS);
    rmSync(path);
    expect(inputError(read).message).toContain(`${path} is missing`);
  });

  it("in arrays that are longer; behind transitions there may be some of a later episode", async () => {
    const { read } = await saved();
    for (const name of [ARRAYS, CURRENT, TRANSITIONS]) {
      const path = join(folder, name);
      const whole = readFileSync(path);
      writeFileSync(path, Buffer.concat([whole, Buffer.of(0)]));
      if (name === TRANSITIONS) expect(read().agent.current?.buffer.added).toBe(77);
      else expect(inputError(read).message).toContain(`${path} are damaged`);
      writeFileSync(path, whole);
    }
  });

  it("in the document: truncated, empty, not JSON, not a checkpoint, missing", async () => {
    const { path, read } = await saved();
    const whole = readFileSync(path);
    for (const bytes of [
      whole.subarray(0, whole.length >> 1),
      Buffer.of(),
      Buffer.from("garbage\0\xff", "latin1"),
    ]) {
      writeFileSync(path, bytes);
      expect(inputError(read).message).toMatch(/is damaged; got .*(JSON|token)/);
    }
    for (const text of [
      "null",
      "3",
      "[]",
      "{}",
      '"text"',
      '{"schema":"1"}',
      '{"schema":2}',
      '{"schema":3}',
    ]) {
      writeFileSync(path, text);
      expect(inputError(read).message, text).toMatch(/checkpoint\.json is damaged/);
    }
    rmSync(path);
    expect(inputError(read).message).toContain(`${path} is missing`);
  });

  it("of single fields, which the message names", async () => {
    const { path, read } = await saved();
    const whole = readFileSync(path);
    const changes: [string, (d: Record<string, unknown>) => void][] = [
      ["progress.stage", (d) => Object.assign(d.progress as object, { stage: "sleep" })],
      ["progress.steps", (d) => Object.assign(d.progress as object, { steps: null })],
      ["actionRng.words", (d) => Object.assign(d.actionRng as object, { words: [1, 2] })],
      ["actionRng", (d) => delete d.actionRng],
      ["current.bufferAdded", (d) => Object.assign(d.current as object, { bufferAdded: "77" })],
    ];
    for (const [name, change] of changes) {
      writeFileSync(path, whole);
      edit(path, change);
      expect(inputError(read).message).toMatch(new RegExp(`damaged; got ${name.replace(".", "\\.")}`));
    }
  });

  it("of numbers in the document that leave it well-formed", async () => {
    const { path, read } = await saved();
    edit(path, (d) => Object.assign(d.current as object, { bufferAdded: 76 }));
    inputError(read);
  });

  it.each<[string, (document: Fields) => unknown, RegExp]>([
    [
      "arrays outside of the folder",
      (d) => Object.assign(d.arrays, { file: "../victim" }),
      /arrays\.file: expected a name/,
    ],
    ["arrays without a name", (d) => Object.assign(d.arrays, { file: "" }), /arrays\.file: expected a name/],
    [
      "a task the run has not",
      (d) => Object.assign(d.progress, { task: 2 }),
      /progress\.task: 2, where .* at most 1/,
    ],
    ["steps beyond the task's", (d) => Object.assign(d.progress, { steps: 1e6 }), /progress\.steps: 1000000/],
    ["a part of a step", (d) => Object.assign(d.progress, { steps: 1.5 }), /progress\.steps/],
    ["a negative task", (d) => Object.assign(d.progress, { task: -1 }), /progress\.task/],
    [
      "fewer transitions than counted",
      (d) => Object.assign(d.current, { bufferAdded: 3 }),
      /transitions-a\.f32 is damaged; got 64 transitions, where the task has made 3/,
    ],
    [
      "fewer transitions than there is room for",
      (d) => Object.assign(d.current.transitions, { rows: 63 }),
      /transitions-a\.f32 is damaged; got 63 transitions, where the task has made 77/,
    ],
    [
      "transitions in a file of another kind",
      (d) => Object.assign(d.current.transitions, { file: "settings.json" }),
      /checkpoint\.json is damaged; got current\.transitions\.file/,
    ],
    ["nothing learned", (d) => Object.assign(d.arrays, { sha256: undefined }), /nothing learned in task 2/],
    [
      "normalisers of later tasks",
      (d) => Object.assign(d.progress, { task: 0 }),
      /normalisers of 2 tasks in task 1/,
    ],
    ["no buffer", (d) => Object.assign(d, { current: undefined }), /no replay buffer/],
  ])("with a checksum that fits: %s", async (_, change, message) => {
    const { path, read } = await saved();
    const { sha256: __, ...content } = JSON.parse(readFileSync(path, "utf8"));
    change(content);
    const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
    writeFileSync(path, JSON.stringify({ ...content, sha256 }));
    expect(inputError(read).message).toMatch(message);
  });

  it("of another schema version, with both numbers", async () => {
    const { path, read } = await saved();
    edit(path, (d) => Object.assign(d, { schema: 99 }));
    expect(inputError(read).details).toMatchObject({ got: "99", expected: "2 or 3" });
  });

  it("of other settings, with both hashes", async () => {
    const { path, settings } = await saved();
    const other = hashSettings(tinySettings(["hypernetwork.beta=0.9"]));
    const error = inputError(() => readCheckpoint(path, other, settings, pointTask.spec));
    expect(error.message).toMatch(/belongs to other settings/);
    expect(error.details.expected).toBe(other.slice(0, 12));
    expect(error.details.got).toContain(hashSettings(settings).slice(0, 12));
  });
});
