import { InputError } from "../../sim/core/errors.js";

/** Name of a checkpoint's arrays that hold transitions of task j: `stored.j.inputs`, `stored.j.targets`. */
export const STORED = "stored";

/** An array of a checkpoint. */
export interface SavedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** An array with its name in a checkpoint. */
export interface NamedArray extends SavedArray {
  readonly name: string;
}

/** Arrays read from a checkpoint by name; any of them may be missing. */
export type SavedArrays = Readonly<Record<string, { readonly data: Float32Array } | undefined>>;

/** Arrays by name, for a checkpoint. @param prefix put before each name */
export function arraysByName(entries: readonly NamedArray[], prefix = ""): Record<string, SavedArray> {
  return Object.fromEntries(entries.map(({ name, shape, data }) => [prefix + name, { shape, data }]));
}

/** A row of numbers, for a checkpoint. */
export function savedRow(data: Float32Array): SavedArray {
  return { shape: [data.length], data };
}

/** What is held of each task, one row a task: `kind.0`, `kind.1`, … */
export function savedRows(kind: string, rows: readonly Float32Array[]): Record<string, SavedArray> {
  return Object.fromEntries(rows.map((row, j) => [`${kind}.${j}`, savedRow(row)]));
}

/** The same of some tasks alone, by task. */
export function savedRowsOf(
  kind: string,
  rows: ReadonlyMap<number, Float32Array>,
): Record<string, SavedArray> {
  return Object.fromEntries([...rows].map(([j, row]) => [`${kind}.${j}`, savedRow(row)]));
}

/** How many tasks have a row of a kind, of those that are named one after another from 0. */
export function countRows(saved: SavedArrays, kind: string): number {
  let count = 0;
  while (saved[`${kind}.${count}`] !== undefined) count++;
  return count;
}

/** An array of a saved state. @throws InputError when it is missing or not of the size that the settings call for */
export function savedArray(saved: SavedArrays, name: string, size: number): Float32Array {
  const data = saved[name]?.data;
  if (data?.length === size) return data;
  throw new InputError({
    what: "The checkpoint holds a network of another size than the run's settings describe",
    got: `${data?.length ?? "no"} numbers in ${name}`,
    expected: String(size),
    todo: "Restore the run's own files from a copy, or start a new run",
  });
}

/**
 * Copies of the rows that `savedRows` named, of `count` tasks.
 * @param size numbers in a row
 * @throws InputError as `savedArray`
 */
export function readRows(saved: SavedArrays, kind: string, count: number, size: number): Float32Array[] {
  return Array.from({ length: count }, (_, j) => savedArray(saved, `${kind}.${j}`, size).slice());
}

/** A number of a saved state. @throws InputError when it is missing */
export function savedNumber(saved: Readonly<Record<string, number>>, name: string): number {
  const number = saved[name];
  if (number !== undefined) return number;
  throw new InputError({
    what: `The checkpoint does not hold the learner's number ${name}`,
    got: Object.keys(saved).join(", ") || "no numbers",
    expected: "what the run's own method saves",
    todo: "Restore the run's own files from a copy, or start a new run",
  });
}
