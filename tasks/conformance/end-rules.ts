import { elementAt } from "../../sim/core/element.js";
import { inWords } from "../../sim/core/in-words.js";
import { eagerOps } from "../../sim/core/ops.js";
import { Rng } from "../../sim/core/rng.js";
import { endsEpisode, endValue } from "../../sim/ends-episode.js";
import type { Environment } from "../../sim/environment.js";
import type { Scene, Task } from "../../sim/task.js";
import {
  type ConformanceRule,
  ensure,
  ensureSameInGraph,
  hex,
  play,
  randomActions,
  Violation,
  withEnvironments,
} from "./support.js";

/** Starts that are looked at: one of many that is an end would be met only after hours of a run. */
const STARTS = 50;

/** Visits every observation of an episode of random actions, from its start to its end. */
function visitObservations(
  environment: Environment,
  seed: number,
  visit: (observation: Float32Array, step: number) => void,
): void {
  const { task } = environment;
  visit(environment.reset(seed), 0);
  let step = 0;
  for (const { observation } of play(environment, randomActions(task, seed, task.spec.episodeSteps)))
    visit(observation, ++step);
}

/** The observation `[X]` of a start; not by the environment's reset, which refuses one that is an end. */
function startOf({ spec }: Task, scene: Scene, seed: number): Float32Array {
  const rng = Rng.fromSeed(seed);
  scene.reset(() => rng.uniform());
  const start = new Float32Array(spec.observation.length);
  scene.observe(start);
  return start;
}

function checkTerminated(task: Task): void {
  if (task.terminated === undefined) return;
  withEnvironments(task, 1, (environment) => {
    visitObservations(environment, 21, (observation, step) => {
      const given = Float64Array.from(observation);
      const state = hex(environment.scene.snapshot());
      const first = task.terminated!(eagerOps, given);
      ensure(first.length === 1, `terminated() gives ${first.length} features`, "one");
      const [value, again] = [first[0], endValue(task, observation)];
      ensure(value === again, `${value} and ${again} for the observation at step ${step}`);
      const changes = given.some((number, i) => number !== observation[i]);
      ensure(!changes, `terminated() changes the observation at step ${step}`);
      ensure(hex(environment.scene.snapshot()) === state, `terminated() changes the scene at step ${step}`);
    });
  });
}

function checkStarts(task: Task): void {
  if (task.terminated === undefined) return;
  withEnvironments(task, 1, ({ scene }) => {
    // The environment takes what it gives for a number.
    const given: unknown = task.terminated!(eagerOps, Float64Array.from(startOf(task, scene, 0)));
    if (!(given instanceof Float64Array))
      throw new Violation(`terminated() gives ${inWords(given)}`, "what operations of ops give");
    for (let seed = 0; seed < STARTS; seed++) {
      const start = startOf(task, scene, seed);
      ensure(!endsEpisode(task, start), `${endValue(task, start)} at a start`);
    }
  });
}

const checkGraphTerminated: ConformanceRule["check"] = async (task, graphRewards) => {
  if (task.terminated === undefined) return;
  const seen: Float32Array[] = [];
  withEnvironments(task, 1, (environment) => {
    visitObservations(environment, 22, (observation) => seen.push(observation));
  });
  // As a reward of transitions that stay where they are.
  const asReward: Task = Object.create(task, {
    reward: {
      value: ((ops, { nextObservation }) => task.terminated!(ops, nextObservation)) as Task["reward"],
    },
  });
  const action = task.spec.action.map(({ low }) => low);
  const transitions = seen.map((observation) => ({ observation, action, nextObservation: observation }));
  const computed = await graphRewards(asReward, transitions);
  seen.forEach((observation, step) => {
    ensureSameInGraph(
      endValue(task, observation)!,
      elementAt(computed, step, "values of terminated()"),
      step,
    );
  });
};

/** Rules of a task that says what ends its episodes; every other task keeps them as it is. */
export const endRules: readonly ConformanceRule[] = [
  {
    name: "terminated-start",
    expected: "starts of which terminated() is not above 0: an episode has at least one step",
    check: checkStarts,
  },
  {
    name: "terminated",
    expected: "terminated() gives one finite number, decided by the observation alone, and changes nothing",
    check: checkTerminated,
  },
  {
    name: "graph-terminated",
    expected: "the same value of terminated() in environment and planner: only operations of `ops`",
    check: checkGraphTerminated,
  },
];
