import { relative, resolve } from "node:path";
import { hashSettings } from "../../agent/run/origin.js";
import { parseSavedSettings } from "../../agent/settings/parse.js";
import type { Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import { builtinCatalog } from "../parts/catalog.js";
import { type GivenParts, gatherParts } from "../parts/given-parts.js";
import { isModulePath } from "../parts/module-path.js";
import { suiteFrom } from "../parts/suite-file.js";
import { assignmentsOf, chooseSettings, type RunLimits } from "../runs/choose-settings.js";

/** One line of the comparison: a method, possibly with settings and seeds of its own. */
export interface SweepMethod {
  /** Name in the table; default the method. */
  readonly label?: string | undefined;
  /** Name of a method, or the path of a module that exports one. */
  readonly method: string;
  /** Default: those of the choice. */
  readonly seeds?: readonly number[] | undefined;
  /** Settings that only this line has, by dotted name. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
}

/** What a sweep is asked to compare; what is left out has a default or, in a sweep that exists, is as there. */
export interface SweepChoice {
  readonly suite?: string | undefined;
  readonly profile?: string | undefined;
  /** Planner of all runs, by name or by the path of a module. */
  readonly planner?: string | undefined;
  readonly methods?: readonly SweepMethod[] | undefined;
  readonly seeds?: readonly number[] | undefined;
  /** Settings of all runs, `name=value`. */
  readonly assignments?: readonly string[] | undefined;
}

/** What all runs of a sweep have in common. */
export interface SweepBase {
  /** Name of the suite, or the path of a module that exports one. */
  readonly suite: string;
  readonly profile: string;
  /** Name of a planner or the path of a module that exports one; undefined as profile and suite say. */
  readonly planner: string | undefined;
  readonly assignments: readonly string[];
}

/** One run of a sweep: its settings are fixed, its name holds their hash. */
export interface PlannedRun {
  readonly id: string;
  readonly label: string;
  readonly settings: Settings;
  /** Module of the method, as seen from the sweep's folder, when it does not come with the package. */
  readonly methodFile?: string;
}

const DEFAULT_SEEDS = [1, 2, 3];

export function baseOf(choice: SweepChoice): SweepBase {
  return {
    suite: choice.suite ?? "push",
    profile: choice.profile ?? "quick",
    planner: choice.planner,
    assignments: choice.assignments ?? [],
  };
}

/** A file as seen from a folder, so that both can be moved together. */
export function fromFolder(folder: string, file: string): string {
  return relative(resolve(folder), resolve(file));
}

/** A line of the comparison with its method loaded. */
interface Line extends SweepMethod {
  readonly label: string;
  readonly given: GivenParts;
}

/**
 * Every run of every method and seed, seed by seed, so that a sweep stopped early has whole seeds.
 * @param folder of the sweep
 * @param limits of each run
 * @throws UsageError for names and values that cannot be; InputError for a module that cannot be used
 */
export async function planRuns(
  choice: SweepChoice,
  base: SweepBase,
  folder: string,
  limits: RunLimits = {},
): Promise<PlannedRun[]> {
  const methods = choice.methods ?? builtinCatalog.methods.map(({ name }): SweepMethod => ({ method: name }));
  const suite = await suiteFrom(base.suite, builtinCatalog);
  const lines: Line[] = [];
  for (const line of methods) lines.push(await loadLine(line, base.planner));
  checkLabels(lines.map(({ label }) => label));
  const common = choice.seeds ?? DEFAULT_SEEDS;
  const seeds = [...new Set(lines.flatMap((line) => line.seeds ?? common))];
  // Seeds share everything else, which is checked once.
  const chosen = new Map<string, Settings>();
  const settingsOf = ({ label, method, set, given }: Line, seed: number): Settings => {
    const { method: name = method, planner, catalog } = given;
    const choice = { suite, method: name, planner, profile: base.profile, seed };
    const assignments = [...base.assignments, ...assignmentsOf({ settings: set })];
    const settings = chosen.get(label) ?? chooseSettings(choice, assignments, catalog, limits);
    chosen.set(label, settings);
    return withSeed(settings, seed);
  };
  return seeds.flatMap((seed) =>
    lines
      .filter((line) => (line.seeds ?? common).includes(seed))
      .map((line) => planRun(line, settingsOf(line, seed), folder)),
  );
}

/** The same settings with another seed. */
export function withSeed(settings: Settings, seed: number): Settings {
  return Object.freeze({ ...settings, seed });
}

async function loadLine(line: SweepMethod, planner: string | undefined): Promise<Line> {
  const given = await gatherParts({ method: line.method, ...(planner !== undefined && { planner }) });
  return { ...line, label: line.label ?? given.method ?? line.method, given };
}

function planRun({ label, method }: Line, settings: Settings, folder: string): PlannedRun {
  const file = isModulePath(method) ? { methodFile: fromFolder(folder, method) } : {};
  return { id: runId(label, settings), label, settings, ...file };
}

/** The runs of lines whose settings are known already, with more seeds. @param lines settings without seed, by label */
export function planSeeds(lines: Readonly<Record<string, object>>, seeds: readonly number[]): PlannedRun[] {
  const [first = 0] = seeds;
  const settings = Object.entries(lines).map(
    ([label, line]) => [label, parseSavedSettings({ ...line, seed: first }, `settings of ${label}`)] as const,
  );
  return seeds.flatMap((seed) =>
    settings.map(([label, line]) => {
      const settings = withSeed(line, seed);
      return { id: runId(label, settings), label, settings };
    }),
  );
}

/** Name of a run and of its folder: label and seed for people, the settings' hash so that no two are mixed up. */
export function runId(label: string, settings: Settings): string {
  return idOf({ label, seed: settings.seed, hash: hashSettings(settings) });
}

/** The same from what a manifest holds. */
export function idOf(run: { readonly label: string; readonly seed: number; readonly hash: string }): string {
  return `${run.label}-s${run.seed}-${run.hash.slice(0, 12)}`;
}

/** What a label may be, for messages. */
export const LABEL_RULE =
  "letters, digits, dots, dashes and underscores, at most 100, and not a built-in name such as constructor";

/** Whether a label can name a folder and a line of a table. */
export function isLabel(label: string): boolean {
  return /^[\w.-]{1,100}$/.test(label) && !(label in Object.prototype);
}

function checkLabels(labels: readonly string[]): void {
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined) {
    throw new UsageError({
      what: "Two lines of the sweep have the same name",
      got: `"${twice}" twice`,
      expected: "different names",
      todo: 'Give one of them a "label" in a sweep file',
    });
  }
  const odd = labels.find((label) => !isLabel(label));
  if (odd !== undefined) {
    throw new UsageError({
      what: "Label of a sweep's line cannot name a folder",
      got: `"${odd}"`,
      expected: LABEL_RULE,
      todo: 'Give the line another "label" in a sweep file',
    });
  }
}
