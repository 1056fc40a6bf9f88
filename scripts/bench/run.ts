import { join } from "node:path";
import { Agent } from "../../agent/agent.js";
import { MpcPolicy } from "../../agent/policy.js";
import { RunStore } from "../../agent/run/store.js";
import { medianOf } from "../../sim/core/median.js";
import { EpisodeRecorder } from "../../sim/recording/recorder.js";
import { PhysicsWorld } from "../../sim/world.js";
import { inTemporaryFolder } from "../cli/temporary-folder.js";
import { train } from "../runs/train.js";
import { LONG_REPETITION } from "./measure.js";
import { type Figures, named, type Row, type Section } from "./result.js";
import { Stopwatch } from "./stopwatch.js";

/** The quick profile cut to seconds, roughly with its proportions of random and planned steps and minibatches. */
const SHORT = {
  tasks: 2,
  "loop.initialRandomSteps": 240,
  "loop.stepsPerTask": 600,
  "loop.evaluationEpisodes": 2,
};

const WATCHERS = {
  physics: () => new Stopwatch().watch(PhysicsWorld.prototype, ["step"]),
  planning: () => new Stopwatch().watch(MpcPolicy.prototype, ["act"]),
  setup: () => new Stopwatch().watch(Agent.prototype, ["beginVisit", "policyFor"]),
  recording: () => new Stopwatch().watch(EpisodeRecorder.prototype, ["record", "finish"]),
  saving: () => new Stopwatch().watch(RunStore.prototype, ["save", "saveVisit"]),
};
type Watched = keyof typeof WATCHERS;
type Watches = Readonly<Record<Watched, Stopwatch>>;
const WATCHED = Object.keys(WATCHERS) as Watched[];

/** Parts of a run as shown; `outside` is what is neither physics nor planning nor training. */
const PARTS = {
  physics: "  physics (Rapier)",
  planning: "  planning",
  training: "  training",
  outside: "  outside these three (target at most 0.1)",
  setup: "    of that: beginning tasks, compiling graphs",
  recording: "    of that: recording episodes",
  saving: "    of that: checkpoints",
};
type Part = keyof typeof PARTS;

/** Wall time of a run and of its parts, ms. */
type RunTimes = Readonly<Record<Part | "wall", number>>;

/** Where the wall time of a whole run goes: real training runs in this process, shortened to seconds. */
export async function benchRun(): Promise<Section> {
  const { warmUp, rounds } = LONG_REPETITION;
  return inTemporaryFolder("bench", async (folder, signal) => {
    const watches = Object.fromEntries(WATCHED.map((name) => [name, WATCHERS[name]()])) as Watches;
    try {
      const times: RunTimes[] = [];
      for (let i = 0; i < warmUp + rounds; i++) {
        times.push(await runOnce(join(folder, String(i)), watches, signal));
        signal.throwIfAborted();
      }
      return section(times.slice(warmUp));
    } finally {
      for (const name of WATCHED) watches[name].stop();
    }
  });
}

async function runOnce(out: string, watches: Watches, signal: AbortSignal): Promise<RunTimes> {
  let training = 0;
  const started = performance.now();
  await train({
    out,
    threads: 1,
    signal,
    settings: SHORT,
    onProgress: (event) => {
      if (event.type === "training") training += event.ms;
    },
  });
  const wall = performance.now() - started;
  const watched = Object.fromEntries(WATCHED.map((name) => [name, watches[name].take()])) as Record<
    Watched,
    number
  >;
  return { ...watched, wall, training, outside: wall - watched.physics - watched.planning - training };
}

function section(times: readonly RunTimes[]): Section {
  const wall = medianOf(times.map((t) => t.wall)) / 1e3;
  const share = (part: Part) => medianOf(times.map((t) => t[part] / t.wall));
  const parts = Object.keys(PARTS) as Part[];
  const rows = parts.map((part): Row => {
    const ms = medianOf(times.map((t) => t[part]));
    return {
      what: PARTS[part],
      figure: `${ms.toFixed(0)} ms`,
      against: "wall time of the run",
      ratio: share(part).toFixed(3),
    };
  });
  const steps = `${SHORT.tasks} tasks of ${SHORT["loop.initialRandomSteps"]} + ${SHORT["loop.stepsPerTask"]} steps`;
  const whole = {
    what: `quick push run, ${steps}, one thread`,
    figure: `${wall.toFixed(1)} s`,
    against: "",
    ratio: "",
  };
  const figures: Figures[] = parts.map((part) =>
    named("run", { [`${part}Share`]: [share(part), "share"] as const }),
  );
  return { figures: Object.assign(named("run", { wall: [wall, "s"] }), ...figures), rows: [whole, ...rows] };
}
