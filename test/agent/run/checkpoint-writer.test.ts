import { cpSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { LearnedState, TaskState } from "../../../agent/agent-state.js";
import { Normalizer } from "../../../agent/model/normalizer.js";
import { ReplayBuffer } from "../../../agent/model/replay-buffer.js";
import { readCheckpoint } from "../../../agent/run/checkpoint.js";
import type { Progress } from "../../../agent/run/checkpoint-document.js";
import { CheckpointWriter } from "../../../agent/run/checkpoint-writer.js";
import { findLeftovers, removeLeftovers } from "../../../agent/run/leftovers.js";
import { hashSettings } from "../../../agent/run/origin.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { pointTask, tinySettings } from "../fixtures.js";

/** What happens to file operations that change something: counts them, and from one of them on they fail. */
const disk = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY, how: "killed", links: true }));

/**
 * `killed`: from the operation on nothing reaches the disk, as when the process is killed; a write reaches it in part. `full`: from
 * the operation on writes fail, and everything else works.
 */
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const fail = (code: string) => {
    throw Object.assign(new Error(code), { code });
  };
  const isGone = () => disk.left <= 0 || --disk.left <= 0;
  const orKilled =
    <Args extends unknown[], Result>(operation: (...args: Args) => Result) =>
    (...args: Args): Result =>
      isGone() && disk.how === "killed" ? fail("EIO") : operation(...args);
  const changed = {
    renameSync: orKilled(fs.renameSync),
    rmSync: orKilled(fs.rmSync),
    ftruncateSync: orKilled(fs.ftruncateSync),
    // Only the order of operations matters here, and a sync would wait for the disk.
    fsyncSync: orKilled(() => {}),
    linkSync: orKilled((...args: Parameters<typeof fs.linkSync>) =>
      disk.links ? fs.linkSync(...args) : fail("EPERM"),
    ),
    openSync: (path: string, flags: string | number, mode?: number) => {
      const creates = flags === "wx";
      if (creates && isGone() && disk.how === "killed") fail("EIO");
      return fs.openSync(path, flags, mode);
    },
    writeSync: (file: number, bytes: Uint8Array, offset = 0, length = bytes.length - offset, at?: number) => {
      const before = disk.left;
      if (!isGone()) return fs.writeSync(file, bytes, offset, length, at);
      if (before > 0) fs.writeSync(file, bytes, offset, length >> 1, at);
      return fail(disk.how === "killed" ? "EIO" : "ENOSPC");
    },
  };
  return { ...fs, ...changed, default: { ...fs, ...changed } };
});

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => {
  Object.assign(disk, { left: Number.POSITIVE_INFINITY, how: "killed", links: true });
});

const settings = tinySettings(["tasks=2", "loop.bufferCapacity=20", "loop.initialRandomSteps=1000"]);
const HASH = hashSettings(settings);
const { spec } = pointTask;

/** What a learner might have learned, of numbers that tell one state from another. */
function learnedState(tasks: number, mark: number): LearnedState {
  const normalizers = Array.from({ length: tasks }, () => new Normalizer(4, 2, true).arrays());
  const data = new Float32Array(100).fill(mark);
  return {
    learner: { arrays: { weights: { shape: [data.length], data } }, numbers: { mark } },
    normalizers: normalizers.map((n) => ({ ...n, inputMean: Float32Array.of(mark, 0, 0, 0) })),
    residualScales: [],
  };
}

/** One unit of a run's work, and what its state is after it. */
interface Unit {
  readonly name: string;
  readonly progress: Progress;
  /** Transitions that it adds; undefined where no task is being learned. */
  readonly adds?: number;
  readonly trained?: boolean;
  /** Tasks begun, of what it has learned; undefined where that has not changed. */
  readonly learns?: number;
}

const learning = (task: number, steps: number, episode: number): Progress => ({
  stage: "learn",
  task,
  steps,
  episode,
  evaluated: 0,
});
const between = (stage: "baseline" | "learn" | "evaluate", task: number, evaluated = 0): Progress => ({
  stage,
  task,
  steps: 0,
  episode: 0,
  evaluated,
});

