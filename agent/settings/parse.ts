import { z } from "zod";
import { builtinPlanners } from "../../planners/registry.js";
import { elementAt } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import type { SettingFields } from "../../sim/core/setting-fields.js";
import { checkTasksVisited } from "./check-schedule.js";
import { PLANNING_NAMES } from "./planning-fields.js";
import { savedCatalog } from "./saved-catalog.js";
import {
  type MethodSettings,
  RESERVED_NAMES,
  type Settings,
  type SettingsCatalog,
  settingsSchema,
} from "./schema.js";

/** What to do about a setting that is wrong. */
export const SETTINGS_TODO = "`hypercrl settings` lists every setting with its meaning and defaults";

/**
 * Validates a plain object as settings.
 * @param source where it comes from, for messages
 * @throws UsageError naming the first field that is wrong
 */
export function parseSettings(value: unknown, source: string, catalog: SettingsCatalog): Settings {
  const schema = settingsSchema(catalog);
  const result = schema.safeParse(value);
  // The groups are those of `Settings`, and what the catalog adds.
  if (result.success) return deepFreeze(result.data as object as Settings);
  throw wrongSettings(value, source, elementAt(result.error.issues, 0, "issues"), schema);
}

/**
 * Validates settings that were saved by a run, also where the run's own method and planner are not at hand: what only
 * they know is taken as it is.
 * @throws UsageError naming the first field that is wrong, or for visits that cannot be those of the run
 */
export function parseSavedSettings(value: unknown, source: string): Settings {
  const catalog = { methods: methodsIn(value), planners: plannersIn(value) };
  const settings = parseSettings(value, source, isGroup(value) ? savedCatalog(value, catalog) : catalog);
  checkTasksVisited(settings);
  return settings;
}

/** Every method that settings name or have a group for, without knowledge of it. */
function methodsIn(value: unknown): MethodSettings[] {
  if (!isGroup(value)) return [];
  const own = Object.entries(value).flatMap(([name, group]) =>
    RESERVED_NAMES.includes(name) || !isGroup(group)
      ? []
      : [{ name, settings: anyFields(Object.keys(group)) }],
  );
  const { method } = value;
  const known = typeof method !== "string" || own.some(({ name }) => name === method);
  return known ? own : [...own, { name: method }];
}

/** The planners of the package, and the one that settings name when it is another. */
function plannersIn(value: unknown): SettingsCatalog["planners"] {
  const planner = isGroup(value) && isGroup(value.planner) ? value.planner : {};
  const { name } = planner;
  if (typeof name !== "string" || builtinPlanners.some((one) => one.name === name)) return builtinPlanners;
  const known = new Set(builtinPlanners.flatMap((one) => Object.keys(one.settings)));
  const own = anyFields(
    Object.keys(planner).filter((key) => !PLANNING_NAMES.includes(key) && !known.has(key)),
  );
  return [...builtinPlanners, { name, settings: own }];
}

const anyFields = (names: readonly string[]): SettingFields =>
  Object.fromEntries(names.map((name) => [name, z.unknown().default(null)]));

function wrongSettings(
  value: unknown,
  source: string,
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
): UsageError {
  const path = issue.path.join(".");
  const todo = SETTINGS_TODO;
  if (issue.code === "unrecognized_keys") {
    const what = `Unknown key in ${source}${path && ` at ${path}`}`;
    return new UsageError({ what, got: issue.keys.join(", "), todo });
  }
  return new UsageError({
    what: path === "" ? `There are no settings in ${source}` : `Setting ${path} is not valid`,
    ...gotAndExpected(value, issue),
    ...allKinds(schema, issue.path),
    todo,
  });
}

/** What stands in a value at the place of an issue, and what its schema wants there. */
export function gotAndExpected(
  value: unknown,
  issue: z.core.$ZodIssue,
): { readonly got: string; readonly expected: string } {
  const got = JSON.stringify(valueAt(value, issue.path)) ?? "nothing";
  return { got, expected: expectedBy(issue) };
}

/** How messages begin that a schema has no words of its own for. */
const WITHOUT_OWN_WORDS = /^(?:Invalid input|Too small|Too big): expected /;

/** Kinds of values for people. */
const KINDS: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** What a schema wants, in its own words or plain ones; of one that takes several kinds of values, all of them. */
function expectedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    return [...new Set(issue.errors.flat().map(expectedBy))].join(" or ");
  }
  if (issue.code === "invalid_value") return oneOfWords(issue.values);
  const said = issue.message.replace(/^[^:]*: expected /, "");
  if (!WITHOUT_OWN_WORDS.test(issue.message)) return said;
  if (issue.code === "invalid_type") return KINDS[issue.expected] ?? issue.expected;
  const [, kind, sign = "", limit] = /^(number|int|array) to (?:be|have) ([<>]=?)(\S+)/.exec(said) ?? [];
  const words = { ">=": "of at least", ">": "above", "<=": "of at most", "<": "below" }[sign];
  return words === undefined ? said : `a ${kind === "array" ? "list" : "number"} ${words} ${limit}`;
}

function oneOfWords(values: readonly unknown[]): string {
  const words = values.map(String);
  return words.length === 1 ? words.join("") : `one of ${words.join(", ")}`;
}

/** A setting is named by its group and its own name, or by its name alone; what follows in a path is within its value. */
const NAME_PARTS = 2;

/** A value that no setting takes. */
const OF_NO_KIND = Symbol("of no kind");

/**
 * What a setting that takes several kinds of values says in its own words of all of them. The issue speaks of one kind alone where
 * the value is of that kind and out of its range; of a value of no kind a schema says what all of them are.
 */
function allKinds(schema: z.ZodType, path: readonly PropertyKey[]): { readonly expected?: string } {
  const field = fieldAt(schema, path.slice(0, NAME_PARTS).map(String));
  const kinds = field instanceof z.ZodDefault ? field.unwrap() : field;
  if (!(kinds instanceof z.ZodUnion) || kinds.def.error === undefined) return {};
  const { message } = elementAt(kinds.safeParse(OF_NO_KIND).error?.issues ?? [], 0, "issues");
  return { expected: message };
}

/** The type of the setting at a path; undefined where there is none. */
export function fieldAt(schema: z.ZodType, path: readonly string[]): z.ZodType | undefined {
  let field: unknown = schema;
  for (const key of path) {
    if (!(field instanceof z.ZodObject) || !Object.hasOwn(field.shape, key)) return undefined;
    field = field.shape[key];
  }
  return field instanceof z.ZodType ? field : undefined;
}

/** The value at a path of keys; undefined where there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** Whether something is a plain object, not a list. */
export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const v of Object.values(value)) deepFreeze(v);
    Object.freeze(value);
  }
  return value;
}
