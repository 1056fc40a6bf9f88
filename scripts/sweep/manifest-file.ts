import { join } from "node:path";
import { z } from "zod";
import type { Versions } from "../../agent/run/origin.js";
import { damagedDocument, readJsonFile, writeDocument } from "../../sim/core/documents.js";
import { InputError } from "../../sim/core/errors.js";
import { problemOf } from "../../sim/core/problem.js";
import { isThere } from "../../sim/core/system-errors.js";
import { idOf, isLabel, LABEL_RULE } from "./plan.js";

/** Version of the form of `sweep.json`. */
export const MANIFEST_SCHEMA = 1;

const manifestSchema = z
  .strictObject({
    schema: z.literal(MANIFEST_SCHEMA),
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
  if (schema !== MANIFEST_SCHEMA) {
    throw new InputError({
      what: `Sweep ${folder} has another schema version`,
      got: JSON.stringify(schema) ?? "none",
      expected: String(MANIFEST_SCHEMA),
      todo: "Use the version of hypercrl that made it, or begin another sweep",
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damagedManifest(path, problemOf(parsed.error), parsed.error);
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

export function damagedManifest(path: string, got: string, cause: unknown): InputError {
  return damagedDocument(path, got, MANIFEST_ERROR, cause);
}
