import { z } from "zod";
import type { Method } from "../../agent/methods/method.js";
import type { PlannerDefinition } from "../../planners/types.js";
import { firstOf } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { inWords } from "../../sim/core/in-words.js";
import { DEFAULTS_EXPECTED, isProfileDefaults } from "../../sim/core/profiles.js";
import { fieldDescription } from "../../sim/core/setting-fields.js";
import { isLine } from "../../sim/core/shown.js";
import { GUARDED_FACTORY, guarded } from "./guarded.js";
import { checkMembers, importModule, type ModuleKind, type Requirement } from "./module-file.js";

/** What the module of a method is. */
export const METHOD_MODULE: ModuleKind = { name: "method", guide: "docs/guides/own-method.md" };
/** What the module of a planner is. */
export const PLANNER_MODULE: ModuleKind = { name: "planner", guide: "docs/guides/own-planner.md" };

const isBoolean = (value: unknown) => typeof value === "boolean";
const isFunction = (value: unknown) => typeof value === "function";
const optional = (holds: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || holds(value);
const isName = (value: unknown) => typeof value === "string" && /^[\w-]+$/.test(value);

const NAMED: readonly Requirement[] = [
  { member: "name", expected: "letters, digits, dashes and underscores", holds: isName },
  { member: "summary", expected: "one line that says what it does", holds: isLine },
];
const METHOD: readonly Requirement[] = [
  ...NAMED,
  {
    member: "create",
    expected: "a function (options, settings, own) that makes a Learner",
    holds: isFunction,
  },
  { member: "trainsWithKernel", expected: "true, false or nothing", holds: optional(isBoolean) },
  { member: "ownMembers", expected: "true, false or nothing", holds: optional(isBoolean) },
  { member: "revisits", expected: "true, false or nothing", holds: optional(isBoolean) },
  { member: "checkSettings", expected: "a function, or nothing", holds: optional(isFunction) },
  { member: "sharesBase", expected: "a function, or nothing", holds: optional(isFunction) },
  { member: "networkShape", expected: "a function, or nothing", holds: optional(isFunction) },
  { member: "defaults", expected: DEFAULTS_EXPECTED, holds: isProfileDefaults },
];
const PLANNER: readonly Requirement[] = [
  ...NAMED,
  {
    member: "create",
    expected: "a function (problem, settings, rng) that makes a Planner",
    holds: isFunction,
  },
];

/**
 * Loads the method that a module exports as its default.
 * @returns it, with the URL that a thread can import it from
 * @throws InputError when there is no such module, it cannot be loaded, or what is missing of a method
 */
export async function loadMethod(path: string): Promise<{ method: Method; url: string }> {
  const { value, url } = await importModule(path, METHOD_MODULE);
  checkMembers(value, path, METHOD_MODULE, METHOD);
  const method = value as Method;
  if (method.settings !== undefined) checkFields(method.settings, path, METHOD_MODULE);
  return { method: guarded(method, GUARDED_FACTORY, { module: path, kind: METHOD_MODULE.name }), url };
}

/**
 * Loads the planner that a module exports as its default.
 * @throws InputError when there is no such module, it cannot be loaded, or what is missing of a planner
 */
export async function loadPlanner(path: string): Promise<PlannerDefinition> {
  const { value } = await importModule(path, PLANNER_MODULE);
  checkMembers(value, path, PLANNER_MODULE, PLANNER);
  const planner = value as PlannerDefinition;
  checkFields(planner.settings, path, PLANNER_MODULE);
  return guarded(planner, GUARDED_FACTORY, { module: path, kind: PLANNER_MODULE.name });
}

const FIELDS_EXPECTED =
  'z.….default(…).describe("…") for each setting, with the z that hypercrl exports; {} without any';

/** Settings are zod types of this package's zod, each with a default that it allows and a description. */
function checkFields(settings: unknown, path: string, { name, guide }: ModuleKind): void {
  const wrong = (got: string, expected = FIELDS_EXPECTED) =>
    new InputError({
      what: `${path} exports a ${name} whose settings cannot be used`,
      got,
      expected,
      todo: `${guide} says what a ${name} module is`,
    });
  if (typeof settings !== "object" || settings === null)
    throw wrong(`settings that are ${inWords(settings)}`);
  for (const [key, field] of Object.entries(settings)) {
    if (!(field instanceof z.ZodDefault)) throw wrong(`${key} without a default`);
    if (!fieldDescription(field)) throw wrong(`${key} without a description`);
    const value = field.def.defaultValue;
    const checked = z.safeParse(field.def.innerType, value);
    if (checked.success) continue;
    const { message } = firstOf(checked.error.issues, "problems");
    throw wrong(`${key} with the default ${inWords(value)}`, `a default that the setting allows: ${message}`);
  }
}
