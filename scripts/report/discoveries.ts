import {
  DISCOVERY_SCORES,
  type DiscoveryLine,
  type DiscoveryScore,
  type DiscoveryTables,
} from "../compare/discovery-table.js";
import type { Estimate } from "../compare/estimate.js";
import type { Value } from "../compare/value.js";
import type { ReportData, ScoreChart } from "./data.js";
import { plainEstimate } from "./figures.js";

/** What runs found out by themselves as the page has it, with a chart of delays for each change. */
export function discoveryDataOf({ lines, changes }: DiscoveryTables): NonNullable<ReportData["discovery"]> {
  const visits = [...new Set(changes.map(({ visit }) => visit))].sort((a, b) => a - b);
  return {
    lines: lines.map(plainLine),
    changes: changes.map((change) => ({ ...change, delay: plainEstimate(change.delay) })),
    charts: visits.map((visit): ScoreChart => {
      const own = changes.filter((change) => change.visit === visit);
      const estimates = own.map(({ label, delay, values }) => ({ label, ...plainEstimate(delay), values }));
      const title = `Change before visit ${visit + 1}`;
      return { score: `delayOfChange${visit}`, title, unit: "control steps", digits: 0, estimates };
    }),
  };
}

function plainLine(line: DiscoveryLine): DiscoveryLine<Value> {
  const { label, runs, tasks, detected } = line;
  const scores = DISCOVERY_SCORES.map((score) => [score, plainEstimate(line[score])]);
  const estimates = Object.fromEntries(scores) as Record<DiscoveryScore, Estimate<Value>>;
  return { label, runs, tasks, detected, ...estimates };
}
