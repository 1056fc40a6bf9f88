import { partsOf } from "../../agent/catalog.js";
import type { MemoryNeed } from "../../agent/memory.js";
import { hasSuiteRecord } from "../../agent/run/suite-record.js";
import type { Settings } from "../../agent/settings/schema.js";
import type { TaskSuite } from "../../sim/task.js";
import { builtinCatalog } from "../parts/catalog.js";
import { gatherParts } from "../parts/given-parts.js";
import { checkSameSuite, suiteNow } from "../parts/same-suite.js";
import { suiteFrom } from "../parts/suite-file.js";
import { memoryOfRun } from "../runs/memory-limit.js";
import type { RunJob } from "./engine.js";
import { baseOfSweep, modulesOfRun, settingsReader } from "./manifest.js";
import type { Manifest, ManifestRun } from "./manifest-file.js";
import { runFolder } from "./run-folders.js";
import { jobOf } from "./run-job.js";
import type { SweepWork } from "./work.js";

/** A run that is to be made now, and the memory that it needs. */
export interface PendingRun {
  readonly run: ManifestRun;
  readonly need: MemoryNeed;
}

/**
 * Checks that runs can be begun or gone on with.
 * @returns them with the memory that they need
 * @throws InputError when the suite is not what runs of the sweep were made with, UsageError when there is no memory for them
 */
export async function checkPending(
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

/** What the engine is given of each run. */
export function jobsOf(
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
