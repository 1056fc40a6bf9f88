import type { LearnerState } from "../learner.js";
import type { SavedArray } from "../model/saved-arrays.js";
import { STORED } from "../training/stored-data.js";

/** What is held because a task was learned, read off the arrays that a checkpoint saves. */
export interface KeptNumbers {
  /** Kinds of arrays, for example `embeddings`, `stored`. */
  readonly kinds: readonly string[];
  /** Numbers that are no data: weights, moments, importances, embeddings, targets. */
  readonly parameters: number;
  /** Transitions of the task itself. */
  readonly transitions: number;
  readonly bytes: number;
}

export interface Kept {
  /** What all tasks share, the optimiser's moments included; it does not grow with their number. */
  readonly shared: KeptNumbers;
  /** What each task begun so far adds. */
  readonly tasks: readonly KeptNumbers[];
}

/**
 * Memory and data that a learner keeps, task by task. By convention an array `kind.j…` belongs to task j alone and
 * `stored.j…` holds its transitions; any other array is shared. Since it counts what is saved to continue bit by
 * bit, nothing can be kept that it does not see.
 */
export function keptBy({ arrays }: LearnerState): Kept {
  const entries = Object.entries(arrays);
  const owner = (name: string) => /^[a-z]+\.(\d+)(?:\.|$)/i.exec(name)?.[1];
  const tasks = Math.max(0, ...entries.map(([name]) => Number(owner(name) ?? -1) + 1));
  return {
    shared: count(entries.filter(([name]) => owner(name) === undefined)),
    tasks: Array.from({ length: tasks }, (_, j) => count(entries.filter(([name]) => owner(name) === `${j}`))),
  };
}

function count(arrays: readonly [string, SavedArray][]): KeptNumbers {
  const kindOf = (name: string) => name.split(".")[0];
  const data = arrays.filter(([name]) => kindOf(name) === STORED);
  const numbers = (part: typeof arrays) => part.reduce((n, [, a]) => n + a.data.length, 0);
  const inputs = data.find(([name]) => name.endsWith(".inputs"));
  return {
    kinds: [...new Set(arrays.map(([name]) => kindOf(name)))],
    parameters: numbers(arrays) - numbers(data),
    transitions: inputs?.[1].shape[0] ?? 0,
    bytes: 4 * numbers(arrays),
  };
}
