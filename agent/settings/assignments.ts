import { InputError, UsageError } from "../../sim/core/errors.js";
import { oneOf } from "../../sim/core/one-of.js";
import { parseJson } from "../../sim/core/parse-json.js";
import { isGroup, parseSettings, SETTINGS_TODO } from "./parse.js";
import type { SettingsCatalog } from "./schema.js";

/** Settings that have an option of their own: assigned, they would contradict what was already taken from the choice. */
export const CHOSEN_APART: readonly string[] = ["suite", "method", "profile", "seed"];

/** What defaults must leave alone: how much of a suite is learned is for who learns it to say. */
const NO_DEFAULTS: readonly string[] = [...CHOSEN_APART, "tasks"];

/** Applies the defaults of a suite or a method. @throws InputError that names whose they are: the call is not to blame */
export function assignDefaults(
  draft: Record<string, unknown>,
  assignments: readonly string[],
  source: string,
  catalog: SettingsCatalog,
): void {
  if (assignments.length === 0) return;
  try {
    for (const assignment of assignments) {
      const name = assignedName(assignment);
      if (NO_DEFAULTS.includes(name)) throw notADefault(name, assignment);
      assign(draft, assignment);
    }
    parseSettings(draft, "the settings", catalog);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new InputError({ ...cause.details, what: `${cause.details.what} in ${source}`, cause });
  }
}

function notADefault(name: string, assignment: string): UsageError {
  return new UsageError({
    what: `Setting ${name} is not for defaults, but set`,
    got: `"${assignment}"`,
    expected: `settings other than ${NO_DEFAULTS.join(", ")}`,
    todo: "Take it out of the defaults: whoever starts a run chooses it",
  });
}

/** Applies what the user gave. @throws UsageError that says so */
export function assignGiven(draft: Record<string, unknown>, assignments: readonly string[]): void {
  try {
    for (const assignment of assignments) assign(draft, assignment);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new UsageError({ ...cause.details, what: `${cause.details.what} in --set`, cause });
  }
}

/** The name in `name=value`; all of the text where there is no `=`. */
function assignedName(assignment: string): string {
  return assignment.split("=", 1).join("").trim();
}

/** Sets one setting of a draft. @throws UsageError for what is no assignment of a setting; it does not say whose it is */
export function assign(draft: Record<string, unknown>, assignment: string): void {
  const at = assignment.indexOf("=");
  if (at < 1) {
    throw new UsageError({
      what: "Cannot read an assignment",
      got: `"${assignment}"`,
      expected: "name=value, for example planner.samples=200",
      todo: SETTINGS_TODO,
    });
  }
  const name = assignedName(assignment);
  oneOf("setting", name, settingNames(draft), SETTINGS_TODO);
  const value = parseValue(assignment.slice(at + 1).trim());
  const [key = name, inner] = name.split(".");
  const group = draft[key];
  if (inner !== undefined && isGroup(group)) group[inner] = value;
  else draft[key] = value;
}

/** Every leaf of a settings object, by its dotted name. */
export function settingEntries(value: object, prefix = ""): [name: string, value: unknown][] {
  return Object.entries(value).flatMap(([key, v]): [string, unknown][] =>
    isGroup(v) ? settingEntries(v, `${prefix}${key}.`) : [[prefix + key, v]],
  );
}

/** Dotted names of every leaf of a settings object. */
export function settingNames(value: object): string[] {
  return settingEntries(value).map(([name]) => name);
}

function parseValue(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // A bare word such as `icem` is a string.
    return text;
  }
}
