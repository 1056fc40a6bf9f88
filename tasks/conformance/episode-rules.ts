import { inWords } from "../../sim/core/in-words.js";
import { eagerOps } from "../../sim/core/ops.js";
import { isLine } from "../../sim/core/shown.js";
import type { Environment } from "../../sim/environment.js";
import { isOutcomeName, OUTCOME_NAME_EXPECTED, outcomesOf } from "../../sim/outcomes.js";
import { checkLimit } from "../../sim/recording/limits.js";
import type { Pose, Task, Transition } from "../../sim/task.js";
import {
  type ConformanceRule,
  ensure,
  ensureSameInGraph,
  play,
  playOn,
  randomActions,
  shortEpisode,
  withEnvironments,
} from "./support.js";

/** Transitions of a random episode with the environment's rewards. */
function transitionsOf(environment: Environment, seed: number, steps: number) {
  let before = environment.reset(seed);
  const actions = randomActions(environment.task, seed, steps);
  return Array.from(play(environment, actions), ({ observation, reward, action }) => {
    const transition: Transition<Float64Array> = {
      observation: Float64Array.from(before),
      action: Float64Array.from(action),
      nextObservation: Float64Array.from(observation),
    };
    before = observation;
    return { transition, reward };
  });
}

function checkEpisode(task: Task): void {
  const { episodeSteps } = task.spec;
  withEnvironments(task, 1, (environment) => {
    environment.reset(3);
    const seen = new Set<string>();
    let steps = 0;
    for (const { observation, truncated } of play(environment, randomActions(task, 3, episodeSteps))) {
      steps++;
      seen.add(observation.join());
      ensure(truncated === (steps === episodeSteps), `truncated ${truncated} at step ${steps}`);
    }
    const changing = `${seen.size} different observations in ${steps} steps of random actions`;
    ensure(seen.size > steps / 2, changing, "a state that moves");
  });
}

function checkAngles(task: Task): void {
  const angles = task.spec.observation.flatMap(({ name, angle }, i) => (angle === true ? [{ name, i }] : []));
  if (angles.length === 0) return;
  withEnvironments(task, 1, (environment) => {
    let before = environment.reset(4);
    // One action throughout: what turns, turns far.
    for (const side of ["low", "high"] as const) {
      before = environment.reset(4);
      for (let step = 1; !environment.over; step++) {
        const { observation } = environment.step(task.spec.action.map((channel) => channel[side]));
        for (const { name, i } of angles) {
          const jump = Math.abs(observation[i]! - before[i]!);
          ensure(jump <= Math.PI, `${name} jumps by ${jump.toFixed(3)} rad at step ${step}`);
        }
        before = observation;
      }
    }
  });
}

function checkMeasures(task: Task): void {
  withEnvironments(task, 1, (environment) => {
    environment.reset(3);
    const keys = Object.keys(environment.scene.measure()).join();
    for (const _ of play(environment, randomActions(task, 3, shortEpisode(task)))) {
      const measures = environment.scene.measure();
      ensure(Object.keys(measures).join() === keys, `measures ${Object.keys(measures)}`, keys);
      for (const [key, value] of Object.entries(measures)) ensure(Number.isFinite(value), `${key} ${value}`);
      const succeeded: unknown = task.succeeded(measures);
      ensure(typeof succeeded === "boolean", `succeeded() returns ${String(succeeded)}`, "true or false");
    }
  });
}

function checkOutcomes(task: Task): void {
  const { outcomes } = task;
  if (outcomes === undefined) return;
  ensure(Array.isArray(outcomes), `task.outcomes is ${inWords(outcomes)}`, "a list of outcomes, or nothing");
  const given: readonly unknown[] = outcomes;
  // Not forEach, which passes over the gaps of a list.
  for (let i = 0; i < given.length; i++) {
    const isObject = typeof given[i] === "object" && given[i] !== null;
    ensure(isObject, `outcome ${i} is ${inWords(given[i])}`, "{ name, description, holds(measures) }");
  }
  outcomes.forEach(({ name, description, holds }, i) => {
    ensure(isOutcomeName(name), `outcome ${i} with the name ${inWords(name)}`, OUTCOME_NAME_EXPECTED);
    checkLimit("nameLength", name.length);
    const twice = outcomes.findIndex((outcome) => outcome.name === name) !== i;
    ensure(!twice, `two outcomes named ${name}`, "unique names");
    const described = `outcome ${name} with the description ${inWords(description)}`;
    ensure(isLine(description), described, "text of one line");
    ensure(typeof holds === "function", `outcome ${name} with holds ${inWords(holds)}`, "a function");
  });
  withEnvironments(task, 1, (environment) => {
    environment.reset(3);
    for (const _ of play(environment, randomActions(task, 3, shortEpisode(task)))) {
      const measures = environment.scene.measure();
      const before = JSON.stringify(measures);
      const came: Readonly<Record<string, unknown>> = outcomesOf(task, measures) ?? {};
      for (const [name, value] of Object.entries(came)) {
        ensure(
          typeof value === "boolean",
          `holds() of outcome ${name} returns ${inWords(value)}`,
          "true or false",
        );
      }
      const after = JSON.stringify(measures);
      ensure(after === before, `measures ${after} after asking for outcomes`, `${before}, unchanged`);
      const again = JSON.stringify(outcomesOf(task, measures));
      ensure(again === JSON.stringify(came), `${JSON.stringify(came)} and ${again} for the same measures`);
    }
  });
}

