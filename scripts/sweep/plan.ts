import { hashSettings } from "../../agent/run/store.js";
import { METHODS, parseSettings, type Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import type { TaskSuite } from "../../sim/task.js";
import { chooseSettings } from "../runs/choose-settings.js";

/** One line of the comparison: a method, possibly with settings and seeds of its own. */
export interface SweepMethod {
  /** Name in the table; default the method. */
  readonly label?: string | undefined;
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
  readonly assignments: readonly string[];
}

/** One run of a sweep: its settings are fixed, its name holds their hash. */
export interface PlannedRun {
  readonly id: string;
  readonly label: string;
  readonly settings: Settings;
}

const DEFAULT_SEEDS = [1, 2, 3];

export function baseOf(choice: SweepChoice): SweepBase {
  return {
    suite: choice.suite ?? "push",
    profile: choice.profile ?? "quick",
    assignments: choice.assignments ?? [],
  };
}

/**
 * Every run of every method and seed, seed by seed, so that a sweep stopped early has whole seeds.
 * @throws UsageError for names and values that cannot be
 */
export function planRuns(choice: SweepChoice, base: SweepBase, suite: TaskSuite): PlannedRun[] {
  const methods = choice.methods ?? METHODS.map((method): SweepMethod => ({ method }));
  checkLabels(methods.map(labelOf));
  const common = choice.seeds ?? DEFAULT_SEEDS;
  const seeds = [...new Set(methods.flatMap((m) => m.seeds ?? common))];
  return seeds.flatMap((seed) =>
    methods
      .filter((m) => (m.seeds ?? common).includes(seed))
      .map((m) => {
        const settings = chooseSettings({ suite, method: m.method, profile: base.profile, seed }, [
          ...base.assignments,
          ...assignmentsOf(m),
        ]);
        return { id: runId(labelOf(m), settings), label: labelOf(m), settings };
      }),
  );
}

/** The runs of lines whose settings are known already, with more seeds. @param lines settings without seed, by label */
export function planSeeds(lines: Readonly<Record<string, object>>, seeds: readonly number[]): PlannedRun[] {
  return seeds.flatMap((seed) =>
    Object.entries(lines).map(([label, line]) => {
      const settings = parseSettings({ ...line, seed }, `settings of ${label}`);
      return { id: runId(label, settings), label, settings };
    }),
  );
}

/** Name of a run and of its folder: label and seed for people, the settings' hash so that no two are mixed up. */
export function runId(label: string, settings: Settings): string {
  return `${label}-s${settings.seed}-${hashSettings(settings).slice(0, 12)}`;
}

function labelOf({ label, method }: SweepMethod): string {
  return label ?? method;
}

function assignmentsOf({ set = {} }: SweepMethod): string[] {
  return Object.entries(set).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
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
  const odd = labels.find((label) => !/^[\w.-]+$/.test(label));
  if (odd !== undefined) {
    throw new UsageError({
      what: "Label of a sweep's line cannot name a folder",
      got: `"${odd}"`,
      expected: "letters, digits, dots, dashes and underscores",
    });
  }
}
