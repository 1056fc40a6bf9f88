import type { Catalog } from "../../agent/catalog.js";
import { parseSettings } from "../../agent/settings/parse.js";
import { savedCatalog } from "../../agent/settings/saved-catalog.js";
import type { Settings } from "../../agent/settings/schema.js";
import { InputError, UsageError } from "../../sim/core/errors.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import type { GivenParts } from "./given-parts.js";

/**
 * The suite a run was made with.
 * @param given the suite of the call; without one it is looked up by its name
 * @throws InputError when it is another one, or not known here
 */
export function suiteOfRun(
  folder: string,
  settings: Settings,
  { suite: given, catalog }: Pick<GivenParts, "suite" | "catalog">,
): TaskSuite {
  const among = given === undefined ? catalog.suites : [given];
  const suite = among.find(({ name }) => name === settings.suite);
  if (suite !== undefined && settings.tasks <= suite.tasks.length) return suite;
  throw new InputError({
    what: `Run ${folder} was made with another task suite`,
    got: `suite "${settings.suite}" with ${settings.tasks} tasks`,
    expected: `one of ${known(among)}`,
    todo: "Give the module of the suite with --suite, or call train() with the suite",
  });
}

/**
 * A run's settings, checked with its own method and planner.
 * @throws InputError when the method is another one or not known here, the planner is not known here, or they have other
 *   settings than when the run was made
 */
export function settingsOfRun(folder: string, settings: Settings, given: GivenParts): Settings {
  checkMethod(folder, settings, given);
  checkPlanner(folder, settings, given);
  return strictSettings(folder, settings, given.catalog);
}

/** @throws InputError when the run's method is not the one given, or not known here */
export function checkMethod(folder: string, { method }: Settings, given: GivenParts): void {
  checkSame("method", folder, method, given);
  checkKnown("method", folder, method, given.catalog);
}

/** @throws InputError when the run's method or planner is another one than is given */
export function checkSame(
  part: "method" | "planner",
  folder: string,
  name: string,
  { [part]: given }: GivenParts,
): void {
  if (given === undefined || given === name) return;
  throw new InputError({
    what: `Run ${folder} was made with another ${part}`,
    got: `${part} "${name}"`,
    expected: `"${given}", as given`,
    todo: `Give the module that the run's ${part} came from with --${part}, or leave it out`,
  });
}

/** @throws InputError when the run's planner is not known here */
export function checkPlanner(folder: string, { planner }: Settings, given: GivenParts): void {
  checkKnown("planner", folder, planner.name, given.catalog);
}

function checkKnown(part: "method" | "planner", folder: string, name: string, catalog: Catalog): void {
  const names = catalog[`${part}s`].map((one) => one.name);
  if (names.includes(name)) return;
  throw new InputError({
    what: `Run ${folder} was made with a ${part} that is not known here`,
    got: `${part} "${name}"`,
    expected: `one of ${names.join(", ")}`,
    todo: `Give the module of the ${part} with --${part}, or call train() with the ${part}`,
  });
}

function strictSettings(folder: string, settings: Settings, catalog: Catalog): Settings {
  try {
    return parseSettings(settings, "settings", savedCatalog(settings, catalog));
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const { what, got, expected } = cause.details;
    throw new InputError({
      what: `${what} in run ${folder}`,
      ...(got !== undefined && { got }),
      expected: expected ?? "the settings that its method and planner have here",
      todo: "Give the modules of its method and planner as they were when the run began, or begin a new run",
      cause,
    });
  }
}

/** The task that an episode was recorded in. @throws InputError when none of the suites has it */
export function taskOfEpisode(
  path: string,
  { suite, task }: { readonly suite: string; readonly task: string },
  suites: readonly TaskSuite[],
): Task {
  const found = suites.find(({ name }) => name === suite)?.tasks.find(({ name }) => name === task);
  if (found !== undefined) return found;
  throw new InputError({
    what: `Episode ${path} belongs to a task that is not known here`,
    got: `task "${task}" of suite "${suite}"`,
    expected: `a task of ${known(suites)}; \`hypercrl tasks\` lists them`,
    todo: "Give the module of the suite with --suite; without --verify the episode can still be read",
  });
}

function known(suites: readonly TaskSuite[]): string {
  return suites.map(({ name, tasks }) => `${name} (${tasks.length} tasks)`).join(", ");
}
