import { ONE_THREAD } from "../../../agent/compute.js";
import { ContinualLoop } from "../../../agent/loop/loop.js";
import { RunStore } from "../../../agent/run/store.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { fakeTask } from "../../sim/recording/fake-task.js";
import { CATALOG, partsFor } from "../fixtures.js";
import { VERSIONS } from "../short-run.js";

/** Steps of a run after which its world holds the other task. */
export const CHANGES = [525, 1050, 1470];

/** Two points in the plane: one that slides, and one that is held back twenty times as much. */
const TASKS = [
  { ...fakeTask({ damping: 0.4 }), name: "light" },
  { ...fakeTask({ damping: 8 }), name: "heavy" },
];

const SETTINGS = [
  "loop.schedule=rounds:2",
  "loop.boundaries=detected",
  // Shorter than any change takes to be found, so that there are checkpoints before it is.
  "loop.learningEpisodeSteps=7",
  "loop.initialRandomSteps=105",
  "loop.stepsPerTask=420",
  "loop.trainEvery=70",
  "loop.trainIterations=150",
  "loop.evaluationEpisodes=1",
  "loop.detectorWarmUp=200",
  "dynamics.hidden=[16]",
  "hypernetwork.hidden=[16]",
  "hypernetwork.learningRate=0.005",
  "hypernetwork.embeddingLearningRate=0.005",
  "planner.samples=16",
  "planner.elites=4",
  "planner.iterations=1",
  "planner.horizon=5",
];

/** A run that is not told that its task changes, twice back and forth. */
export function openDiscoveringRun(folder: string, assignments: readonly string[] = [], method = "hypercrl") {
  const settings = resolveSettings(
    { suite: { name: "fake", tasks: TASKS }, method, profile: "quick", seed: 3 },
    [...SETTINGS, ...assignments],
    CATALOG,
  );
  const store = RunStore.create(folder, settings, VERSIONS);
  return { folder, store, loop: discoveringLoop(store) };
}

export function discoveringLoop(store: RunStore): ContinualLoop {
  const parts = partsFor(store.settings);
  const services = { store, now: () => 0, compute: ONE_THREAD, parts, stopRequested: () => false };
  return new ContinualLoop(TASKS, services);
}
