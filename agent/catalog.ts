import type { PlannerDefinition } from "../planners/types.js";
import { UsageError } from "../sim/core/errors.js";
import { findNamed } from "../sim/core/one-of.js";
import type { TaskSuite } from "../sim/task.js";
import type { Method } from "./methods/method.js";
import { PLANNING_NAMES } from "./settings/planning-fields.js";
import { RESERVED_NAMES, type Settings } from "./settings/schema.js";

/** What runs can be made of: the suites, methods and planners that names in the settings refer to. */
export interface Catalog {
  readonly suites: readonly TaskSuite[];
  readonly methods: readonly Method[];
  readonly planners: readonly PlannerDefinition[];
  /**
   * URLs of modules that export a method of one's own as their default, by the method's name. With `loop.trainLag` a
   * thread of its own must import it; methods of the package need none.
   */
  readonly methodModules?: Readonly<Record<string, string>>;
}

/** What one run learns and plans with. */
export interface Parts {
  readonly method: Method;
  /** Its module, see `Catalog.methodModules`. */
  readonly methodModule: string | undefined;
  readonly planner: PlannerDefinition;
}

/** The method and planner that settings name. @throws UsageError when the catalog does not have one */
export function partsOf(catalog: Omit<Catalog, "suites">, settings: Settings): Parts {
  const { method, planner } = settings;
  return {
    method: findNamed("method", method, catalog.methods),
    methodModule: catalog.methodModules?.[method],
    planner: findNamed("planner", planner.name, catalog.planners),
  };
}

/**
 * A catalog with more in it; the one given stays as it is.
 * @example
 * const catalog = extendCatalog(builtinCatalog, { suites: [mySuite], methods: [myMethod] });
 * @throws UsageError when a name is taken, two of a suite's tasks share a name, or a planner's setting has the name of
 *   another planner's without being the same field
 */
export function extendCatalog(catalog: Catalog, more: Partial<Catalog>): Catalog {
  const { suites = [], methods = [], planners = [], methodModules = {} } = more;
  const extended: Catalog = {
    suites: [...catalog.suites, ...suites],
    methods: [...catalog.methods, ...methods],
    planners: [...catalog.planners, ...planners],
    methodModules: { ...catalog.methodModules, ...methodModules },
  };
  checkNames("task suites", extended.suites);
  checkNames("methods", extended.methods);
  checkNames("planners", extended.planners);
  for (const suite of suites) checkNames(`tasks of suite ${suite.name}`, suite.tasks);
  for (const method of methods) checkGroup(method);
  for (const planner of planners) checkFields(planner, extended.planners);
  return extended;
}

function checkNames(what: string, named: readonly { readonly name: string }[]): void {
  const names = named.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new UsageError({
    what: `Two ${what} have the same name`,
    got: `"${twice}" twice`,
    expected: "unique names",
    todo: "Rename one of them",
  });
}

/** A method's own settings are the group of its name, which must not be one of all methods. */
function checkGroup({ name }: Method): void {
  if (!RESERVED_NAMES.includes(name)) return;
  throw new UsageError({
    what: "A method has the name of a group of settings",
    got: `"${name}"`,
    expected: `another name than ${RESERVED_NAMES.join(", ")}`,
    todo: "Rename the method: its own settings are the group of its name",
  });
}

function checkFields(planner: PlannerDefinition, others: readonly PlannerDefinition[]): void {
  for (const [name, field] of Object.entries(planner.settings)) {
    const owner = others.find(({ settings }) => Object.hasOwn(settings, name) && settings[name] !== field);
    if (owner === undefined && !PLANNING_NAMES.includes(name)) continue;
    throw new UsageError({
      what: `Setting ${name} of planner ${planner.name} has a name that is taken`,
      got: owner === undefined ? `planner.${name}` : `planner.${name} of planner ${owner.name}`,
      expected: "another name, or the very field that planners share",
      todo: "Take shared settings from plannerFields, for example { samples: plannerFields.samples }",
    });
  }
}
