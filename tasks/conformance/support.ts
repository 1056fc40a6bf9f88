import { Rng } from "../../sim/core/rng.js";
import { Environment, type StepResult } from "../../sim/environment.js";
import { randomAction } from "../../sim/random-action.js";
import type { Task, Transition } from "../../sim/task.js";

/** Rewards `[N]` of transitions as the planner's graph computes them; `agent/graph-reward.ts` has one. */
export type GraphRewards = (
  task: Task,
  transitions: readonly Transition<ArrayLike<number>>[],
) => Promise<ArrayLike<number>>;

/** One thing that every task must do. */
export interface ConformanceRule {
  /** Short, for error messages, e.g. `snapshot`. */
  readonly name: string;
  /** What is expected of a task, as a sentence. */
  readonly expected: string;
  /** @throws Violation, or LimitExceeded for what no recording may hold; any other error of the task's own breaks the rule as well */
  check(task: Task, graphRewards: GraphRewards): void | Promise<void>;
}

/** A rule is broken: what was found, and what was expected when that is more than the rule's sentence. */
export class Violation extends Error {
  readonly expected: string | undefined;

  constructor(got: string, expected?: string) {
    super(got);
    this.expected = expected;
  }
}

/** @throws Violation unless `condition` holds */
export function ensure(condition: boolean, got: string, expected?: string): asserts condition {
  if (!condition) throw new Violation(got, expected);
}

/** Steps of an episode that most rules look at, unless it ends by itself before. */
export function shortEpisode(task: Task): number {
  return Math.min(25, Math.floor(task.spec.episodeSteps / 2));
}

/** Uniform random actions within the bounds, `[steps, U]`. */
export function randomActions(task: Task, seed: number, steps: number): Float32Array[] {
  const rng = Rng.fromSeed(seed);
  return Array.from({ length: steps }, () => randomAction(task.spec, rng));
}

/** Makes steps with the actions given, until the episode is over. */
export function* play(
  environment: Environment,
  actions: Iterable<ArrayLike<number>>,
): Generator<StepResult & { readonly action: ArrayLike<number> }> {
  for (const action of actions) {
    if (environment.over) return;
    yield { ...environment.step(action), action };
  }
}

/** Makes steps with the actions given, until the episode is over, and returns how many it made. */
export function playOn(environment: Environment, actions: Iterable<ArrayLike<number>>): number {
  return [...play(environment, actions)].length;
}

/** Runs `use` on environments of the task's own and closes them. */
export function withEnvironments<T>(
  task: Task,
  count: number,
  use: (...environments: Environment[]) => T,
): T {
  const environments: Environment[] = [];
  try {
    for (let i = 0; i < count; i++) environments.push(new Environment(task));
    return use(...environments);
  } finally {
    for (const environment of environments) environment.close();
  }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/**
 * Every byte that an episode produces until it is over, a line a step: observation, reward and measures; the last line is
 * the snapshot.
 */
export function trace(environment: Environment, actions: readonly Float32Array[]): string[] {
  const rows: string[] = [];
  for (const { observation, reward } of play(environment, actions)) {
    const bits = Buffer.from(Float64Array.of(reward, ...observation).buffer).toString("hex");
    rows.push(bits + JSON.stringify(environment.scene.measure()));
  }
  return [...rows, hex(environment.snapshot().scene)];
}

/** Difference of environment's and graph's value, relative to the larger of 1 and the value: float32. */
const GRAPH_TOLERANCE = 1e-3;

/** @throws Violation unless the planner's graph computes what the environment does */
export function ensureSameInGraph(value: number, computed: number, step: number): void {
  const near = Math.abs(computed - value) <= GRAPH_TOLERANCE * Math.max(1, Math.abs(value));
  ensure(near, `environment ${value}, graph ${computed} at step ${step}`);
}

/** @throws Violation at the first line in which two traces differ */
export function ensureSameTrace(a: readonly string[], b: readonly string[], between: string): void {
  const at = a.findIndex((row, i) => row !== b[i]);
  if (at < 0) return;
  const what = at === a.length - 1 ? "the snapshot at the end" : `step ${at + 1}`;
  throw new Violation(`${what} differs ${between}`);
}
