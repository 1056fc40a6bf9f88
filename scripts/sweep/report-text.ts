import { failedReferenceText, ORACLE_SCORES, type OracleLine } from "../compare/comparison.js";
import { countedNames, countOf, countText } from "../compare/counts-text.js";
import {
  DIFFERENCE_SCORES,
  type Difference,
  type Differences,
  differenceDefinition,
} from "../compare/differences.js";
import { discoveryTable } from "../compare/discovery-comparison-text.js";
import type { Estimate } from "../compare/estimate.js";
import { intervalText, pText } from "../compare/interval-text.js";
import { revisitTables } from "../compare/revisits-text.js";
import { COLUMNS, REACHED, reachedTitle, SCORE_GROUPS, SCORES, type Score } from "../compare/scores.js";
import { measureTitle, table } from "../compare/tables.js";
import { number, PLAIN_WIDTH, wrap } from "../compare/text.js";
import { countedLines, type FailedRun, type SweepReport } from "./report.js";

/**
 * The table with its definitions, and the runs that failed.
 * @param width of the terminal, in columns; only commands and single words may be wider
 */
export function reportText(report: SweepReport, width = PLAIN_WIDTH): string {
  const head = [["method"], ...headings(SCORES), ["n"]];
  const rows = report.methods.map((method) => [
    method.method,
    ...SCORES.map((name) => cell(method[name], method.runs, COLUMNS[name][1])),
    String(method.runs),
  ]);
  if (report.oracle !== null) rows.push(oracleCells(report.oracle));
  const lines =
    rows.length === 0
      ? ["No run is finished yet."]
      : [table(head, rows, { width }), countsTable(report, width), ...reachedTable(report, width)];
  const { differences, revisits, discovery } = report;
  if (revisits !== undefined) {
    const tables = revisitTables(revisits).map(({ head, rows: own }) =>
      table([head], own, { width, left: 2 }),
    );
    lines.push(...tables);
  }
  if (discovery !== undefined) {
    const { head, rows: own } = discoveryTable(discovery.lines);
    lines.push(table([head], own, { width }));
  }
  if (differences !== null) lines.push(differencesText(differences, width));
  const notes =
    rows.length > 0 ? [...report.failedReferences.map(failedReferenceText), ...report.definitions] : [];
  notes.push(...(revisits?.definitions ?? []), ...(discovery?.definitions ?? []));
  if (differences !== null) notes.push(differenceDefinition(differences));
  notes.push(...report.settings.map(settingText));
  lines.push(...notes.map((note) => wrap(note, width)));
  const { failed, unfinished } = report;
  const all = report.runs.length + unfinished.length;
  if (unfinished.length > 0) lines.push("", `${report.runs.length} of ${all} runs are finished.`);
  if (failed.length > 0) lines.push("", failedText(failed, width));
  return lines.join("\n");
}

/** The oracle's line: one figure each, over episodes and not over seeds. */
function oracleCells(line: OracleLine): string[] {
  const figures: Partial<Record<Score, number>> = Object.fromEntries(
    ORACLE_SCORES.map((name) => [name, line[name]]),
  );
  return ["oracle", ...SCORES.map((name) => number(figures[name], COLUMNS[name][1])), "–"];
}

/** How many evaluation episodes after the last task had each outcome. */
function countsTable(report: SweepReport, width: number): string {
  const lines = countedLines(report);
  const names = countedNames(lines);
  const rows = lines.map(({ method, counts }) => [
    method,
    ...names.map((name) => countText(countOf(counts, name))),
  ]);
  return table([["episodes\nwith"], names.map(measureTitle)], rows, { width });
}

/** In how many tasks each return that steps are counted to was reached; none without runs of `single`. */
function reachedTable({ methods }: SweepReport, width: number): string[] {
  const names = REACHED.filter((name) => methods.some(({ reached }) => (reached[name]?.of ?? 0) > 0));
  if (names.length === 0) return [];
  const rows = methods.map(({ method, reached }) => [
    method,
    ...names.map((name) => countText(reached[name])),
  ]);
  return [table([["tasks that\nreached"], names.map(reachedTitle)], rows, { width })];
}

/** `setting planner.name: icem (hypercrl, single), cem (hypercrl-cem)`. */
export function settingText({ name, values }: SweepReport["settings"][number]): string {
  const groups = [...new Set(Object.values(values))].map((value) => {
    const labels = Object.keys(values).filter((label) => values[label] === value);
    return `${value} (${labels.join(", ")})`;
  });
  return `setting ${name}: ${groups.join(", ")}`;
}

/** Headings of some figures, by group. */
function headings(names: readonly Score[]): string[][] {
  return SCORE_GROUPS.map((group) =>
    group.filter((name) => names.includes(name)).map((name) => COLUMNS[name][0]),
  );
}

/** The table of differences, without the figures that no pair of runs has. */
function differencesText({ from, methods }: Differences, width: number): string {
  const names = DIFFERENCE_SCORES.filter((name) => methods.some((method) => method[name].n > 0));
  const head = [[`difference\nfrom ${from}`], ...headings(names), ["n"]];
  const rows = methods.map((method) => {
    const pairs = Math.max(...names.map((name) => method[name].n));
    const cells = names.map((name) => differenceCell(method[name], pairs, COLUMNS[name][1]));
    return [method.method, ...cells, String(pairs)];
  });
  return table(head, rows, { width });
}

function differenceCell(difference: Difference, pairs: number, digits: number): string {
  const { better, n } = difference;
  if (n === 0) return "–";
  return [cell(difference, pairs, digits), `${better} of ${n} better`, pText(difference.p)]
    .filter((line) => line !== "")
    .join("\n");
}

/** What failed and how each run is continued alone. */
export function failedText(failed: readonly FailedRun[], width: number): string {
  const one = ({ id, end, error, command, log }: FailedRun) => [
    wrap(`  ${id}: ${end}${error === undefined ? "" : `, ${error}`}`, width),
    ...(log === undefined ? [] : [`    log: ${log}`]),
    `    rerun it alone: ${command}`,
  ];
  return ["Failed:", ...failed.flatMap(one)].join("\n");
}

/** The mean over its interval or range; says n when not all runs have the figure. */
function cell(found: Estimate, runs: number, digits: number): string {
  const { mean, n } = found;
  if (n === 0) return "–";
  const below = [intervalText(found, digits), n === runs ? "" : `n ${n}`].filter((part) => part !== "");
  return [number(mean, digits), below.join(" ")].filter((line) => line !== "").join("\n");
}
