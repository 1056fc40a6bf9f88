import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readDocument } from "../../../sim/core/documents.js";
import { InputError } from "../../../sim/core/errors.js";
import type { SweepChoice } from "../../sweep/plan.js";
import { readSweepFile } from "../../sweep/sweep-file.js";

/** One setting of a method that is tried. */
export interface Variant {
  readonly label: string;
  readonly method: string;
  /** What it changes of the profile, by dotted name; nothing for the method's default. */
  readonly set: Readonly<Record<string, unknown>>;
}

/** The settings that are tried on a suite, of every method as many. */
export interface Grid {
  /** Method by method, the default of each first. */
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** The sweep that tries them all. */
  readonly choice: SweepChoice;
}

/** Where the sweep files of the grids are, and the pages that are made of their results. */
export const GRIDS = "docs/tuning";

/** Where the published results are, a folder each. */
export const RESULTS = "docs/results";

/**
 * Reads the sweep file of a grid.
 * @param reported seeds of published results, none of which may be tuned on
 * @throws InputError for a file that is no sweep file, or a grid that treats methods unlike or uses a reported seed
 */
export function readGrid(path: string, reported: ReadonlySet<number>): Grid {
  const choice = readSweepFile(path);
  const { methods = [], seeds = [] } = choice;
  const variants = methods.map(({ method, label = method, set = {} }) => ({ label, method, set }));
  const wrong = problemOfGrid(variants, seeds, reported);
  if (wrong === undefined && methods.every((line) => line.seeds === undefined)) {
    return { variants, seeds, choice };
  }
  throw new InputError({
    what: `${path} is no grid to tune by`,
    got: wrong ?? "seeds of single lines",
    expected:
      "for each method the same number of settings, its default first, and the same two or more seeds, of which no result is published",
    todo: "Change the file; docs/experiments/tuning.md has the rules",
  });
}

/** What is wrong with a grid, or undefined. */
function problemOfGrid(
  variants: readonly Variant[],
  seeds: readonly number[],
  reported: ReadonlySet<number>,
): string | undefined {
  const used = seeds.filter((seed) => reported.has(seed));
  if (used.length > 0) return `seed ${used[0]}, of which results are published`;
  if (new Set(seeds).size < 2) return `seeds ${seeds.join(", ") || "of no kind"}`;
  const own = [...variantsByMethod(variants)];
  const [first] = own;
  if (first === undefined) return "no methods";
  for (const [method, lines] of own) {
    if (!isDefault(lines[0]!)) return `${method} without its default first`;
    if (lines.slice(1).some(isDefault)) return `the default of ${method} twice`;
    if (lines.length !== first[1].length) {
      return `${lines.length} settings of ${method} and ${first[1].length} of ${first[0]}`;
    }
  }
  return undefined;
}

/** Whether a variant is what the profile has for its method. */
export function isDefault({ label, method, set }: Variant): boolean {
  return label === method && Object.keys(set).length === 0;
}

/** Variants by their method, in their order. */
export function variantsByMethod(variants: readonly Variant[]): ReadonlyMap<string, readonly Variant[]> {
  const methods = [...new Set(variants.map(({ method }) => method))];
  return new Map(methods.map((name) => [name, variants.filter(({ method }) => method === name)]));
}

const runs = z.object({ runs: z.array(z.object({ seed: z.int() })) });
const settings = z.object({ seed: z.int() });
const WORDS = {
  expected: "a sweep or a run whose results are published",
  todo: "Restore the file from the repository",
};

/** Seeds of all published results: of the sweeps and single runs in the folders of `folder`, but not deeper. */
export function reportedSeeds(folder: string): Set<number> {
  const seeds = readdirSync(folder).flatMap((name) => {
    const [sweep, run] = [join(folder, name, "sweep.json"), join(folder, name, "settings.json")];
    return [
      ...(existsSync(sweep) ? readDocument(sweep, runs, WORDS).runs.map(({ seed }) => seed) : []),
      ...(existsSync(run) ? [readDocument(run, settings, WORDS).seed] : []),
    ];
  });
  return new Set(seeds);
}
