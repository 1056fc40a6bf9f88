import type { EpisodeRow } from "../payload.js";

/** What the picker is narrowed down to; empty strings let everything through. */
export interface Filter {
  readonly source: string;
  readonly task: string;
  readonly phase: string;
  /** Index of the last task begun, as text. */
  readonly afterTask: string;
  /** `true` or `false`. */
  readonly success: string;
  /** Words that must all occur. */
  readonly text: string;
}

export const NO_FILTER: Filter = { source: "", task: "", phase: "", afterTask: "", success: "", text: "" };

const SORT_KEYS = ["source", "task", "phase", "afterTask", "return", "success", "steps", "file"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

function passes(row: EpisodeRow, filter: Filter): boolean {
  for (const key of ["source", "task", "phase", "afterTask", "success"] as const) {
    if (filter[key] !== "" && String(row[key]) !== filter[key]) return false;
  }
  const text = [row.file, row.task, row.phase, row.suite].join(" ").toLowerCase();
  const words = filter.text.toLowerCase().split(/\s+/);
  return words.every((word) => text.includes(word));
}

/** What a column sorts by: tasks in the order they are learned in. */
function sortValue(row: EpisodeRow, key: SortKey): number | string | undefined {
  if (key === "task") return row.taskIndex;
  const value = row[key];
  return typeof value === "boolean" ? Number(value) : value;
}

/** Rows to show, in order; those without a value come last either way. */
export function chooseRows(
  rows: readonly EpisodeRow[],
  filter: Filter,
  { key, descending }: Sort,
): EpisodeRow[] {
  const sign = descending ? -1 : 1;
  return rows
    .filter((row) => passes(row, filter))
    .sort((a, b) => {
      const [x, y] = [sortValue(a, key), sortValue(b, key)];
      if (x === y) return a.source - b.source || (a.file < b.file ? -1 : 1);
      if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
      return x < y ? -sign : sign;
    });
}

/** Distinct values of a field, in order of first appearance by task. */
export function valuesOf(rows: readonly EpisodeRow[], key: "task" | "phase" | "afterTask"): string[] {
  const sorted = rows.toSorted((a, b) => sortNumber(a, key) - sortNumber(b, key));
  return [...new Set(sorted.flatMap((row) => (row[key] === undefined ? [] : [String(row[key])])))];
}

function sortNumber(row: EpisodeRow, key: "task" | "phase" | "afterTask"): number {
  return (key === "afterTask" ? row.afterTask : row.taskIndex) ?? 0;
}
