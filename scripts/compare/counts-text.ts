import type { OutcomeCount, OutcomeCounts } from "../runs/counts.js";
import { measureName } from "./measure-name.js";

interface Counted {
  readonly counts: OutcomeCounts;
}

/** Names of all outcomes that some rows count, `success` first. */
export function countedNames(rows: readonly Counted[]): string[] {
  return [...new Set(["success", ...rows.flatMap(({ counts }) => Object.keys(counts))])];
}

/** Names of the outcomes that some rows count beside success. */
export function outcomeNames(rows: readonly Counted[]): string[] {
  return countedNames(rows).filter((name) => name !== "success");
}

/** `heldOpen` → `held open`. */
export function outcomeTitle(name: string): string {
  const { name: words, unit } = measureName(name);
  return unit === undefined ? words : `${words} ${unit}`;
}

/** The count of an outcome; undefined where none is. An outcome may be named like what every object has, such as `constructor`. */
export function countOf(counts: OutcomeCounts, name: string): OutcomeCount | undefined {
  return Object.hasOwn(counts, name) ? counts[name] : undefined;
}

/** Share of the episodes that had an outcome; NaN where none says so. */
export function outcomeShare({ counts }: Counted, name: string): number {
  const found = countOf(counts, name);
  return found === undefined ? Number.NaN : found.count / found.of;
}

/** `139 of 150`; `–` where nothing was counted. */
export function countText(found: OutcomeCount | undefined): string {
  return found === undefined ? "–" : `${found.count} of ${found.of}`;
}

/** `success 139 of 150, held open 92 of 150`. */
export function countsText(counts: OutcomeCounts): string {
  return Object.entries(counts)
    .map(([name, found]) => `${outcomeTitle(name)} ${countText(found)}`)
    .join(", ");
}
