import { countText } from "./counts-text.js";
import {
  DISCOVERY_COLUMNS,
  type DiscoveryLine,
  type DiscoveryScore,
  shownScores,
} from "./discovery-table.js";
import { intervalText } from "./interval-text.js";
import { number } from "./text.js";

/** The table of what runs found out by themselves, of every line of a comparison, as text. */
export function discoveryTable(lines: readonly DiscoveryLine[]): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const scores = shownScores(lines);
  return {
    head: ["method", ...scores.map((score) => DISCOVERY_COLUMNS[score][0]), "n"],
    rows: lines.map((line) => [line.label, ...scores.map((score) => cell(line, score)), String(line.runs)]),
  };
}

function cell(line: DiscoveryLine, score: DiscoveryScore): string {
  const found = line[score];
  if (found.n === 0) return "–";
  const mean = number(found.mean, DISCOVERY_COLUMNS[score][1]);
  const beside = besideMean(line, score);
  const below = [
    intervalText(found, DISCOVERY_COLUMNS[score][1]),
    found.n === line.runs ? "" : `n ${found.n}`,
  ];
  return [`${mean}${beside}`, below.filter((part) => part !== "").join(" ")]
    .filter((row) => row !== "")
    .join("\n");
}

/** What a mean is of: the true number of tasks, and how many changes there were. */
export function besideMean<V>({ tasks, detected }: DiscoveryLine<V>, score: DiscoveryScore): string {
  if (score === "tasksFound") return ` of ${number(tasks, Number.isInteger(tasks) ? 0 : 1)}`;
  return score === "changesDetected" ? ` (${countText(detected)})` : "";
}
