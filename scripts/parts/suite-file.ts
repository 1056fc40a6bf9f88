import { type Catalog, extendCatalog } from "../../agent/catalog.js";
import { graphRewards } from "../../agent/rollout/graph-reward.js";
import { oracleSettings } from "../../agent/settings/oracle.js";
import { checkDefaults } from "../../agent/settings/resolve.js";
import { firstOf } from "../../sim/core/element.js";
import { findNamed } from "../../sim/core/one-of.js";
import type { TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { checkSuite } from "../../tasks/conformance/conformance.js";
import { builtinCatalog } from "./catalog.js";
import { foreignCall } from "./foreign-calls.js";
import { GUARDED_SUITE, guarded } from "./guarded.js";
import { blamingModule, importModule } from "./module-file.js";
import { isModulePath } from "./module-path.js";

const SUITE_MODULE = { name: "suite", guide: "docs/guides/own-suite.md" };

/**
 * Loads the suite that a module exports as its default, and checks every task against every rule of
 * docs/guides/own-suite.md, and its defaults for every profile: what breaks a rule would fail hours into a run, or not be
 * noticed at all.
 * @throws InputError when there is no such module, it cannot be loaded or breaks a rule, or its name is that of a suite of
 *   the catalog
 */
export async function loadSuite(path: string, catalog: Catalog = builtinCatalog): Promise<TaskSuite> {
  await initPhysics();
  const { value } = await importModule(path, SUITE_MODULE);
  const from = { module: path, kind: SUITE_MODULE.name };
  const checking = foreignCall({ ...from, hook: "Checking" });
  const suite = await checking.wait(checkSuite(value, path, graphRewards));
  blamingModule(path, SUITE_MODULE, () => {
    extendCatalog(catalog, { suites: [suite] });
    checkDefaults(suite, firstOf(catalog.methods, "methods").name, catalog);
    oracleSettings(suite, { seed: 1, assignments: [] }, catalog);
  });
  return guarded(suite, GUARDED_SUITE, from);
}

/**
 * A suite as given: itself, the one of that name in the catalog, or the one that a module exports.
 * @throws UsageError with the nearest name when there is none of that name; otherwise as `loadSuite`
 */
export async function suiteFrom(given: string | TaskSuite, catalog: Catalog): Promise<TaskSuite> {
  if (typeof given !== "string") return given;
  return isModulePath(given) ? loadSuite(given, catalog) : findNamed("task suite", given, catalog.suites);
}
