import { countText } from "./counts-text.js";
import type { Estimate } from "./estimate.js";
import { intervalText } from "./interval-text.js";
import type { RevisitTables } from "./revisit-tables.js";
import { number } from "./text.js";

/** A table as text. */
interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** How each task fared over its visits, and how tasks were learned again. */
export function revisitTables({ tasks, visits }: RevisitTables): readonly [TextTable, TextTable] {
  return [
    {
      head: ["method", "task", "backward\ntransfer", "second -\nfirst"],
      rows: tasks.map(({ label, task, backwardTransfer, gain }) => [
        label,
        task,
        cell(backwardTransfer, 3),
        cell(gain, 3),
      ]),
    },
    {
      head: ["method", "visit", "share\nof area", "steps to\nrecover", "tasks that\nrecovered"],
      rows: visits.map(({ label, visit, areaShare, recoverySteps, recovered }) => [
        label,
        String(visit),
        cell(areaShare, 3),
        cell(recoverySteps, 0),
        countText(recovered),
      ]),
    },
  ];
}

function cell(found: Estimate, digits: number): string {
  if (found.n === 0) return "–";
  return [number(found.mean, digits), intervalText(found, digits)].filter((line) => line !== "").join("\n");
}
