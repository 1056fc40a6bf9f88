import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { Agent } from "../../../agent/agent.js";
import { ONE_THREAD } from "../../../agent/compute.js";
import { ContinualLoop } from "../../../agent/loop/loop.js";
import { readCheckpoint } from "../../../agent/run/checkpoint.js";
import type { Progress } from "../../../agent/run/checkpoint-document.js";
import { RunStore } from "../../../agent/run/store.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { fakeTask, PHYSICS } from "../../sim/recording/fake-task.js";
import { CATALOG, partsFor } from "../fixtures.js";
import { writeWholeCheckpoint } from "../run/whole-checkpoint.js";

/** Bytes that were written into files that are not logs. */
const disk = vi.hoisted(() => ({ bytes: 0 }));
vi.mock("../../../sim/core/files.js", async (original) => {
  const files = await original<typeof import("../../../sim/core/files.js")>();
  return {
    ...files,
    writeFileSafely: (path: string, data: string | Uint8Array) => {
      disk.bytes += Buffer.byteLength(data);
      files.writeFileSafely(path, data);
    },
    writeEnd: (path: string, position: number, data: Uint8Array) => {
      disk.bytes += data.length;
      files.writeEnd(path, position, data);
    },
  };
});

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const VERSIONS = { hypercrl: "0", physics: PHYSICS, onnxruntime: "0", node: "0" };
const TASKS = ["a", "b"].map((name) => ({ ...fakeTask(), name }));
const SMALL = [
  ...["loop.initialRandomSteps=60", "loop.stepsPerTask=60", "loop.trainEvery=20", "loop.trainIterations=2"],
  ...["loop.learningEpisodeSteps=20", "loop.evaluationEpisodes=1", "loop.bufferCapacity=30"],
  ...["planner.samples=8", "planner.elites=2", "planner.iterations=1", "planner.horizon=3"],
];

function open(name: string, assignments: readonly string[]) {
  const settings = resolveSettings(
    { suite: { name: "fake", tasks: TASKS }, method: "hypercrl", profile: "quick", seed: 3 },
    [...SMALL, ...assignments],
    CATALOG,
  );
  const folder = join(root, name);
  const store = RunStore.create(folder, settings, VERSIONS);
  return { folder, settings, store, loop: loopOf(store) };
}

function loopOf(store: RunStore): ContinualLoop {
  const parts = partsFor(store.settings);
  const services = { store, now: () => 0, compute: ONE_THREAD, parts, stopRequested: () => false };
  return new ContinualLoop(TASKS, services);
}

it("writes what was learned after training and at the end of a task, and next to nothing after other episodes", async () => {
  const { store, loop } = open("bytes", ["dynamics.hidden=[64,64]", "hypernetwork.hidden=[32]"]);
  const saves: { readonly unit: string; readonly bytes: number }[] = [];
  const save = store.save.bind(store);
  let before: Progress = { stage: "baseline", task: 0, steps: 0, episode: 0, evaluated: 0 };
  vi.spyOn(store, "save").mockImplementation((state) => {
    const { stage, task, steps } = before;
    const random = stage === "learn" && steps < 60 ? " at random" : "";
    disk.bytes = 0;
    save(state);
    saves.push({ unit: `${stage}${random} ${task}`, bytes: disk.bytes });
    before = state.progress;
  });
  expect(await loop.run()).toBe("done");
  store.close();
  const each = (task: number) => [
    ...[`learn at random ${task}`, `learn at random ${task}`, `learn at random ${task}`],
    ...[`learn ${task}`, `learn ${task}`, `learn ${task}`],
  ];
  expect(saves.map(({ unit }) => unit)).toEqual([
    ...["baseline 0", "baseline 1", ...each(0), "evaluate 0", ...each(1), "evaluate 1", "evaluate 1"],
  ]);
  // Weights and two moments of float32.
  const learned = 3 * 4 * 32 * 4000;
  for (const { unit, bytes } of saves) {
    if (/^learn \d/.test(unit)) expect(bytes, unit).toBeGreaterThan(learned);
    else expect(bytes, unit).toBeLessThan(10_000);
  }
});

/** Puts the state of a run as earlier versions wrote it in the place of its checkpoint. */
async function writeAsBefore(store: RunStore): Promise<void> {
  const { folder, settings, settingsHash } = store;
  const path = join(folder, "checkpoint.json");
  const { agent: state, parts, ...numbers } = readCheckpoint(path, settingsHash, settings, fakeTask().spec);
  const agent = new Agent(TASKS, settings, partsFor(settings), Rng.fromSeed(settings.seed).split("agent"));
  await agent.restore(state, numbers.progress.task);
  for (const name of readdirSync(folder).filter((file) => /\.(safetensors|f32)$/.test(file))) {
    rmSync(join(folder, name));
  }
  const [learned, task] = [await agent.learnedState(), agent.taskState()!];
  writeWholeCheckpoint(folder, settingsHash, numbers, learned, task, parts.learned.file);
  await agent.release();
}

it.each([
  ["a random episode of the first task", { task: 0, episode: 1 }],
  ["the last random one of the second", { task: 1, episode: 3 }],
  ["a planned one", { task: 1, episode: 4 }],
])(
  "goes on from a checkpoint of before with all arrays in one file, after %s, to the same bytes",
  async (name, stop) => {
    const whole = open(`${name}, whole`, ["dynamics.hidden=[8]", "hypernetwork.hidden=[6]"]);
    await whole.loop.run();
    whole.store.close();
    const { folder, store, loop } = open(name, ["dynamics.hidden=[8]", "hypernetwork.hidden=[6]"]);
    const save = store.save.bind(store);
    vi.spyOn(store, "save").mockImplementation((state) => {
      save(state);
      const { stage, task, episode } = state.progress;
      if (stage === "learn" && task === stop.task && episode === stop.episode) {
        throw new RunError({ what: "killed" });
      }
    });
    await expect(loop.run()).rejects.toThrow("killed");
    store.close();
    await writeAsBefore(store);
    const resumed = RunStore.resume(folder, VERSIONS, () => fakeTask().spec);
    const again = loopOf(resumed.store);
    await again.restore(resumed.checkpoint!);
    expect(resumed.store.takeUp()).toEqual([]);
    again.readLog();
    expect(await again.run()).toBe("done");
    resumed.store.close();
    const untimed = (run: string) =>
      Object.entries(fileHashes(run)).filter(([file]) => !file.includes("timing"));
    expect(untimed(folder)).toEqual(untimed(whole.folder));
  },
);
