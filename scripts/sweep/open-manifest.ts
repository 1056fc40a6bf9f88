import { existsSync, readdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../../sim/core/errors.js";
import { isLockFile } from "../../sim/core/folder-lock.js";
import { builtinCatalog } from "../parts/catalog.js";
import { isModulePath } from "../parts/module-path.js";
import { suiteFrom } from "../parts/suite-file.js";
import { currentVersions } from "../runs/versions.js";
import { addRuns, baseOfSweep, emptyManifest, settingsReader } from "./manifest.js";
import { checkSweepVersions, type Manifest, manifestPath, readManifest } from "./manifest-file.js";
import { baseOf, planRuns, planSeeds, type SweepChoice } from "./plan.js";
import { RUNS } from "./run-folders.js";
import { checkModules } from "./trust.js";
import type { SweepWork } from "./work.js";

/**
 * The manifest of a sweep as it will be written: a new one, or the one of the folder with what is chosen added.
 * @throws UsageError for a choice or a folder that cannot be, InputError for a sweep that cannot be gone on with
 */
export async function openManifest({
  out,
  choice,
  resume,
  trustModules,
  engine,
}: SweepWork): Promise<Manifest> {
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

/** @throws UsageError unless a new sweep can begin in a folder */
export function checkEmpty(out: string): void {
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
