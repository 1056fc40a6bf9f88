import { largest } from "../../sim/core/extremes.js";
import type { LearnerState } from "../learner.js";
import { type SavedArray, STORED } from "../model/saved-arrays.js";
import type { KeptRecord } from "./records.js";

/** What is held because tasks were learned; the fields are described where they are logged. */
export type Kept = Pick<KeptRecord, "shared" | "tasks">;

/**
 * Memory and data that a learner keeps, task by task. By convention an array `kind.j…` belongs to task j alone and
 * `stored.j…` holds its transitions; any other array is shared. Since it counts what is saved to continue bit by
 * bit, nothing can be kept that it does not see.
 */
export function keptBy({ arrays }: LearnerState): Kept {
  const entries = Object.entries(arrays);
  const owner = (name: string) => /^[a-z]+\.(\d+)(?:\.|$)/i.exec(name)?.[1];
  const tasks = Math.max(0, largest(entries.map(([name]) => Number(owner(name) ?? -1) + 1)));
  return {
    shared: count(entries.filter(([name]) => owner(name) === undefined)),
    tasks: Array.from({ length: tasks }, (_, j) => count(entries.filter(([name]) => owner(name) === `${j}`))),
  };
}

function count(arrays: readonly [string, SavedArray][]): Kept["shared"] {
  const kindOf = (name: string) => name.replace(/\..*/s, "");
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
