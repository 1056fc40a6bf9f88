import { visitOf } from "../../agent/run/records.js";
import { readSuiteRecord } from "../../agent/run/suite-record.js";
import { Schedule } from "../../agent/settings/schedule.js";
import { definitions, failedReferenceText } from "../compare/comparison.js";
import { chooseFrom } from "../compare/differences.js";
import { compareDiscovery } from "../compare/discovery-comparison.js";
import { findOracle } from "../compare/oracle-reference.js";
import { compareRevisits } from "../compare/revisits.js";
import { failedReferences, referenceOf, scoreRun } from "../compare/scores.js";
import { settingsThatDiffer } from "../compare/setting-differences.js";
import { packageVersion } from "../runs/package-version.js";
import { curveCharts } from "./curves.js";
import { QUANTITIES, type Quantity, type ReportData, type RunRow } from "./data.js";
import { discoveryDataOf } from "./discoveries.js";
import { episodeRows } from "./episodes.js";
import {
  comparisonLines,
  countRows,
  differencesTable,
  finishedResults,
  matrices,
  oracleFigures,
  plainScores,
  reachedRows,
  revisitTablesOf,
  scoreCharts,
  timeShares,
} from "./figures.js";
import { modelErrorsOf } from "./model-errors.js";
import type { ReportRun, ReportSource } from "./runs.js";

/**
 * Everything that the page shows but links that play episodes.
 * @param path of the page, which links are relative to
 * @param from label that differences are shown from; default the first
 * @param given path of the suite's oracle; default the one in a folder of the runs, or that of the package
 * @throws UsageError when no line has it; InputError when the oracle given is not of the suite
 */
export function reportData(
  { suite, tasks, runs, notBegun, folders }: ReportSource,
  path: string,
  from?: string,
  given?: string,
): ReportData {
  const labels = [...new Set(runs.map((run) => run.label))];
  const results = finishedResults(runs);
  const reference = referenceOf(results);
  const record = runs.map(({ folder }) => readSuiteRecord(folder)).find((one) => one !== undefined);
  const found = findOracle({ suite, tasks: tasks.filter((task) => task !== "?"), record }, given, folders);
  const oracle = "oracle" in found ? found.oracle : undefined;
  const lines = comparisonLines(results, labels, oracle);
  const revisits = compareRevisits(results, reference);
  const revisitTables = revisitTablesOf(revisits);
  const discovered = compareDiscovery(results);
  const charts = QUANTITIES.map((quantity) => [quantity, curveCharts(runs, quantity)]);
  return {
    schema: 1,
    generator: `hypercrl ${packageVersion()} report`,
    suite,
    tasks,
    labels,
    notBegun,
    runs: runs.map((run): RunRow => {
      const { folder, label, settings, versions, result } = run;
      return {
        folder,
        label,
        seed: settings.seed,
        finished: result !== undefined,
        state: stateOf(run),
        versions,
        scores: result === undefined ? null : plainScores(scoreRun(result, reference, oracle)),
        episodes: episodeRows(run, path),
      };
    }),
    definitions: [
      ...definitions(reference, found),
      ...(revisits?.definitions ?? []),
      ...(discovered?.definitions ?? []),
    ],
    ...(revisitTables && { revisits: revisitTables }),
    ...(discovered && { discovery: discoveryDataOf(discovered) }),
    failedReferences: failedReferences(results).map(failedReferenceText),
    reference: reference?.label ?? null,
    scores: scoreCharts(lines, results, oracle),
    counts: countRows(lines, oracle),
    reached: reachedRows(lines),
    oracle: oracle === undefined || results.length === 0 ? null : oracleFigures(results, oracle),
    differences: differencesTable(runs, labels, chooseFrom(labels, from), oracle),
    matrices: matrices(runs, labels),
    charts: Object.fromEntries(charts) as Record<Quantity, ReturnType<typeof curveCharts>>,
    modelErrors: modelErrorsOf(runs, labels),
    time: timeShares(runs, labels),
    episodesPage: null,
    settings: settingRows(runs, labels),
  };
}

/** How far a run got, from its log. */
function stateOf({ result, metrics: { episode, evaluation }, settings }: ReportRun): string {
  if (result !== undefined) return "finished";
  const [learned, evaluated] = [episode.at(-1), evaluation.at(-1)];
  if (learned === undefined) return "unfinished: before the first task";
  const { isOnce, visits } = new Schedule(settings);
  const visit = visitOf(learned);
  const place = `${isOnce ? "task" : "visit"} ${visit + 1} of ${visits.length}`;
  if (evaluated !== undefined && evaluated.afterTask >= visit) {
    return `unfinished: evaluation after ${place}`;
  }
  return `unfinished: step ${learned.steps} of ${place}`;
}

/** Settings that differ, with a dash where a line has none of that name. */
function settingRows(runs: readonly ReportRun[], labels: readonly string[]): ReportData["settings"] {
  const lines = labels.map((label) => runs.find((run) => run.label === label)!.settings);
  return settingsThatDiffer(lines).map(({ name, values }) => ({
    name,
    values: values.map((value) => value ?? "–"),
  }));
}
