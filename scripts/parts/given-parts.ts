import { type Catalog, extendCatalog } from "../../agent/catalog.js";
import type { Method } from "../../agent/methods/method.js";
import { checkDefaults } from "../../agent/settings/resolve.js";
import type { PlannerDefinition } from "../../planners/types.js";
import { firstOf } from "../../sim/core/element.js";
import type { TaskSuite } from "../../sim/task.js";
import { builtinCatalog } from "./catalog.js";
import { blamingModule } from "./module-file.js";
import { isModulePath } from "./module-path.js";
import { loadMethod, loadPlanner, METHOD_MODULE, PLANNER_MODULE } from "./part-files.js";
import { suiteFrom } from "./suite-file.js";

/** How a call names what a run is made of: by a name of the catalog, by the path of a module, or as the thing itself. */
export interface PartOptions {
  /** A suite's name, the path of a module that exports one (`./my-suite.mjs`), or a suite. */
  readonly suite?: string | TaskSuite;
  /** A method's name, the path of a module that exports one (`./my-method.mjs`), or a method. */
  readonly method?: string | Method;
  /** A planner's name, the path of a module that exports one (`./my-planner.mjs`), or a planner. */
  readonly planner?: string | PlannerDefinition;
  /** Go on with a run although files of its suite have changed since it began; without, that is an error. */
  readonly acceptChangedSuite?: boolean;
  /** What names refer to; default what comes with the package. */
  readonly catalog?: Catalog;
}

/** What a call gave, loaded; undefined where it gave nothing. */
export interface GivenParts {
  /** The catalog of the call, with the method and the planner that were given in it. */
  readonly catalog: Catalog;
  readonly suite: TaskSuite | undefined;
  /** Name of a method, perhaps one that the catalog does not have. */
  readonly method: string | undefined;
  /** Name of a planner, perhaps one that the catalog does not have. */
  readonly planner: string | undefined;
}

/**
 * Loads what a call gives.
 * @throws InputError for a module that is missing, exports something else, or whose names are taken; UsageError when the
 *   name of an object is taken, or there is no suite of a name
 */
export async function gatherParts(options: PartOptions): Promise<GivenParts> {
  const { catalog = builtinCatalog } = options;
  const [withMethod, method] = await addMethod(catalog, options.method);
  const [withPlanner, planner] = await addPlanner(withMethod, options.planner);
  const suite = options.suite === undefined ? undefined : await suiteFrom(options.suite, withPlanner);
  if (typeof options.method === "string" && method !== undefined && isModulePath(options.method)) {
    const { name, tasks } = suite ?? firstOf(withPlanner.suites, "suites");
    blamingModule(options.method, METHOD_MODULE, () => checkDefaults({ name, tasks }, method, withPlanner));
  }
  return { catalog: withPlanner, suite, method, planner };
}

type Added = readonly [Catalog, name: string | undefined];

async function addMethod(catalog: Catalog, given: PartOptions["method"]): Promise<Added> {
  if (typeof given === "string") {
    if (!isModulePath(given)) return [catalog, given];
    const { method, url } = await loadMethod(given);
    const { name } = method;
    const extended = blamingModule(given, METHOD_MODULE, () =>
      extendCatalog(catalog, { methods: [method], methodModules: { [name]: url } }),
    );
    return [extended, name];
  }
  if (given === undefined || catalog.methods.includes(given)) return [catalog, given?.name];
  return [extendCatalog(catalog, { methods: [given] }), given.name];
}

async function addPlanner(catalog: Catalog, given: PartOptions["planner"]): Promise<Added> {
  if (typeof given === "string") {
    if (!isModulePath(given)) return [catalog, given];
    const planner = await loadPlanner(given);
    const extended = blamingModule(given, PLANNER_MODULE, () =>
      extendCatalog(catalog, { planners: [planner] }),
    );
    return [extended, planner.name];
  }
  if (given === undefined || catalog.planners.includes(given)) return [catalog, given?.name];
  return [extendCatalog(catalog, { planners: [given] }), given.name];
}
