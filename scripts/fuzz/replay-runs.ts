import { execFile } from "node:child_process";
import { join, relative } from "node:path";
import { performance } from "node:perf_hooks";
import { firstOf } from "../../sim/core/element.js";
import type { TaskSuite } from "../../sim/task.js";
import { episodesAt } from "../runs/episode-files.js";
import { train } from "../runs/train.js";
import { minutesSince, toTenth } from "./minutes.js";

/** A Node.js to simulate recordings with. */
export interface NodeBinary {
  readonly path: string;
  /** As it says itself, `v22.1.0`. */
  readonly version: string;
}

/** What came of the recordings of a run under one Node.js. */
export interface ReplayResult {
  readonly node: string;
  /** Recordings that came out the same bit by bit, and their steps. */
  readonly episodes: number;
  readonly steps: number;
  readonly minutes: number;
  /** What differs, or could not be compared. */
  readonly faults: readonly string[];
}

/** Tasks of a suite that are recorded: the suites with the fewest have as many. */
export const TASKS = 5;
/** Planned steps of a task; most are random, which cost nothing but the simulation. */
const PLANNED_STEPS = 50;

/**
 * Records a run of all phases, most of whose steps are random, into a new folder.
 * @param steps recorded of learning at least; the episodes of the baseline and of the evaluations come on top
 * @throws the reason of the signal when it stops that
 */
export async function recordRun(
  suite: TaskSuite,
  folder: string,
  { steps, seed, signal }: { readonly steps: number; readonly seed: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { episodeSteps } = firstOf(suite.tasks, "tasks").spec;
  await train({
    suite,
    method: "finetune",
    planner: "random",
    seed,
    ...(signal && { signal }),
    out: folder,
    threads: 1,
    settings: {
      tasks: TASKS,
      "loop.initialRandomSteps": Math.ceil(steps / TASKS / episodeSteps) * episodeSteps,
      "loop.stepsPerTask": PLANNED_STEPS,
      "loop.trainEvery": PLANNED_STEPS,
      "loop.trainIterations": 1,
      "loop.evaluationEpisodes": 1,
      "dynamics.hidden": [8],
      "planner.samples": 2,
      "planner.horizon": 1,
    },
  });
  signal?.throwIfAborted();
}

/** A line of `replay --verify --json`: the files of the run, or one recording. */
type ReplayLine =
  | { readonly path: string; readonly ok: true; readonly steps: number }
  | {
      readonly path: string;
      readonly ok: false;
      readonly step: number;
      readonly quantity: string;
      readonly recorded: unknown;
      readonly simulated: unknown;
    }
  | Record<"changed" | "missing" | "added", readonly string[]>;

/**
 * Simulates all recordings of a run again in a process of a Node.js and compares them bit by bit, and the run's files with
 * their hashes.
 * @param commandLine path of the built command line
 * @throws the reason of the signal when it stops that
 */
export async function replayRun(
  folder: string,
  node: NodeBinary,
  commandLine: string,
  signal?: AbortSignal,
): Promise<ReplayResult> {
  const started = performance.now();
  const args = [commandLine, "replay", "--verify", "--json", folder];
  const { end, stdout, stderr } = await outputOf(node.path, args, signal);
  signal?.throwIfAborted();
  // A process that was ended may leave a part of a line.
  const read = stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ReplayLine);
  const same = read.flatMap((line) => ("ok" in line && line.ok ? [line] : []));
  const faults = read.flatMap((line) => faultsOf(line, folder));
  const compared = new Set(read.flatMap((line) => ("ok" in line ? [line.path] : [])));
  const left = episodesAt(folder).filter((path) => !compared.has(path));
  faults.push(...left.map((path) => `${relative(folder, path)} was not compared`));
  if (end !== 0 && (faults.length === 0 || stderr !== ""))
    faults.push(`ended with ${end}: ${stderr.replaceAll(join(folder, "/"), "")}`);
  return {
    node: node.version,
    episodes: same.length,
    steps: same.reduce((sum, { steps }) => sum + steps, 0),
    minutes: toTenth(minutesSince(started)),
    faults,
  };
}

/** What a process printed, with its exit code or the signal that ended it. */
function outputOf(
  path: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ readonly end: unknown; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const options = { encoding: "utf8", maxBuffer: 2 ** 28, ...(signal && { signal }) } as const;
    execFile(path, args, options, (error, stdout, stderr) =>
      resolve({ end: error === null ? 0 : (error.signal ?? error.code), stdout, stderr }),
    );
  });
}

function faultsOf(line: ReplayLine, folder: string): string[] {
  if (!("ok" in line)) {
    const { changed, missing, added } = line;
    return [...changed, ...missing, ...added].map((file) => `${file} is not what its hash says`);
  }
  if (line.ok) return [];
  const { path, step, quantity, recorded, simulated } = line;
  return [
    `${relative(folder, path)} differs at step ${step}: ${quantity} recorded ${recorded}, simulated ${simulated}`,
  ];
}
