import { UsageError } from "../../sim/core/errors.js";
import { findNamed, oneOf } from "../../sim/core/one-of.js";
import { PROFILES, type Profile } from "../../sim/core/profiles.js";
import { defaultValues } from "../../sim/core/setting-fields.js";
import type { TaskSuite } from "../../sim/task.js";
import { isUnitScaled } from "../action-scale.js";
import { assign, assignDefaults, assignGiven } from "./assignments.js";
import { checkOfSuite } from "./check-of-suite.js";
import { checkPrecision } from "./check-precision.js";
import { checkSchedule, numberedTasks } from "./check-schedule.js";
import { checkEvaluatedTasks } from "./evaluated-tasks.js";
import { isGroup, parseSettings } from "./parse.js";
import { PLANNING_NAMES } from "./planning-fields.js";
import { PROFILE_VALUES } from "./profiles.js";
import { savedCatalog, savedPart } from "./saved-catalog.js";
import type { Settings, SettingsCatalog } from "./schema.js";

/** What a user chooses before any `--set`. */
export interface SettingsChoice {
  readonly suite: Pick<TaskSuite, "name" | "tasks" | "defaults">;
  /** Name of a method of the catalog. */
  readonly method: string;
  readonly profile: string;
  readonly seed: number;
  /** Name of a planner of the catalog; default the one that profile and suite choose. */
  readonly planner?: string | undefined;
}

/**
 * Resolves a choice into validated, frozen settings: the profile's values, then what the suite and the method change of
 * them, then `a.b=c` assignments. What is of no use to the choice, such as the settings of a planner of one's own that is
 * not chosen, is left out; see `savedCatalog`.
 * @throws UsageError on an unknown name, an ill-typed or out-of-range value; InputError where the defaults of the suite or
 *   the method are to blame
 */
export function resolveSettings(
  choice: SettingsChoice,
  assignments: readonly string[],
  catalog: SettingsCatalog,
): Settings {
  return withoutUnchosen(resolveAll(choice, assignments, catalog), catalog);
}

function withoutUnchosen(settings: Settings, catalog: SettingsCatalog): Settings {
  return parseSettings(savedPart(settings, catalog), "settings", savedCatalog(settings, catalog));
}

/** `resolveSettings` with the settings of all methods and planners of the catalog, chosen or not. */
export function resolveAll(
  choice: SettingsChoice,
  assignments: readonly string[],
  catalog: SettingsCatalog,
): Settings {
  const { suite, seed, planner } = choice;
  const profile = oneOf("profile", choice.profile, PROFILES);
  const method = findNamed("method", choice.method, catalog.methods);
  if (planner !== undefined) findNamed("planner", planner, catalog.planners);
  const draft: Record<string, unknown> = {
    suite: suite.name,
    method: method.name,
    profile,
    seed,
    tasks: suite.tasks.length,
    ...defaultGroups(profile, suite, catalog),
  };
  const ofSuite = suite.defaults?.[profile] ?? [];
  const ofMethod = method.defaults?.[profile] ?? [];
  assignDefaults(draft, ofSuite, `the defaults of suite ${suite.name}`, catalog);
  assignDefaults(draft, ofMethod, `the defaults of method ${method.name}`, catalog);
  if (planner !== undefined) assign(draft, `planner.name=${JSON.stringify(planner)}`);
  assignGiven(draft, assignments);
  const { loop } = draft;
  if (isGroup(loop)) loop.schedule = numberedTasks(loop.schedule, suite.tasks);
  const settings = parseSettings(draft, "settings", catalog);
  if (settings.tasks > suite.tasks.length) {
    throw new UsageError({
      what: "Setting tasks is out of range",
      got: String(settings.tasks),
      expected: `at most ${suite.tasks.length}, the tasks of suite ${suite.name}`,
      todo: "Leave it out to learn all of them",
    });
  }
  checkOfSuite(settings, suite);
  checkSchedule(
    settings,
    suite.tasks.map(({ name }) => name),
    method,
  );
  checkEvaluatedTasks(settings);
  checkPrecision(settings);
  method.checkSettings?.(settings);
  return settings;
}

/** Every group of settings at the values of a profile, or else at the defaults of its fields. */
function defaultGroups(
  profile: Profile,
  { tasks }: SettingsChoice["suite"],
  { methods, planners }: SettingsCatalog,
): Record<string, unknown> {
  const values = structuredClone(PROFILE_VALUES[profile]);
  const own = methods.flatMap(({ name, settings }) =>
    settings === undefined ? [] : [[name, { ...defaultValues(settings) }] as const],
  );
  return {
    ...values,
    ...Object.fromEntries(own),
    planner: {
      ...plannerDefaults(planners),
      ...values.planner,
      scaleActions: !tasks.every(({ spec }) => isUnitScaled(spec.action)),
      holdReward: false,
      precision: "float32",
    },
  };
}

function plannerDefaults(planners: SettingsCatalog["planners"]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { settings } of planners) Object.assign(values, defaultValues(settings));
  return values;
}

/**
 * Settings with another planner, or other settings of it, for where nothing is learned any more. What only a planner has
 * that the catalog lacks is left out.
 * @param planner name of another planner
 * @param assignments `planner.…=…` alone
 * @throws UsageError on any other name, an ill-typed or out-of-range value
 */
export function changePlanner(
  settings: Settings,
  planner: string | undefined,
  assignments: readonly string[],
  catalog: SettingsCatalog,
): Settings {
  const defaults = plannerDefaults(catalog.planners);
  const kept = Object.entries(structuredClone(settings.planner)).filter(
    ([key]) => PLANNING_NAMES.includes(key) || Object.hasOwn(defaults, key),
  );
  const group = { ...defaults, ...Object.fromEntries(kept), name: planner ?? settings.planner.name };
  const draft: Record<string, unknown> = { ...structuredClone(settings), planner: group };
  for (const assignment of assignments) {
    if (!assignment.trimStart().startsWith("planner.")) {
      throw new UsageError({
        what: "Only the planner of a run that has learned can be changed",
        got: `"${assignment}"`,
        expected: "planner.name=value, for example planner.samples=200",
        todo: "Begin a run with `hypercrl train --set` to change anything else",
      });
    }
  }
  assignGiven(draft, assignments);
  const { methods } = savedCatalog(settings, catalog);
  const changed = parseSettings(draft, "the planner settings", { methods, planners: catalog.planners });
  checkPrecision(changed);
  return withoutUnchosen(changed, catalog);
}

/**
 * Checks the defaults that a suite and a method have for the profiles.
 * @throws InputError that names whose are wrong
 */
export function checkDefaults(
  suite: SettingsChoice["suite"],
  method: string,
  catalog: SettingsCatalog,
): void {
  for (const profile of PROFILES) resolveAll({ suite, method, profile, seed: 1 }, [], catalog);
}
