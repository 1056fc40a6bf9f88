import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { readDocument } from "../../../sim/core/documents.js";
import { elementAt } from "../../../sim/core/element.js";
import { InputError } from "../../../sim/core/errors.js";
import { meanOf } from "../../../sim/core/mean.js";
import type { Manifest } from "../../sweep/manifest-file.js";
import { type Grid, isDefault } from "./grid.js";

const row = z.array(z.number().nullable());

/** What is read of `sweep-results.json`. */
const resultsSchema = z.object({
  oracle: z.object({}).nullable(),
  runs: z.array(
    z.object({
      label: z.string(),
      seed: z.int(),
      means: z.array(row).min(1),
      random: row,
      scores: z.object({ oracleAverage: z.number().nullable() }),
    }),
  ),
  failed: z.array(z.object({ id: z.string() })),
});

/** Figures of a sweep over a grid, as far as choosing needs them. */
export type Results = z.infer<typeof resultsSchema>;

/** What a sweep over a grid found, and what it tried. */
export interface Found {
  readonly results: Results;
  readonly manifest: Manifest;
}

type RunFigures = Results["runs"][number];

/** Reads what a sweep found. @throws InputError when the file is missing or damaged */
export function readResults(path: string): Results {
  return readDocument(path, resultsSchema, {
    expected: "sweep-results.json as `hypercrl sweep` writes it",
    todo: "Run the sweep of the grid again, which goes on where it was",
  });
}

/**
 * Checks that a sweep tried what the grid says today.
 * @throws InputError when its lines, seeds or settings are others: results must not be read by another grid
 */
export function checkManifest({ variants, seeds }: Grid, manifest: Manifest, path: string): void {
  const wanted = variants.flatMap(({ label }) => seeds.map((seed) => `${label} with seed ${seed}`));
  const tried = manifest.runs.map(({ label, seed }) => `${label} with seed ${seed}`);
  const other =
    wanted.find((run) => !tried.includes(run)) ??
    tried.find((run) => !wanted.includes(run)) ??
    variants.find(({ label, set }) =>
      Object.entries(set).some(
        ([name, value]) => !isDeepStrictEqual(settingAt(manifest.settings[label], name), value),
      ),
    )?.label;
  if (other === undefined) return;
  throw new InputError({
    what: `${path} is of another grid`,
    got: `a difference in ${other}`,
    expected: "the lines, seeds and settings of the grid",
    todo: "Restore the grid, or begin another sweep with --out FOLDER",
  });
}

/** A setting by its dotted name. */
export function settingAt(settings: object | undefined, name: string): unknown {
  return name
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], settings);
}

/** What a variant's runs came to, by seed: a score, `failed`, or `missing` while it has not ended. NaN is none. */
export type SeedScore = number | "failed" | "missing";

/** What a score means, for people, and how it is computed. */
export interface Scale {
  readonly text: string;
  readonly scoreOf: (run: RunFigures) => number;
}

/**
 * The one scale of all variants of a suite: that of the oracle, or of `single` with its default.
 * @returns null while there is none, because `single` has not finished all seeds or is not above the random policy
 */
export function scaleOf({ variants, seeds }: Grid, { oracle, runs }: Results): Scale | null {
  if (oracle !== null) {
    return {
      text: "Average of the oracle: 0 is the random policy, 1 planning through the true simulator, task by task.",
      scoreOf: ({ scores }) => scores.oracleAverage ?? Number.NaN,
    };
  }
  const reference = variants.find((variant) => variant.method === "single" && isDefault(variant));
  const own = runs.filter(({ label, seed }) => label === reference?.label && seeds.includes(seed));
  const random = meanOf(own.map((run) => numbersMean(run.random)));
  const learned = meanOf(
    own.map(({ means }) => numbersMean(means.map((returns, j) => elementAt(returns, j, "tasks evaluated")))),
  );
  if (own.length < seeds.length || !(learned > random)) return null;
  return {
    text: "Normalised return: 0 is the random policy, 1 `single` with its default right after learning each task, returns summed over tasks.",
    scoreOf: ({ means }) =>
      (numbersMean(elementAt(means, means.length - 1, "evaluations")) - random) / (learned - random),
  };
}

/** Mean of numbers as JSON has them: NaN when one is not defined. */
function numbersMean(values: readonly (number | null)[]): number {
  return meanOf(values.map((value) => value ?? Number.NaN));
}

/** What came of a variant with each seed. */
export function scoresOf(
  label: string,
  seeds: readonly number[],
  { results: { runs, failed }, manifest }: Found,
  scale: Scale | null,
): SeedScore[] {
  return seeds.map((seed) => {
    const run = runs.find((other) => other.label === label && other.seed === seed);
    if (run !== undefined) return scale?.scoreOf(run) ?? Number.NaN;
    const id = manifest.runs.find((other) => other.label === label && other.seed === seed)?.id;
    return failed.some((other) => other.id === id) ? "failed" : "missing";
  });
}