const UNITS: readonly Unit[] = [
  { name: "baseline", progress: between("baseline", 1) },
  { name: "last baseline", progress: between("learn", 0) },
  { name: "first random episode", progress: learning(0, 8, 1), adds: 8 },
  { name: "second random episode", progress: learning(0, 16, 2), adds: 8 },
  { name: "long random episode", progress: learning(0, 46, 3), adds: 30 },
  { name: "episode with a session", progress: learning(0, 54, 4), adds: 8, trained: true, learns: 1 },
  { name: "episode without one", progress: learning(0, 60, 5), adds: 6, trained: true },
  { name: "end of the task", progress: between("evaluate", 0), learns: 1 },
  { name: "evaluation", progress: between("learn", 1) },
  { name: "random episode of the next task", progress: learning(1, 8, 1), adds: 8 },
  { name: "another one", progress: learning(1, 16, 2), adds: 8 },
  { name: "its last one", progress: between("evaluate", 1), learns: 2 },
  { name: "an evaluation after it", progress: between("evaluate", 1, 1) },
];

/** A run's state in memory and the writer of its checkpoints; a folder without one has neither. */
interface Memory {
  readonly writer: CheckpointWriter;
  readonly buffer: ReplayBuffer;
}

const begin = (folder: string): Memory => ({
  writer: new CheckpointWriter(folder, HASH),
  buffer: emptyBuffer(),
});
const emptyBuffer = () => new ReplayBuffer(spec, settings.loop.bufferCapacity);
const read = (folder: string) => readCheckpoint(join(folder, "checkpoint.json"), HASH, settings, spec);

function resume(folder: string): Memory {
  if (!existsSync(join(folder, "checkpoint.json"))) {
    removeLeftovers(findLeftovers(folder, settings, between("baseline", 0), [], []));
    return begin(folder);
  }
  const { agent, parts, progress } = read(folder);
  const writer = new CheckpointWriter(folder, HASH, parts);
  removeLeftovers(findLeftovers(folder, settings, progress, [], writer.named));
  return { writer, buffer: agent.current?.buffer ?? emptyBuffer() };
}

/** Does a unit's work and saves. @returns what goes on from there */
function work({ writer, buffer }: Memory, unit: Unit): Memory {
  const { progress, adds, trained = false, learns } = unit;
  const mark = UNITS.indexOf(unit) + 1;
  for (let k = 0; k < (adds ?? 0); k++) {
    buffer.add(Float32Array.of(buffer.added, mark), [k, 0], Float32Array.of(mark, k));
  }
  const moments = new Normalizer(4, 2, true);
  moments.inputs.mean.fill(mark);
  const planner = { rng: Rng.fromSeed(mark).state(), arrays: { mean: Float32Array.of(mark) } };
  const task: TaskState | undefined = adds === undefined ? undefined : { buffer, moments, planner, trained };
  const numbers = { progress, metricsBytes: mark, actionRng: Rng.fromSeed(1).state() };
  writer.save(numbers, learns === undefined ? undefined : learnedState(learns, mark), task);
  return { writer, buffer: task === undefined ? emptyBuffer() : buffer };
}

/** Everything that a checkpoint says, so that one can be told from another. */
function content(folder: string): unknown {
  if (!existsSync(join(folder, "checkpoint.json"))) return "none";
  const { agent, progress, metricsBytes } = read(folder);
  const { learned, current } = agent;
  return {
    progress,
    metricsBytes,
    mark: learned?.learner.numbers.mark,
    weights: learned?.learner.arrays.weights?.data.slice(0, 2),
    normalizers: learned?.normalizers.map(({ inputMean }) => inputMean[0]),
    planner: current?.planner,
    moments: current?.moments.inputs.mean,
    trained: current?.trained,
    rows: current?.buffer.lastRows(current.buffer.size),
    added: current?.buffer.added,
  };
}

const states = UNITS.map((_, i) => join(root, `state-${i}`));

beforeAll(() => {
  const folder = join(root, "run");
  let memory = begin(folder);
  UNITS.forEach((unit, i) => {
    memory = work(memory, unit);
    cpSync(folder, states[i]!, { recursive: true });
  });
});

