import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { partsOf } from "../../agent/catalog.js";
import type { MemoryNeed } from "../../agent/memory.js";
import { hasSuiteRecord } from "../../agent/run/suite-record.js";
import type { Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import { makeFolder } from "../../sim/core/files.js";
import { type FolderLock, isLockFile, lockFolder } from "../../sim/core/folder-lock.js";
import { checkOwnFolder } from "../../sim/core/own-files.js";
import type { TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { findOracle } from "../compare/oracle-reference.js";
import { isFinished } from "../compare/run-result.js";
import { builtinCatalog } from "../runs/catalog.js";
import { gatherParts } from "../runs/given-parts.js";
import { memoryOfRun } from "../runs/memory-limit.js";
import { isModulePath } from "../runs/module-path.js";
import { resumeCommand } from "../runs/resume-command.js";
import { checkSameSuite, suiteNow } from "../runs/same-suite.js";
import { suiteFrom } from "../runs/suite-file.js";
import { currentVersions } from "../runs/versions.js";
import type { RunExit, RunJob, SweepEngine } from "./engine.js";
import {
  addRuns,
  baseOfSweep,
  checkSweepVersions,
  emptyManifest,
  LOGS,
  type Manifest,
  type ManifestRun,
  manifestPath,
  modulesOfRun,
  prepareRun,
  RUNS,
  readManifest,
  runFolder,
  settingsReader,
  writeManifest,
} from "./manifest.js";
import { baseOf, planRuns, planSeeds, type SweepChoice } from "./plan.js";
import { differencesLabel, type FailedRun, reportSweep, type SweepReport } from "./report.js";
import { writeReport } from "./report-files.js";
import { endInWords, jobOf } from "./run-job.js";
import { lastError } from "./run-state.js";
import { checkModules, rememberModules } from "./trust.js";

/** What is made of a sweep, where and by whom. */
export interface SweepWork {
  /** Folder of the sweep. */
  readonly out: string;
  /** What to compare; undefined: what the sweep holds. */
  readonly choice: SweepChoice | undefined;
  /** Go on with the sweep in that folder, and add what is chosen. */
  readonly resume: boolean;
  /** Line that the table shows differences from; default the first. */
  readonly differencesFrom?: string | undefined;
  /** Path of the suite's oracle; default `oracle.json` in the folder, or that of the package. */
  readonly oracle?: string | undefined;
  /** Path of the command line, which is started for each run. */
  readonly commandLine: string;
  /**
   * Whether a sweep that goes on may run these modules (absolute paths), which it names and nobody chose on this machine.
   * Without, it may not.
   */
  readonly trustModules?: (modules: readonly string[]) => Promise<boolean>;
  /** Go on although files of the suite have changed since a run began; without, that is an error. */
  readonly acceptChangedSuite?: boolean | undefined;
  /** Told of what the user should know and is no error. */
  readonly onWarning?: (text: string) => void;
  readonly engine: SweepEngine;
  readonly signal: AbortSignal;
}

/** What `runSweep` runs, and who is told of it. */
export interface SweepOptions extends SweepWork {
  readonly view: SweepView;
}

/** Is told of the runs while they go on. */
export interface SweepView {
  /** The sweep begins; `pending` are the runs still to be made. */
  begin(folder: string, manifest: Manifest, pending: readonly ManifestRun[]): void;
  /** A run has started. */
  started(run: ManifestRun): void;
  /** A run has ended. */
  ended(run: ManifestRun, outcome: RunOutcome): void;
  /** The sweep has ended. */
  end(): void;
}

/** How a run of a sweep ended. */
export type RunOutcome =
  | { readonly kind: "finished" }
  | { readonly kind: "stopped" }
  | ({ readonly kind: "failed" } & FailedRun);

/**
 * Runs what a manifest lists and is not finished; afterwards `sweep-results.json`, `.csv` and `.txt` say what was
 * found. Runs that fail are in the report.
 * @param options whose engine makes the runs here
 * @throws UsageError for a choice that cannot be, InputError for a folder that cannot be continued or is in use, or an oracle
 *   of another suite, RunError when another process has taken the folder over
 */
export function runSweep(options: SweepOptions): Promise<SweepReport> {
  const { out, view } = options;
  return withSweep(options, async (manifest, pending, lock) => {
    const from = differencesLabel(manifest, options.differencesFrom);
    const runs = pending.map(({ run }) => run);
    for (const run of runs) prepareRun(out, manifest, run, currentVersions());
    view.begin(out, manifest, runs);
    let failed: FailedRun[];
    try {
      failed = await runAll(manifest, pending, options, lock);
    } finally {
      view.end();
    }
    lock.check();
    const report = reportSweep(out, manifest, failed, from, options.oracle);
    writeReport(out, report);
    return report;
  });
}

/**
 * Hands over to an engine what a manifest lists and is neither finished nor on its way; returns when that is done, while the runs
 * go on.
 * @param options whose engine makes the runs elsewhere
 * @throws as `runSweep`, and what the engine throws
 */
export function submitSweep(options: SweepWork): Promise<void> {
  const { engine, signal } = options;
  return withSweep(options, async (manifest, pending) => {
    await engine.run(jobsOf(options, manifest, pending), { started() {}, exited() {} }, signal);
  });
}

/** A run that is to be made now, and the memory that it needs. */
interface PendingRun {
  readonly run: ManifestRun;
  readonly need: MemoryNeed;
}

/** Opens the sweep's folder for this process alone, with its manifest written, and works on the runs that are due. */
async function withSweep<Result>(
  options: SweepWork,
  work: (manifest: Manifest, pending: readonly PendingRun[], lock: FolderLock) => Promise<Result>,
): Promise<Result> {
  const { out, engine } = options;
  await engine.checkReady();
  await initPhysics();
  const draft = await openManifest(options);
  // Better now than when all runs are made.
  findOracle({ suite: draft.suite, tasks: [], record: undefined }, options.oracle, [out]);
  differencesLabel(draft, options.differencesFrom);
  makeFolder(out);
  for (const inside of [RUNS, LOGS]) checkOwnFolder(out, inside);
  makeFolder(join(out, RUNS));
  const lock = lockFolder(out, "Sweep");
  try {
    // Only now nobody else writes it.
    const manifest = options.resume ? await openManifest(options) : draft;
    if (!options.resume) checkEmpty(out);
    const unfinished = manifest.runs.filter((run) => !isFinished(runFolder(out, run)));
    const pending = await checkPending(options, manifest, await engine.due(unfinished));
    writeManifest(out, manifest);
    rememberModules(out, manifest);
    return await work(manifest, pending, lock);
  } finally {
    lock.release();
  }
}

/** The manifest as it will be written. */
async function openManifest({ out, choice, resume, trustModules, engine }: SweepWork): Promise<Manifest> {
  const { here, threads, memory = here ? undefined : Number.POSITIVE_INFINITY } = engine;
  const limits = { memory, threads };
  if (!resume) {
    checkEmpty(out);
    const base = baseOf(choice ?? {});
    const { name } = await suiteFrom(base.suite, builtinCatalog);
    const empty = emptyManifest(out, name, base, currentVersions());
    return addRuns(empty, await planRuns(choice ?? {}, base, out, limits));
  }
  const manifest = readManifest(out);
  checkSweepVersions(out, manifest, currentVersions());
  await checkModules(out, manifest, choice ?? {}, trustModules);
  // Fails now rather than in the middle when a run's settings are damaged.
  manifest.runs.forEach(settingsReader(manifest));
  if (choice === undefined) return manifest;
  checkSameBase(out, choice, manifest);
  if (choice.methods === undefined && choice.seeds === undefined) return manifest;
  const { methods, seeds = [...new Set(manifest.runs.map((run) => run.seed))] } = choice;
  if (methods === undefined) return addRuns(manifest, planSeeds(manifest.settings, seeds));
  const base = baseOfSweep(out, manifest);
  return addRuns(manifest, await planRuns({ methods, seeds }, base, out, limits));
}

/**
 * Checks that runs can be begun or gone on with.
 * @returns them with the memory that they need
 * @throws InputError when the suite is not what runs of the sweep were made with, UsageError when there is no memory for them
 */
async function checkPending(
  { out, engine, acceptChangedSuite = false, onWarning }: SweepWork,
  manifest: Manifest,
  due: readonly ManifestRun[],
): Promise<PendingRun[]> {
  if (due.length === 0) return [];
  const given = baseOfSweep(out, manifest).suite;
  const suite = await suiteFrom(given, builtinCatalog);
  const now = await suiteNow(suite, suite.tasks.length, { suite: given });
  const settingsOf = settingsReader(manifest);
  for (const run of manifest.runs) {
    const folder = runFolder(out, run);
    // A run that has not begun has none yet.
    if (!hasSuiteRecord(folder)) continue;
    const tasks = now.tasks.slice(0, settingsOf(run).tasks);
    checkSameSuite(folder, { ...now, tasks }, { acceptChangedSuite, ...(onWarning && { onWarning }) });
  }
  const pending = await withMemory(out, manifest, due, suite, engine.threads);
  engine.checkMemory(pending.map(({ need }) => need));
  return pending;
}

/** Runs with the memory that each of them needs. */
async function withMemory(
  out: string,
  manifest: Manifest,
  runs: readonly ManifestRun[],
  suite: TaskSuite,
  threads: number,
): Promise<PendingRun[]> {
  const lines = new Map<string, (settings: Settings) => MemoryNeed>();
  for (const label of new Set(runs.map((run) => run.label))) {
    const { method, planner } = modulesOfRun(out, manifest, label);
    const { catalog } = await gatherParts({ ...(method && { method }), ...(planner && { planner }) });
    lines.set(label, (settings) => memoryOfRun(suite.tasks, settings, partsOf(catalog, settings), threads));
  }
  const settingsOf = settingsReader(manifest);
  return runs.flatMap((run) => {
    const need = lines.get(run.label)?.(settingsOf(run));
    return need === undefined ? [] : [{ run, need }];
  });
}

const OTHER = {
  suite: "another suite",
  profile: "another profile",
  planner: "another planner",
  assignments: "other settings",
} as const;

/** What all runs share is fixed when a sweep begins; left out, it stays. */
function checkSameBase(out: string, choice: SweepChoice, manifest: Manifest): void {
  const absolute = (name: string | undefined) =>
    name !== undefined && isModulePath(name) ? resolve(name) : name;
  const chosen = { ...choice, suite: absolute(choice.suite), planner: absolute(choice.planner) };
  const begun = baseOfSweep(out, manifest);
  for (const key of ["suite", "profile", "planner", "assignments"] as const) {
    const got = JSON.stringify(chosen[key]);
    const expected = JSON.stringify(begun[key]);
    if (got === undefined || got === "[]" || got === expected) continue;
    throw new UsageError({
      what: `Sweep ${out} was begun with ${OTHER[key]}`,
      got,
      expected,
      todo: "Begin another sweep with another --out, or leave the option out",
    });
  }
}

function checkEmpty(out: string): void {
  if (!existsSync(out)) return;
  if (!statSync(out).isDirectory()) {
    throw new UsageError({ what: `${out} exists`, got: "a file", expected: "a path for a new folder" });
  }
  const isSweep = existsSync(manifestPath(out));
  if (!isSweep && readdirSync(out).every((name) => name === RUNS || isLockFile(name))) return;
  throw new UsageError({
    what: `Output folder ${out} exists and is not empty`,
    expected: "a new path",
    todo: isSweep ? "Continue that sweep with --resume, or choose another --out" : "Choose another --out",
  });
}

/**
 * Hands the runs to the engine; returns those that failed. When another process has taken the folder over, which is
 * looked at whenever a run ends, the others are stopped.
 */
async function runAll(
  manifest: Manifest,
  pending: readonly PendingRun[],
  options: SweepOptions,
  lock: FolderLock,
): Promise<FailedRun[]> {
  const { out, engine, view } = options;
  const takenOver = new AbortController();
  const signal = AbortSignal.any([options.signal, takenOver.signal]);
  const failed: FailedRun[] = [];
  const logStart = new Map<string, number>();
  const runs = new Map(pending.map(({ run }) => [run.id, run]));
  const started = ({ id, log }: RunJob) => {
    logStart.set(id, statSync(log, { throwIfNoEntry: false })?.size ?? 0);
    view.started(runs.get(id)!);
  };
  const exited = (job: RunJob, exit: RunExit) => {
    try {
      lock.check();
    } catch {
      takenOver.abort();
    }
    const run = runs.get(job.id)!;
    const folder = runFolder(out, run);
    if (isFinished(folder)) return view.ended(run, { kind: "finished" });
    if (signal.aborted && exit.startError === undefined) return view.ended(run, { kind: "stopped" });
    const failure: FailedRun = {
      id: run.id,
      end: endInWords(exit),
      error: exit.startError ?? lastError(job.log, logStart.get(job.id) ?? 0),
      command: resumeCommand(folder, modulesOfRun(out, manifest, run.label)),
    };
    failed.push(failure);
    view.ended(run, { kind: "failed", ...failure });
  };
  await engine.run(jobsOf(options, manifest, pending), { started, exited }, signal);
  return failed;
}

/** What the engine is given of each run. */
function jobsOf(
  { out, commandLine, engine, acceptChangedSuite }: SweepWork,
  manifest: Manifest,
  pending: readonly PendingRun[],
): RunJob[] {
  const { threads, memory } = engine;
  const processes = { commandLine, threads, memory, acceptChangedSuite };
  return pending.map(({ run, need }) => ({
    ...jobOf(out, manifest, run, processes),
    memory: need.bytes,
  }));
}

/**
 * The report of a sweep as it is now; starts nothing and may be called while the sweep goes on.
 * @param from line that differences are shown from; default the first
 * @param oracle path of the suite's oracle; default the one in the folder, or that of the package
 * @param failed runs that are known to have failed
 */
export function reportFolder(
  out: string,
  from?: string,
  oracle?: string,
  failed: readonly FailedRun[] = [],
): SweepReport {
  const manifest = readManifest(out);
  return reportSweep(out, manifest, failed, differencesLabel(manifest, from), oracle);
}
