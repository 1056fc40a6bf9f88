import { join } from "node:path";
import { writeDocument } from "../../sim/core/documents.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { ORACLE_SCORES } from "../compare/comparison.js";
import { DIFFERENCE_SCORES, type Difference } from "../compare/differences.js";
import { shownScores } from "../compare/discovery-table.js";
import type { Estimate } from "../compare/estimate.js";
import { SCORES } from "../compare/scores.js";
import type { OutcomeCounts } from "../runs/counts.js";
import { countedLines, type SweepReport } from "./report.js";
import { reportText } from "./report-text.js";

/**
 * One line per method and figure, those of discovery where runs were not told their tasks, then per method and difference, then per
 * count: how many of n tasks or episodes.
 */
function reportCsv(report: SweepReport): string {
  const { methods, oracle, differences, discovery } = report;
  const untold = discovery?.lines ?? [];
  const value = (x: number) => (Number.isFinite(x) ? String(x) : "");
  const line = (method: string, figure: string, found: Estimate & Partial<Pick<Difference, "p">>) => {
    const { mean, low, high, n, lowest, highest, p = Number.NaN } = found;
    const bounds = [low, high].map(value);
    return [method, figure, value(mean), ...bounds, n, ...[lowest, highest, p].map(value)].join(",");
  };
  const counted = (method: string, counts: OutcomeCounts, suffix: string) =>
    Object.entries(counts).map(([name, { count, of }]) => `${method},${name}${suffix},${count},,,${of},,,`);
  const lines = [
    ...methods.flatMap((m) => SCORES.map((name) => line(m.method, name, m[name]))),
    ...untold.flatMap((found) => shownScores(untold).map((name) => line(found.label, name, found[name]))),
    ...(oracle === null
      ? []
      : ORACLE_SCORES.map((name) => ["oracle", name, value(oracle[name]), ...Array(6).fill("")].join(","))),
    ...(differences?.methods ?? []).flatMap((m) =>
      DIFFERENCE_SCORES.map((name) => line(m.method, `${name}Difference`, m[name])),
    ),
    ...methods.flatMap(({ method, reached }) => counted(method, reached, "Reached")),
    ...countedLines(report).flatMap(({ method, counts }) => counted(method, counts, "Episodes")),
  ];
  return `${["method,figure,mean,low,high,n,lowest,highest,p", ...lines].join("\n")}\n`;
}

/** Writes `sweep-results.json`, `.csv` and `.txt` into the sweep's folder. */
export function writeReport(folder: string, report: SweepReport): void {
  writeDocument(join(folder, "sweep-results.json"), report);
  writeFileSafely(join(folder, "sweep-results.csv"), reportCsv(report));
  writeFileSafely(join(folder, "sweep-results.txt"), `${reportText(report)}\n`);
}
