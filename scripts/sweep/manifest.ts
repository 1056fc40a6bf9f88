import { resolve } from "node:path";
import { hashSettings, type Versions } from "../../agent/run/origin.js";
import { parseSavedSettings } from "../../agent/settings/parse.js";
import type { Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import { problemOf } from "../../sim/core/problem.js";
import { isModulePath } from "../parts/module-path.js";
import type { RunModules } from "../runs/resume-command.js";
import { damagedManifest, MANIFEST_SCHEMA, type Manifest, type ManifestRun } from "./manifest-file.js";
import { fromFolder, type PlannedRun, type SweepBase, withSeed } from "./plan.js";

/** The modules of the runs of a label, absolute. */
export function modulesOfRun(folder: string, manifest: Manifest, label: string): RunModules {
  const method = absolute(folder, manifest.methodFiles?.[label]);
  return { ...sharedModules(folder, manifest), method };
}

/** The modules that all runs share, absolute. */
function sharedModules(
  folder: string,
  { suiteFile, plannerFile }: Manifest,
): Pick<RunModules, "suite" | "planner"> {
  return { suite: absolute(folder, suiteFile), planner: absolute(folder, plannerFile) };
}

function absolute(folder: string, file: string | undefined): string | undefined {
  return file === undefined ? undefined : resolve(folder, file);
}

/** The modules of all runs, absolute, each once. */
export function modulesOfSweep(folder: string, manifest: Manifest): string[] {
  const { suite, planner } = sharedModules(folder, manifest);
  const methods = Object.values(manifest.methodFiles ?? {}).map((file) => resolve(folder, file));
  return [...new Set([suite, planner, ...methods].filter((module) => module !== undefined))];
}

/** What all runs have in common, as it was chosen when the sweep began. */
export function baseOfSweep(folder: string, manifest: Manifest): SweepBase {
  const { suite, planner } = sharedModules(folder, manifest);
  return {
    suite: suite ?? manifest.suite,
    profile: manifest.profile,
    planner: planner ?? manifest.planner,
    assignments: manifest.assignments,
  };
}

/**
 * A manifest of no runs, for a sweep in `folder`.
 * @param suite name of the suite, which `base` may give as a module
 */
export function emptyManifest(folder: string, suite: string, base: SweepBase, versions: Versions): Manifest {
  const { hypercrl, physics, node, onnxruntime } = versions;
  const { profile, planner, assignments } = base;
  return {
    schema: MANIFEST_SCHEMA,
    suite,
    ...(isModulePath(base.suite) && { suiteFile: fromFolder(folder, base.suite) }),
    profile,
    ...(planner && (isModulePath(planner) ? { plannerFile: fromFolder(folder, planner) } : { planner })),
    assignments: [...assignments],
    versions: { hypercrl, physics, node, onnxruntime },
    settings: {},
    runs: [],
  };
}

/**
 * The manifest with more runs; those it has already are left as they are.
 * @throws UsageError when a label would stand for two kinds of settings, InputError when its settings are damaged
 */
export function addRuns(manifest: Manifest, planned: readonly PlannedRun[]): Manifest {
  const settings = { ...manifest.settings };
  const methodFiles = { ...manifest.methodFiles };
  const runs = [...manifest.runs];
  const known = new Set(runs.map(({ id }) => id));
  const read = lineReader(settings);
  for (const { id, label, settings: all, methodFile } of planned) {
    const { seed, ...rest } = all;
    const hash = hashSettings(all);
    // By the hash, which a setting that was added since does not change.
    if (settings[label] !== undefined && hashSettings(read(label, seed)) !== hash) {
      throw new UsageError({
        what: `The sweep holds runs of ${label} with other settings`,
        expected: "the same settings for all seeds of a line",
        todo: "Give the new line another label in a sweep file, or begin another sweep",
      });
    }
    settings[label] ??= rest;
    if (methodFile !== undefined) methodFiles[label] ??= methodFile;
    if (!known.has(id)) runs.push({ id, label, seed, hash });
    known.add(id);
  }
  const files = Object.keys(methodFiles).length > 0 ? { methodFiles } : {};
  return { ...manifest, ...files, settings, runs };
}

/** Settings of a run. @throws InputError when they are damaged or those of another version */
export function settingsOf(manifest: Manifest, run: ManifestRun): Settings {
  return settingsReader(manifest)(run);
}

/** The same for many runs: what the runs of a line share is checked once. */
export function settingsReader(manifest: Manifest): (run: ManifestRun) => Settings {
  const read = lineReader(manifest.settings);
  return ({ id, label, seed, hash }) => {
    const settings = read(label, seed);
    if (hashSettings(settings) === hash) return settings;
    throw damagedManifest("sweep.json", `settings of run ${id} that do not match its hash`, undefined);
  };
}

/** Reads the settings of a line's runs by its label and their seeds. */
function lineReader(lines: Manifest["settings"]): (label: string, seed: number) => Settings {
  const parsed = new Map<string, Settings>();
  return (label, seed) => {
    try {
      const line = parsed.get(label) ?? parseSavedSettings({ ...lines[label], seed }, "its settings");
      parsed.set(label, line);
      return withSeed(line, seed);
    } catch (cause) {
      throw damagedManifest("sweep.json", problemOf(cause), cause);
    }
  };
}
