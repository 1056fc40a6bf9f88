import { join } from "node:path";
import { readSuiteRecord } from "../../agent/run/suite-record.js";
import { writeDocument } from "../../sim/core/documents.js";
import { writeFileSafely } from "../../sim/core/files.js";
import {
  compareRuns,
  definitions,
  failedReferenceText,
  type MethodComparison,
  ORACLE_SCORES,
  type OracleLine,
  oracleLine,
} from "../compare/comparison.js";
import { countedNames, countOf, countText } from "../compare/counts-text.js";
import {
  chooseFrom,
  DIFFERENCE_SCORES,
  type Difference,
  type Differences,
  differenceDefinition,
  differencesFrom,
} from "../compare/differences.js";
import { intervalText, pText } from "../compare/interval-text.js";
import { findOracle, type RunsSuite } from "../compare/oracle-reference.js";
import {
  isFinished,
  type RunResult,
  type RunSummary,
  readRun,
  withoutEpisodes,
} from "../compare/run-result.js";
import {
  COLUMNS,
  type FailedReference,
  failedReferences,
  REACHED,
  type RunScores,
  reachedTitle,
  referenceOf,
  SCORE_GROUPS,
  SCORES,
  type Score,
  scoreRun,
} from "../compare/scores.js";
import { settingsThatDiffer } from "../compare/setting-differences.js";
import { measureTitle, table } from "../compare/tables.js";
import { number, PLAIN_WIDTH, wrap } from "../compare/text.js";
import type { Estimate } from "../compare/value.js";
import type { OutcomeCounts } from "../runs/counts.js";
import { type Manifest, type ManifestRun, runFolder } from "./manifest.js";

/** A run whose process failed. */
export interface FailedRun {
  readonly id: string;
  /** `exit code 1`, `killed by SIGKILL`. */
  readonly end: string;
  /** Its last error line. */
  readonly error: string | undefined;
  /** Command that continues this run alone. */
  readonly command: string;
}

/** What a sweep found so far. */
export interface SweepReport {
  readonly schema: 1;
  readonly suite: string;
  readonly profile: string;
  readonly versions: Manifest["versions"];
  readonly definitions: readonly string[];
  /** Runs that lower what counts as 1, and so raise all figures that are normalised by `single`. */
  readonly failedReferences: readonly FailedReference[];
  readonly methods: readonly MethodComparison[];
  /** Planning through the true simulator, on the same scales; null while no run is finished, or without a reference. */
  readonly oracle: OracleLine | null;
  /** Null while no two methods have finished a seed in common. */
  readonly differences: Differences | null;
  /** Settings beside the method that are not the same in all lines, with their values by label. */
  readonly settings: readonly { readonly name: string; readonly values: Readonly<Record<string, string>> }[];
  /** Finished runs with what the figures are computed from. */
  readonly runs: readonly (RunSummary & { readonly id: string; readonly scores: RunScores })[];
  readonly unfinished: readonly string[];
  readonly failed: readonly FailedRun[];
}

/** The line that others are compared with. @throws UsageError when the sweep has none of that name */
export function differencesLabel(manifest: Manifest, from: string | undefined): string {
  return chooseFrom(Object.keys(manifest.settings), from);
}

/**
 * Reads the run folders of a sweep.
 * @param from label of the method that differences are shown from
 * @param given path of the suite's oracle; default the one in the sweep's folder, or that of the package
 * @throws InputError when the folder of a finished run is damaged, or the oracle given is not of the suite
 */
export function reportSweep(
  folder: string,
  manifest: Manifest,
  failed: readonly FailedRun[],
  from: string,
  given?: string,
): SweepReport {
  const finished = manifest.runs
    .filter((run) => isFinished(runFolder(folder, run)))
    .map((run) => ({ id: run.id, ...readRun(runFolder(folder, run), run.label) }));
  const reference = referenceOf(finished);
  const labels = Object.keys(manifest.settings);
  const found = findOracle(sweepSuite(folder, manifest, finished), given, [folder]);
  const oracle = "oracle" in found ? found.oracle : undefined;
  return {
    schema: 1,
    suite: manifest.suite,
    profile: manifest.profile,
    versions: manifest.versions,
    definitions: definitions(reference, found),
    failedReferences: failedReferences(finished),
    methods: compareRuns(finished, oracle).sort(
      (a, b) => labels.indexOf(a.method) - labels.indexOf(b.method),
    ),
    oracle: oracle === undefined || finished.length === 0 ? null : oracleLine(finished, oracle),
    differences: differencesFrom(finished, labels, from, oracle),
    settings: sweepSettings(manifest),
    runs: finished.map(({ id, ...run }) => ({
      id,
      ...withoutEpisodes(run),
      scores: scoreRun(run, reference, oracle),
    })),
    unfinished: manifest.runs.map(({ id }) => id).filter((id) => finished.every((run) => run.id !== id)),
    failed,
  };
}

/** What the runs say of their suite: those of earlier versions noted nothing but the names of its tasks. */
function sweepSuite(
  folder: string,
  manifest: Manifest,
  finished: readonly Pick<ManifestRun & RunResult, "id" | "tasks">[],
): RunsSuite {
  const [first] = finished;
  const records = finished.map((run) => readSuiteRecord(runFolder(folder, run)));
  return {
    suite: manifest.suite,
    tasks: first?.tasks ?? [],
    record: records.find((record) => record !== undefined),
  };
}

/**
 * Settings in which the lines of a sweep differ beside the method. Those that were added after some lines were planned
 * are left out: those lines do not have them.
 */
export function sweepSettings({ settings }: Manifest): SweepReport["settings"] {
  const labels = Object.keys(settings);
  return settingsThatDiffer(Object.values(settings)).flatMap(({ name, values }) => {
    if (name === "method" || values.includes(undefined)) return [];
    return [{ name, values: Object.fromEntries(labels.map((label, i) => [label, values[i]!])) }];
  });
}

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
  const { differences } = report;
  if (differences !== null) lines.push(differencesText(differences, width));
  const notes =
    rows.length > 0 ? [...report.failedReferences.map(failedReferenceText), ...report.definitions] : [];
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

/** What is counted of episodes, of every method and of the oracle. */
function countedLines({ methods, oracle }: SweepReport): Pick<MethodComparison, "method" | "counts">[] {
  return [...methods, ...(oracle === null ? [] : [{ method: "oracle", counts: oracle.counts }])];
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
function failedText(failed: readonly FailedRun[], width: number): string {
  const one = ({ id, end, error, command }: FailedRun) => [
    wrap(`  ${id}: ${end}${error === undefined ? "" : `, ${error}`}`, width),
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

/** One line per method and figure, then per method and difference, then per count: how many of n tasks or episodes. */
function reportCsv(report: SweepReport): string {
  const { methods, oracle, differences } = report;
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
