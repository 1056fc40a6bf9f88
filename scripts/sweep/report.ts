import { isFinished } from "../../agent/run/finished.js";
import { readSuiteRecord } from "../../agent/run/suite-record.js";
import {
  compareRuns,
  definitions,
  type MethodComparison,
  type OracleLine,
  oracleLine,
} from "../compare/comparison.js";
import { chooseFrom, type Differences, differencesFrom } from "../compare/differences.js";
import { compareDiscovery, type DiscoveryComparison } from "../compare/discovery-comparison.js";
import { findOracle, type RunsSuite } from "../compare/oracle-reference.js";
import { compareRevisits, type RevisitComparison } from "../compare/revisits.js";
import { type RunResult, type RunSummary, readRun, withoutEpisodes } from "../compare/run-result.js";
import {
  type FailedReference,
  failedReferences,
  type RunScores,
  referenceOf,
  scoreRun,
} from "../compare/scores.js";
import { settingsThatDiffer } from "../compare/setting-differences.js";
import type { Manifest, ManifestRun } from "./manifest-file.js";
import { runFolder } from "./run-folders.js";

/** A run whose process failed. */
export interface FailedRun {
  readonly id: string;
  /** `exit code 1`, `killed by SIGKILL`. */
  readonly end: string;
  /** Its last error line. */
  readonly error: string | undefined;
  /** Command that continues this run alone. */
  readonly command: string;
  /** File with what its processes printed, where they ran on another machine. */
  readonly log?: string;
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
  /** Figures of schedules that visit tasks again; absent where no finished run has one. */
  readonly revisits?: RevisitComparison;
  /** How well runs that are not told when their task changes found out; absent where no finished run is one. */
  readonly discovery?: DiscoveryComparison;
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
  const done = new Set(finished.map(({ id }) => id));
  const reference = referenceOf(finished);
  const labels = Object.keys(manifest.settings);
  const found = findOracle(sweepSuite(folder, manifest, finished), given, [folder]);
  const oracle = "oracle" in found ? found.oracle : undefined;
  const revisits = compareRevisits(finished, reference);
  const discovery = compareDiscovery(finished);
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
    ...(revisits && { revisits }),
    ...(discovery && { discovery }),
    differences: differencesFrom(finished, labels, from, oracle),
    settings: sweepSettings(manifest),
    runs: finished.map(({ id, ...run }) => ({
      id,
      ...withoutEpisodes(run),
      scores: scoreRun(run, reference, oracle),
    })),
    unfinished: manifest.runs.map(({ id }) => id).filter((id) => !done.has(id)),
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

/** What is counted of episodes, of every method and of the oracle. */
export function countedLines({
  methods,
  oracle,
}: SweepReport): Pick<MethodComparison, "method" | "counts">[] {
  return [...methods, ...(oracle === null ? [] : [{ method: "oracle", counts: oracle.counts }])];
}
