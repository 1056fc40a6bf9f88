import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
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
  /** @throws Violation; any other error of the task's own breaks the rule as well */
  check(task: Task, graphRewards: GraphRewards): void | Promise<void>;
}

/** A rule is broken: what was found, and what was expected when that is more than the rule's sentence. */
export class Violation extends Error {
  readonly got: string;
  readonly expected: string | undefined;

  constructor(got: string, expected?: string) {
    super(got);
    this.got = got;
    this.expected = expected;
  }
}

/** @throws Violation unless `condition` holds */
export function ensure(condition: boolean, got: string, expected?: string): asserts condition {
  if (!condition) throw new Violation(got, expected);
}

/** Steps of an episode that most rules look at. */
export function shortEpisode(task: Task): number {
  return Math.min(25, Math.floor(task.spec.episodeSteps / 2));
}

/** Uniform random actions within the bounds, `[steps, U]`. */
export function randomActions(task: Task, seed: number, steps: number): Float32Array[] {
  const rng = Rng.fromSeed(seed);
  return Array.from({ length: steps }, () => randomAction(task.spec, rng));
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

/** Every byte an episode produces, a line a step: observation, reward and measures; the last line is the snapshot. */
export function trace(environment: Environment, actions: readonly Float32Array[]): string[] {
  const rows = actions.map((action) => {
    const { observation, reward } = environment.step(action);
    const bits = Buffer.from(Float64Array.of(reward, ...observation).buffer).toString("hex");
    return bits + JSON.stringify(environment.scene.measure());
  });
  return [...rows, hex(environment.snapshot().scene)];
}

/** @throws Violation at the first line in which two traces differ */
export function ensureSameTrace(a: readonly string[], b: readonly string[], between: string): void {
  const at = a.findIndex((row, i) => row !== b[i]);
  if (at < 0) return;
  const what = at === a.length - 1 ? "the snapshot at the end" : `step ${at + 1}`;
  throw new Violation(`${what} differs ${between}`);
}