function checkReward(task: Task): void {
  withEnvironments(task, 1, (environment) => {
    for (const { transition, reward } of transitionsOf(environment, 5, Math.min(5, shortEpisode(task)))) {
      const computed: ArrayLike<number> = task.reward(eagerOps, transition);
      ensure(computed.length === 1, `reward() gives ${computed.length} features`, "one");
      ensure(computed[0] === reward, `${computed[0]} and ${reward} for one transition`);
    }
  });
}

const checkGraphReward: ConformanceRule["check"] = async (task, graphRewards) => {
  const made = withEnvironments(task, 1, (environment) => transitionsOf(environment, 6, shortEpisode(task)));
  const computed = await graphRewards(
    task,
    made.map(({ transition }) => transition),
  );
  ensure(computed.length === made.length, `${computed.length} rewards of ${made.length} transitions`);
  made.forEach(({ reward }, i) => {
    ensureSameInGraph(reward, computed[i]!, i + 1);
  });
};

function checkBodies(task: Task): void {
  withEnvironments(task, 1, (environment) => {
    const { scene } = environment;
    environment.reset(17);
    const poses = (): Pose[] => scene.bodies.map((_, i) => scene.bodyPose(i));
    const before = poses();
    playOn(environment, randomActions(task, 17, shortEpisode(task)));
    const after = poses();
    const names = scene.bodies.map(({ name }) => name);
    ensure(new Set(names).size === names.length, `bodies ${names}`, "unique names");
    after.forEach(({ position, rotation }, i) => {
      const finite = [...position, ...rotation].every(Number.isFinite);
      ensure(
        finite && Math.abs(Math.hypot(...rotation) - 1) < 1e-4,
        `${names[i]} at ${position}; ${rotation}`,
      );
      const still = JSON.stringify(after[i]) === JSON.stringify(before[i]);
      ensure(still || !scene.bodies[i]!.fixed, `${names[i]} is fixed and moves`);
    });
    const moved = after.some(({ position, rotation }, i) => {
      const change = (a: readonly number[], b: readonly number[]) =>
        Math.hypot(...a.map((v, k) => v - b[k]!));
      return change(position, before[i]!.position) + change(rotation, before[i]!.rotation) > 1e-4;
    });
    ensure(moved, "no body moves under random actions");
  });
}

function checkLandmarks(task: Task): void {
  const { landmarks } = task;
  if (landmarks === undefined) return;
  const { names } = landmarks;
  ensure(names.length > 0 && new Set(names).size === names.length, `names ${names}`, "unique names");
  withEnvironments(task, 1, (environment) => {
    environment.reset(18);
    const observations: Float32Array[] = [environment.observation.slice()];
    for (const { observation } of play(environment, randomActions(task, 18, 3))) {
      observations.push(observation);
    }
    const rows = landmarks.locate(observations, environment.scene);
    ensure(rows.length === observations.length, `${rows.length} rows of ${observations.length} observations`);
    rows.forEach((points, i) => {
      const fits = points.length === names.length && points.every((p) => p.length === 3);
      ensure(fits, `${JSON.stringify(points)} in observation ${i + 1}`, `x, y, z of ${names}`);
      ensure(points.flat().every(Number.isFinite), `${JSON.stringify(points)} in observation ${i + 1}`);
    });
  });
}

export const episodeRules: readonly ConformanceRule[] = [
  {
    name: "episode",
    expected: "finite observations and rewards that change until the episode's last step",
    check: checkEpisode,
  },
  {
    name: "continuous-angles",
    expected: "channels with `angle: true` change by at most π a step: counted over whole turns, not wrapped",
    check: checkAngles,
  },
  { name: "measures", expected: "the same finite measures after every step", check: checkMeasures },
  {
    name: "outcomes",
    expected:
      "where a task names outcomes: a list with unique names and descriptions, decided by the measures",
    check: checkOutcomes,
  },
  {
    name: "reward",
    expected: "one reward per transition, decided by the transition alone",
    check: checkReward,
  },
  {
    name: "graph-reward",
    expected: "the same reward in environment and planner: only operations of `ops` on the transition",
    check: checkGraphReward,
  },
  {
    name: "landmarks",
    expected: "finite world positions of every named point in every observation, where a task has landmarks",
    check: checkLandmarks,
  },
  { name: "bodies", expected: "named bodies with unit quaternions, some of which move", check: checkBodies },
];
