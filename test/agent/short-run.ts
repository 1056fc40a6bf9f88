import { ONE_THREAD } from "../../agent/compute.js";
import { ContinualLoop } from "../../agent/loop/loop.js";
import { RunStore } from "../../agent/run/store.js";
import { resolveSettings } from "../../agent/settings/resolve.js";
import { fakeTask, PHYSICS } from "../sim/recording/fake-task.js";
import { CATALOG, partsFor } from "./fixtures.js";

/** Of runs that `openRun` makes. */
export const VERSIONS = { hypercrl: "0", physics: PHYSICS, onnxruntime: "0", node: "0" };
const TASKS = ["a", "b"].map((name) => ({ ...fakeTask(), name }));
/** Settings of a run that takes a moment. */
export const SMALL = [
  "loop.initialRandomSteps=40",
  "loop.stepsPerTask=60",
  "loop.trainEvery=20",
  "loop.trainIterations=5",
  "planner.samples=8",
  "planner.elites=2",
  "planner.iterations=1",
  "planner.horizon=3",
  "dynamics.hidden=[8]",
  "hypernetwork.hidden=[6]",
];

/** A run of two tasks, a and b, that takes a moment. */
export function openRun(folder: string, assignments: readonly string[], method = "hypercrl") {
  const settings = resolveSettings(
    { suite: { name: "fake", tasks: TASKS }, method, profile: "quick", seed: 3 },
    [...SMALL, "loop.evaluationEpisodes=1", "loop.learningEpisodeSteps=15", ...assignments],
    CATALOG,
  );
  const store = RunStore.create(folder, settings, VERSIONS);
  return { folder, store, loop: loopOf(store) };
}

export function loopOf(store: RunStore): ContinualLoop {
  let clock = 0;
  return new ContinualLoop(TASKS, {
    store,
    now: () => clock++,
    compute: ONE_THREAD,
    parts: partsFor(store.settings),
    stopRequested: () => false,
  });
}
