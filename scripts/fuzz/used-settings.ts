import { join } from "node:path";
import fc from "fast-check";
import { train } from "../runs/train.js";
import type { FuzzKind } from "./kind.js";

/** A run that plans, learns and is evaluated in a second; both suites have episodes of 50 steps. */
const SHORT = {
  tasks: 1,
  "loop.initialRandomSteps": 12,
  "loop.stepsPerTask": 12,
  "loop.trainEvery": 12,
  "loop.trainIterations": 2,
  "loop.evaluationEpisodes": 1,
  "dynamics.hidden": [4, 4],
  "planner.samples": 6,
  "planner.elites": 3,
  "planner.iterations": 2,
} as const;

/** Mostly what is allowed, so that most runs go on to their end; now and then what is not. */
function mostly(allowed: readonly unknown[], wrong: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...allowed) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  );
}

const rates = [0.05, 0.5, 1, 1e-300, 1e6];

/** Settings that decide together what is searched, refined and learned from. */
const VALUES = {
  "planner.name": mostly(["icem", "cem", "mppi"], ["gradient", "random", "pddm"]),
  "planner.horizon": mostly([1, 2, 3, 5], [0, 1.5]),
  "planner.holdReward": mostly([false, true, 1, 3, 1000], [0, -1, 0.5, "x"]),
  "planner.precision": mostly(["float32", "int8"], ["int4"]),
  "planner.annealIterations": mostly([0, ...rates], [-1, 1e7]),
  "planner.annealHorizon": mostly([0, ...rates], [-1, 1e7]),
  "planner.knots": mostly([0, 2, 3, 5, 1000], [1, -1]),
  // More steps are allowed and take as long as they take.
  "planner.polishSteps": mostly([0, 1, 2, 3], [-1, 0.5]),
  "planner.polishRate": mostly(rates, [0, 1e7]),
  "planner.polishPlans": mostly([1, 2, 3, 7, 100_000], [0, -1]),
  "loop.learningEpisodeSteps": mostly([0, 1, 2, 7, 1000], [-1, 0.5]),
  "loop.learningStarts": mostly(["shared", "seeded", "varied"], ["x"]),
  "loop.learningModel": mostly(["ensemble", "member"], ["x"]),
  "loop.explorationStd": mostly([0, 0.1, 10, [0.1, 0.2]], [-1, 11, [], [0.1, 0.2, 0.3, 0.4, 0.5]]),
  "loop.schedule": mostly(["once", "random:1", [{ task: 1 }]], ["rounds:0", "x", [], [{ task: 9 }]]),
  "loop.boundaries": mostly(["told", "detected"], ["x"]),
  "loop.detectorRise": mostly([1.1, 3, 100], [1, -1, 1e7]),
  "loop.detectorThreshold": mostly([0.1, 20, 1e4], [0, -1]),
  "loop.detectorWarmUp": mostly([1, 2, 10, 400], [0, 0.5]),
  "loop.detectorWindow": mostly([1, 2, 10, 200], [0, 0.5]),
  "loop.mostTasks": mostly([1, 2, 20], [0, 1001]),
  "loop.evaluateTasks": mostly(["all", 1], [0, 2, 0.5, "x"]),
  "dynamics.history": mostly([0, 1, 2, 16], [17, -1]),
  "dynamics.members": mostly([1, 2, 3], [0, 17, 1.5]),
  "dynamics.normalizer": mostly(["task", "pooled"], ["x"]),
  "hypernetwork.output": mostly(["full", "low-rank", "hypercomplex"], ["x"]),
  "hypernetwork.rank": mostly([1, 2, 3], [0, 5, 1.5]),
  "hypernetwork.algebra": mostly([1, 2, 3], [0, 5, 17]),
  "hypernetwork.init": mostly(["xavier", "hyperfan", "base"], ["x"]),
  "hypernetwork.encoding": mostly(["none", "angles"], ["x"]),
  "hypernetwork.start": mostly(["random", "nearest", "composition"], ["x"]),
};

interface UsedSettings {
  readonly suite: string;
  /** Those of the values that are set; the others stay at their defaults, so that a wrong one does not hide all others. */
  readonly set: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** Settings that a run is made with, from its first step to its last evaluation. */
export const usedSettingsKind: FuzzKind<UsedSettings> = {
  name: "settings in use",
  changes: ["used"],
  cases: fc.record({
    suite: fc.constantFrom("push-slide", "push-slide", "push-slide", "reacher"),
    set: fc.subarray(Object.keys(VALUES), { minLength: 2 }),
    values: fc.record(VALUES),
  }),
  async run(folder, { suite, set, values: all }) {
    const chosen = Object.fromEntries(set.map((name) => [name, all[name]]));
    await train({ suite, out: join(folder, "used"), threads: 1, settings: { ...SHORT, ...chosen } });
  },
};
