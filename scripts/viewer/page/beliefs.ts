import type { EpisodeHeader } from "../../../sim/recording/episode.js";
import type { BeliefsPayload, TaskPlansPayload } from "../payload.js";
import { unpackFloats } from "./floats.js";

/** Beliefs with their numbers unpacked; shapes as in `BeliefsPayload`. */
export interface BeliefsData extends Omit<BeliefsPayload, "probabilities"> {
  readonly probabilities: Float32Array;
}

/** Predicted paths with their numbers unpacked; shapes as in `TaskPlansPayload`. */
export interface TaskPlansData extends Omit<TaskPlansPayload, "paths"> {
  readonly paths: Float32Array;
}

/** Unpacks the numbers of beliefs. */
export function unpackBeliefs({ tasks, probabilities }: BeliefsPayload): BeliefsData {
  return { tasks, probabilities: unpackFloats(probabilities) };
}

/** Unpacks the numbers of predicted paths. */
export function unpackTaskPlans(plans: TaskPlansPayload): TaskPlansData {
  return { ...plans, paths: unpackFloats(plans.paths) };
}

/** How many steps a belief is known of, S. */
function stepsOf({ tasks, probabilities }: BeliefsData): number {
  return probabilities.length / tasks.length;
}

/**
 * The belief in a state, with which the step from there was planned; after the last step that with which it was planned.
 * @returns `[K]`; undefined where none is known
 */
export function beliefIn(beliefs: BeliefsData, state: number): Float32Array | undefined {
  const steps = stepsOf(beliefs);
  if (steps === 0) return undefined;
  const K = beliefs.tasks.length;
  const step = Math.min(state, steps - 1);
  return beliefs.probabilities.subarray(step * K, (step + 1) * K);
}

/**
 * The beliefs as areas that lie upon each other.
 * @returns the states `[S + 1]`, and of each task the upper edge of its area over them, K of `[S + 1]`, the last one at 1
 */
export function stackedAreas(beliefs: BeliefsData): [number[], ...number[][]] {
  const steps = stepsOf(beliefs);
  const states = Array.from({ length: steps + 1 }, (_, state) => state);
  const edges = beliefs.tasks.map(() => new Array<number>(steps + 1).fill(0));
  for (const state of states) {
    let sum = 0;
    for (const [k, p] of (beliefIn(beliefs, state) ?? []).entries()) {
      sum += p;
      edges[k]![state] = Math.min(sum, 1);
    }
  }
  return [states, ...edges];
}

/** Steps that follow one another and are of one task. */
export interface TrueStretch {
  readonly name: string;
  /** Its place among the tasks believed in; -1 where it is none of them. */
  readonly task: number;
  /** How much of the scrubber's way it takes; that of all is 1. */
  readonly share: number;
}

/** The tasks that the steps of an episode are of. @param length steps of the scrubber */
export function trueStretches(
  { task, switches = [] }: Pick<EpisodeHeader, "task" | "switches">,
  tasks: readonly string[],
  length: number,
): TrueStretch[] {
  const stretches = [{ task, steps: 0 }, ...switches].filter(({ steps }) => steps < length);
  return stretches.map(({ task: name, steps }, i) => ({
    name,
    task: tasks.indexOf(name),
    share: ((stretches[i + 1]?.steps ?? length) - steps) / length,
  }));
}

/** What is said of a belief to those who do not see it: `500-100 97 %, 500-250 2 %`; what is below 1 % is left out. */
export function beliefText(tasks: readonly string[], belief: Float32Array): string {
  return tasks
    .map((name, k) => ({ name, p: belief[k]! }))
    .filter(({ p }) => p >= 0.01)
    .sort((a, b) => b.p - a.p)
    .map(({ name, p }) => `${name} ${percent(p)}`)
    .join(", ");
}

/** `97 %`; never 100 or 0 where it is not. */
export function percent(p: number): string {
  if (p > 0 && p < 0.005) return "< 1 %";
  if (p < 1 && p >= 0.995) return "> 99 %";
  return `${Math.round(100 * p)} %`;
}

/** A piece of a predicted path, from one point to the next, and the task whose model predicts it. */
export interface TaskPiece {
  /** Place among the tasks believed in. */
  readonly task: number;
  /** Its two ends (m), `[2, 3]`. */
  readonly ends: readonly number[];
}

/** The pieces of the paths that the models of several tasks predict from a state on; none where one is planned for alone. */
export function taskPieces(
  { steps, lines, points, tasks, paths }: TaskPlansData,
  state: number,
): TaskPiece[] {
  if (state < 0 || state >= steps) return [];
  return Array.from({ length: lines }, (_, l) => state * lines + l).flatMap((line) => {
    const task = tasks[line]!;
    const own = paths.subarray(line * points * 3, (line + 1) * points * 3);
    return task < 0 ? [] : pathPieces(own).map((ends) => ({ task, ends }));
  });
}

/**
 * A path as pieces from one point to the next.
 * @param points `[n, 3]`
 * @returns pieces `[2, 3]` until the path ends
 */
export function pathPieces(points: Float32Array): number[][] {
  const pieces: number[][] = [];
  for (let at = 0; at + 6 <= points.length; at += 3) {
    const piece = points.subarray(at, at + 6);
    if (!piece.every(Number.isFinite)) break;
    pieces.push([...piece]);
  }
  return pieces;
}