describe("what is written", () => {
  it("is there after each unit, in files that the checkpoint names and no others", () => {
    const names = states.map((state) =>
      readdirSync(state)
        .filter((name) => name !== "checkpoint.json")
        .sort(),
    );
    expect(names).toEqual([
      [],
      [],
      ["current-a.safetensors", "transitions-a.f32"],
      ["current-b.safetensors", "transitions-a.f32"],
      // The file would hold more than twice what the buffer does.
      ["current-a.safetensors", "transitions-a.f32"],
      ["checkpoint-b.safetensors", "current-b.safetensors", "transitions-b.f32"],
      ["checkpoint-a.safetensors", "current-a.safetensors", "transitions-b.f32"],
      ["checkpoint-b.safetensors"],
      ["checkpoint-a.safetensors"],
      ["checkpoint-b.safetensors", "current-a.safetensors", "transitions-a.f32"],
      ["checkpoint-a.safetensors", "current-b.safetensors", "transitions-a.f32"],
      ["checkpoint-b.safetensors"],
      ["checkpoint-a.safetensors"],
    ]);
  });

  it("never holds more transitions than twice what the buffer does, however long a task is", () => {
    const folder = join(root, "long");
    let memory = begin(folder);
    const rows: number[] = [];
    for (let episode = 1; episode <= 40; episode++) {
      const unit = { name: "random", progress: learning(0, 7 * episode, episode), adds: 7 };
      memory = work(memory, unit);
      const [file, ...others] = readdirSync(folder).filter((name) => name.startsWith("transitions"));
      expect(others).toEqual([]);
      rows.push(statSync(join(folder, file!)).size / (4 * 6));
      if (episode % 3 === 0) memory = resume(folder);
    }
    expect(Math.max(...rows)).toBeLessThanOrEqual(2 * settings.loop.bufferCapacity);
    expect(Math.max(...rows)).toBeGreaterThan(settings.loop.bufferCapacity);
    expect(read(folder).agent.current?.buffer.added).toBe(280);
    expect(read(folder).agent.current?.buffer.lastRows(20)).toEqual(memory.buffer.lastRows(20));
  });

  it("goes on under the same name where a file can have no second one", () => {
    disk.links = false;
    const folder = join(root, "no-links");
    let memory = begin(folder);
    UNITS.forEach((unit, i) => {
      memory = work(memory, unit);
      expect(content(folder)).toEqual(content(states[i]!));
    });
    expect(readdirSync(folder)).toHaveLength(2);
  });
});

describe.each(["killed", "full"])("a save that is %s at any of its operations", (how) => {
  it.each(UNITS.map((unit, i) => [unit.name, unit, i] as const))(
    "leaves the checkpoint before or the new one: %s",
    (name, unit, i) => {
      const before = i === 0 ? "none" : content(states[i - 1]!);
      const after = content(states[i]!);
      expect(after).not.toEqual(before);
      const met = new Set<string>();
      for (let at = 1; ; at++) {
        const folder = join(root, `${how}-${name}-${at}`);
        if (i > 0) cpSync(states[i - 1]!, folder, { recursive: true });
        const memory = i === 0 ? begin(folder) : resume(folder);
        Object.assign(disk, { left: at, how });
        let failed: unknown;
        try {
          work(memory, unit);
        } catch (error) {
          failed = error;
        }
        const done = disk.left > 0;
        disk.left = Number.POSITIVE_INFINITY;
        if (how === "full" && failed !== undefined) expect(failed).toBeInstanceOf(RunError);
        const found = content(folder);
        const isNew = JSON.stringify(found) === JSON.stringify(after);
        met.add(isNew ? "new" : "before");
        if (!isNew) expect(found, `operation ${at}`).toEqual(before);
        const again = resume(folder);
        if (!isNew) work(again, unit);
        expect(fileHashes(folder), `operation ${at}`).toEqual(fileHashes(states[i]!));
        rmSync(folder, { recursive: true });
        if (done) break;
      }
      expect([...met]).toContain("before");
      expect([...met]).toContain("new");
    },
  );
});
