import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { clearUnbegun } from "../../agent/run/leftovers.js";
import { hashSettings, type Versions } from "../../agent/run/origin.js";
import { readSettings } from "../../agent/run/read-run.js";
import { isRunFolder, RUN_FILES } from "../../agent/run/run-files.js";
import { RunStore } from "../../agent/run/store.js";
import { parseSavedSettings } from "../../agent/settings/parse.js";
import type { Settings } from "../../agent/settings/schema.js";
import { damagedDocument, readJsonFile, writeDocument } from "../../sim/core/documents.js";
import { InputError, UsageError } from "../../sim/core/errors.js";
import { checkOwnFolder, folderInside } from "../../sim/core/own-files.js";
import { problemOf } from "../../sim/core/problem.js";
import { isThere } from "../../sim/core/system-errors.js";
import { isModulePath } from "../runs/module-path.js";
import type { RunModules } from "../runs/resume-command.js";
import { fromFolder, idOf, isLabel, LABEL_RULE, type PlannedRun, type SweepBase, withSeed } from "./plan.js";

const SCHEMA = 1;

const manifestSchema = z
  .strictObject({
    schema: z.literal(SCHEMA),
    suite: z.string(),
    /** Module of the suite, as seen from the sweep's folder, when it does not come with the package. */
    suiteFile: z.string().optional(),
    profile: z.string(),
    /** Planner of all runs, when one was chosen apart. */
    planner: z.string().optional(),
    /** Its module, as seen from the sweep's folder. */
    plannerFile: z.string().optional(),
    /** Modules of methods that do not come with the package, by label, as seen from the sweep's folder. */
    methodFiles: z.record(z.string(), z.string()).optional(),
    /** Settings of all runs as chosen, `name=value`. */
    assignments: z.array(z.string()),
    versions: z.strictObject({
      hypercrl: z.string(),
      physics: z.string(),
      node: z.string(),
      onnxruntime: z.string(),
    }),
    /** Settings as resolved, by label, without the seed. */
    settings: z.record(z.string(), z.record(z.string(), z.unknown())),
    /** Runs, none of which depends on another; `hash` is that of settings and seed. */
    runs: z
      .array(
        z
          .strictObject({
            id: z.string(),
            label: z.string().refine(isLabel, `expected ${LABEL_RULE}`),
            seed: z.int().min(0),
            hash: z.string().regex(/^[0-9a-f]{64}$/),
          })
          // The id names a folder, and is nothing that a file may choose.
          .refine((run) => run.id === idOf(run), { path: ["id"], message: "expected label, seed and hash" }),
      )
      .min(1, "expected at least one run"),
  })
  .refine(({ settings, runs }) => runs.every(({ label }) => Object.hasOwn(settings, label)), {
    path: ["settings"],
    message: "expected those of every label that runs have",
  });

/** `sweep.json`: everything that must be known to run a sweep, on this machine or on another. */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;
/** A run as `sweep.json` lists it: its label, its seed, and the hash of its settings. */
export type ManifestRun = Manifest["runs"][number];

export function manifestPath(folder: string): string {
  return join(folder, "sweep.json");
}

/** Folder of a run; it belongs to that run alone. */
export function runFolder(folder: string, { id }: Pick<ManifestRun, "id">): string {
  return join(folder, RUNS, id);
}

/** Folders inside of a sweep's: of its runs, and of what their processes print. */
export const [RUNS, LOGS] = ["runs", "logs"] as const;

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
    schema: SCHEMA,
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
    throw damaged("sweep.json", `settings of run ${id} that do not match its hash`, undefined);
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
      throw damaged("sweep.json", problemOf(cause), cause);
    }
  };
}

/** Makes the folder of a run, ready to be begun, unless it is there. @throws InputError when it holds another run */
export function prepareRun(folder: string, manifest: Manifest, run: ManifestRun, versions: Versions): void {
  checkOwnFolder(folderInside(folder, RUNS), run.id);
  const path = runFolder(folder, run);
  if (!isRunFolder(path)) {
    if (existsSync(join(path, RUN_FILES.checkpoint))) throw lostSettings(path);
    clearUnbegun(path);
    RunStore.create(path, settingsOf(manifest, run), versions).close();
  }
  if (hashSettings(readSettings(path)) === run.hash) return;
  throw new InputError({
    what: `Run folder ${path} belongs to other settings`,
    expected: "the settings that sweep.json names",
    todo: `Restore ${join(path, RUN_FILES.settings)}, or move the folder away`,
  });
}

function lostSettings(path: string): InputError {
  return new InputError({
    what: `${join(path, RUN_FILES.settings)} is missing`,
    got: "a run that has saved its state",
    expected: "the settings it began with beside it",
    todo: "Restore the file from a copy, or move the folder away to begin that run anew",
  });
}

export function writeManifest(folder: string, manifest: Manifest): void {
  writeDocument(manifestPath(folder), manifest);
}

/** @throws InputError when the folder holds no sweep, a damaged one or one of another schema */
export function readManifest(folder: string): Manifest {
  const path = manifestPath(folder);
  if (!isThere(path)) {
    throw new InputError({
      what: `${path} is missing`,
      expected: "a sweep folder, made by `hypercrl sweep --out FOLDER`",
      todo: "Check the folder, or begin a sweep there first",
    });
  }
  const value = readJsonFile(path, MANIFEST_ERROR);
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== SCHEMA) {
    throw new InputError({
      what: `Sweep ${folder} has another schema version`,
      got: JSON.stringify(schema) ?? "none",
      expected: String(SCHEMA),
      todo: "Use the version of hypercrl that made it, or begin another sweep",
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged(path, problemOf(parsed.error), parsed.error);
}

/** @throws InputError when the sweep's numbers would not compare with those of this version */
export function checkSweepVersions(folder: string, { versions }: Manifest, now: Versions): void {
  for (const key of ["hypercrl", "physics", "onnxruntime"] as const) {
    if (versions[key] === now[key]) continue;
    throw new InputError({
      what: `Sweep ${folder} was made with another ${key} version`,
      got: versions[key],
      expected: now[key],
      todo: "Resume with the version that began it, or begin another: numbers would not compare. --report still reads it",
    });
  }
}

const MANIFEST_ERROR = {
  expected: "sweep.json as `hypercrl sweep` writes it",
  todo: "Restore the file, or begin another sweep",
};

function damaged(path: string, got: string, cause: unknown): InputError {
  return damagedDocument(path, got, MANIFEST_ERROR, cause);
}
