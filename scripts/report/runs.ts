import { statSync } from "node:fs";
import { resolve } from "node:path";
import { isFinished } from "../../agent/run/finished.js";
import {
  type ByType,
  metricsByType,
  readMetrics,
  readTiming,
  timingByType,
} from "../../agent/run/read-log.js";
import { readSettings, readVersions } from "../../agent/run/read-run.js";
import type { MetricsRecord } from "../../agent/run/records.js";
import { isRunFolder } from "../../agent/run/run-files.js";
import type { TimingRecord } from "../../agent/run/timing-records.js";
import { Schedule } from "../../agent/settings/schedule.js";
import type { Settings } from "../../agent/settings/schema.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { InputError, UsageError } from "../../sim/core/errors.js";
import { isThere } from "../../sim/core/system-errors.js";
import { type MeasuredRun, readRun } from "../compare/run-result.js";
import { manifestPath, readManifest } from "../sweep/manifest-file.js";
import { runFolder } from "../sweep/run-folders.js";
import { labelsOf } from "./labels.js";

/** A run as its folder tells, finished or not. */
export interface ReportRun {
  readonly folder: string;
  /** Runs that differ in nothing but the seed share it. */
  readonly label: string;
  readonly settings: Settings;
  readonly versions: Readonly<Record<string, string>>;
  readonly metrics: ByType<MetricsRecord>;
  readonly timings: ByType<TimingRecord>;
  /** Undefined while it is not finished. */
  readonly result: MeasuredRun | undefined;
}

/** What a report is made of. */
export interface ReportSource {
  readonly suite: string;
  /** Names of the tasks in their order; `?` for one that no run has met. */
  readonly tasks: readonly string[];
  /** At least one. */
  readonly runs: readonly ReportRun[];
  /** Runs that a sweep lists and that have no folder yet, by name. */
  readonly notBegun: readonly string[];
  /** Folders given: of runs or of sweeps. */
  readonly folders: readonly string[];
}

interface Found {
  readonly folder: string;
  /** Name of its line in a sweep; default the method. */
  readonly name: string | undefined;
}

/**
 * Reads run folders, and sweep folders for all their runs.
 * @throws InputError for what is no run or is damaged, UsageError for runs that do not compare
 */
export function readSource(paths: readonly string[]): ReportSource {
  const found: Found[] = [];
  const notBegun: string[] = [];
  for (const path of paths) {
    checkFolder(path);
    if (!isThere(manifestPath(path))) {
      found.push({ folder: path, name: undefined });
      continue;
    }
    for (const run of readManifest(path).runs) {
      const folder = runFolder(path, run);
      if (isRunFolder(folder)) found.push({ folder, name: run.label });
      else notBegun.push(run.id);
    }
  }
  if (found.length === 0) {
    throw new InputError({
      what: `No run of ${paths.join(", ")} has begun`,
      expected: "at least one run folder",
      todo: "Start the sweep first",
    });
  }
  const begun = found.map((one) => ({ ...one, settings: readSettings(one.folder) }));
  checkComparable(begun);
  const labels = labelsOf(begun);
  const runs = begun.map(({ folder, settings }, i) =>
    readReportRun(folder, settings, elementAt(labels, i, "labels")),
  );
  return {
    suite: firstOf(runs, "runs").settings.suite,
    tasks: taskNames(runs),
    runs,
    notBegun,
    folders: paths,
  };
}

function checkFolder(path: string): void {
  const expected = "a run folder (with settings.json) or a sweep folder (with sweep.json)";
  if (!isThere(path)) throw new InputError({ what: `${path} is missing`, expected, todo: "Check the path" });
  if (!statSync(path).isDirectory()) throw new InputError({ what: `${path} is a file`, expected });
  if (isThere(manifestPath(path)) || isRunFolder(path)) return;
  throw new InputError({
    what: `Folder ${path} is neither a run nor a sweep`,
    expected,
    todo: "Check the path",
  });
}

/** Figures of other tasks are other figures, and a run counted twice would narrow the intervals. */
function checkComparable(runs: readonly (Found & { readonly settings: Settings })[]): void {
  const first = firstOf(runs, "runs");
  const seen = new Map<string, string>();
  for (const { folder, name, settings } of runs) {
    for (const key of ["suite", "tasks"] as const) {
      if (settings[key] === first.settings[key]) continue;
      throw new UsageError({
        what: `Runs of ${key === "suite" ? "different suites" : "different numbers of tasks"} do not compare`,
        got: `${JSON.stringify(settings[key])} in ${folder}`,
        expected: `${JSON.stringify(first.settings[key])} as in ${first.folder}`,
        todo: "Make a report for each",
      });
    }
    const key = JSON.stringify([name ?? settings.method, settings]);
    const before = seen.get(key);
    if (before !== undefined) {
      throw new UsageError({
        what: "The same run is given twice",
        got:
          resolve(before) === resolve(folder)
            ? `${before} twice`
            : `${before} and ${folder}, with the same settings and seed`,
        expected: "every run once: n counts seeds",
        todo: "Leave one of them out",
      });
    }
    seen.set(key, folder);
  }
}

function readReportRun(folder: string, settings: Settings, label: string): ReportRun {
  const schedule = new Schedule(settings);
  const metrics = metricsByType(readMetrics(folder, schedule));
  const timings = timingByType(readTiming(folder, schedule));
  const result = isFinished(folder) ? readRun(folder, label) : undefined;
  return { folder, label, settings, versions: readVersions(folder), metrics, timings, result };
}

/** @throws UsageError when two runs name a task differently: a suite of one's own that has changed */
function taskNames(runs: readonly ReportRun[]): string[] {
  const names: (string | undefined)[] = new Array(firstOf(runs, "runs").settings.tasks).fill(undefined);
  for (const { folder, metrics } of runs) {
    for (const { task, taskIndex } of [...metrics.baseline, ...metrics.episode, ...metrics.evaluation]) {
      names[taskIndex] ??= task;
      if (names[taskIndex] === task) continue;
      throw new UsageError({
        what: "Runs of different tasks do not compare",
        got: `task ${taskIndex + 1} called ${JSON.stringify(task)} in ${folder}`,
        expected: `${JSON.stringify(names[taskIndex])} as in the runs before it`,
        todo: "Make a report for each",
      });
    }
  }
  return names.map((name) => name ?? "?");
}
