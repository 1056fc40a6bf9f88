import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstOf } from "../../sim/core/element.js";
import { COMMAND_LINE } from "../cli/command-line.js";
import { silentSweepView } from "../cli/sweep-view.js";
import { oracleReference } from "../compare/oracle-file.js";
import { evaluateOracle } from "../evaluate/evaluate-oracle.js";
import { type TrainOptions, train } from "../runs/train.js";
import { localEngine } from "../sweep/local-engine.js";
import { runSweep } from "../sweep/sweep.js";

/** Runs that pass through every stage and take a second. */
const SETTINGS = {
  tasks: 2,
  "loop.initialRandomSteps": 50,
  "loop.stepsPerTask": 60,
  "loop.trainEvery": 25,
  "loop.trainIterations": 3,
  "loop.evaluationEpisodes": 1,
  "planner.samples": 8,
  "planner.elites": 4,
  "planner.iterations": 1,
  "planner.horizon": 3,
  // What is off by default, so that changed files meet it where it is on.
  "planner.holdReward": 2,
  "planner.annealIterations": 0.5,
  "planner.annealHorizon": 0.5,
  "planner.knots": 2,
  "planner.polishSteps": 1,
  "planner.polishPlans": 2,
  "loop.learningEpisodeSteps": 20,
  "loop.learningStarts": "seeded",
  "loop.learningModel": "member",
  "loop.explorationStd": 0.1,
  "loop.evaluateTasks": 1,
  "loop.schedule": "rounds:2",
  "dynamics.hidden": [8, 8],
  "dynamics.members": 2,
  "dynamics.normalizer": "pooled",
  "hypernetwork.output": "low-rank",
  "hypernetwork.rank": 2,
  "hypernetwork.encoding": "angles",
} as const;
const RUN: TrainOptions = { suite: "reacher", threads: 1, settings: SETTINGS };

/**
 * Makes the files that cases are changes of:
 *
 * - `run`, a finished run; `begun`, one that was stopped in the middle of its second task
 * - `episode.mcap`, a recording with plans; `sweep`, a sweep of two runs with an oracle; `compare.json`, what a sweep is asked to compare
 * - `working`, where command lines are given, and `victim`, which nothing may change
 * @throws the reason of the signal when it stops that
 */
export async function makeInputs(folder: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const run = join(folder, "run");
  await train({ ...RUN, out: run, record: "plans", signal });
  signal.throwIfAborted();
  await makeBegun(join(folder, "begun"), signal);
  const planned = readdirSync(join(run, "episodes")).filter((name) => name.includes("-train-"));
  cpSync(join(run, "episodes", firstOf(planned, "planned episodes")), join(folder, "episode.mcap"));
  await makeSweep(join(folder, "sweep"), signal);
  const { "planner.samples": samples, "planner.elites": elites, "planner.horizon": horizon } = SETTINGS;
  const planner = { "planner.samples": samples, "planner.elites": elites, "planner.horizon": horizon };
  const played = await evaluateOracle({
    suite: "reacher",
    tasks: 2,
    episodes: 1,
    threads: 1,
    settings: planner,
    signal,
  });
  signal.throwIfAborted();
  writeFileSync(join(folder, "sweep/oracle.json"), JSON.stringify(oracleReference(played)));
  const compare = {
    suite: "reacher",
    methods: [
      "single",
      { label: "wide", method: "hypercrl", seeds: [1], set: { "dynamics.hidden": [16, 16] } },
    ],
    seeds: [1, 2],
    set: { tasks: 2 },
  };
  writeFileSync(join(folder, "compare.json"), JSON.stringify(compare));
  mkdirSync(join(folder, "working"));
  mkdirSync(join(folder, "victim"));
  writeFileSync(join(folder, "victim/thesis.tex"), "Three years of work.\n");
}

async function makeBegun(folder: string, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  await train({
    ...RUN,
    out: folder,
    signal: AbortSignal.any([signal, stop.signal]),
    onProgress: (event) => {
      if (event.type === "episode" && event.taskIndex === 1) stop.abort();
    },
  });
  signal.throwIfAborted();
  // By fixed names, which cases can replace.
  const path = join(folder, "checkpoint.json");
  const { sha256: _, ...content } = JSON.parse(readFileSync(path, "utf8"));
  const { current } = content;
  const named = [content.arrays, current.arrays, current.transitions];
  Object.values(BEGUN_FILES).forEach((name, i) => {
    renameSync(join(folder, named[i].file), join(folder, name));
    named[i].file = name;
  });
  const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  writeFileSync(path, JSON.stringify({ ...content, sha256 }));
}

/** Files that the checkpoint of `begun` names: of what was learned, and of the task that is being learned. */
export const BEGUN_FILES = {
  learned: "arrays.safetensors",
  task: "current-a.safetensors",
  transitions: "transitions-a.f32",
} as const;

async function makeSweep(folder: string, signal: AbortSignal): Promise<void> {
  const assignments = Object.entries(SETTINGS).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  await runSweep({
    out: folder,
    choice: { suite: "reacher", methods: [{ method: "single" }], seeds: [1, 2], assignments },
    resume: false,
    commandLine: COMMAND_LINE,
    engine: localEngine(1),
    signal,
    view: silentSweepView,
  });
  signal.throwIfAborted();
  // One run is finished, and one is still to be begun; recordings would only be copied.
  const [finished, other] = readdirSync(join(folder, "runs"));
  rmSync(join(folder, "runs", other ?? ""), { recursive: true });
  rmSync(join(folder, "runs", finished ?? "", "episodes"), { recursive: true });
}
