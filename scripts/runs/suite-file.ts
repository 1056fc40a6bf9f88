import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { graphRewards } from "../../agent/rollout/graph-reward.js";
import { InputError } from "../../sim/core/errors.js";
import type { TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { checkSuite } from "../../tasks/conformance/conformance.js";
import { createRegistry } from "../../tasks/registry.js";
import { isSuiteFile } from "./suite-path.js";
import { defaultRegistry } from "./suites.js";

/**
 * Loads the suite that a module exports as its default, and checks every task against every rule of
 * docs/guides/own-suite.md: what breaks one would fail hours into a run, or not be noticed at all.
 * @throws InputError when there is no such module, it cannot be loaded or breaks a rule; UsageError when its name is
 *   that of a suite of the package
 */
export async function loadSuite(path: string): Promise<TaskSuite> {
  const file = resolve(path);
  const todo = "docs/guides/own-suite.md says what a suite module is";
  if (!existsSync(file)) {
    throw new InputError({ what: `${path} is missing`, expected: "a module that exports a suite", todo });
  }
  await initPhysics();
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (cause) {
    throw new InputError({
      what: `${path} cannot be loaded`,
      got: `the error "${text(cause)}"`,
      todo,
      cause,
    });
  }
  const suite = await checkSuite(module.default, path, graphRewards);
  createRegistry().register(suite);
  return suite;
}

/**
 * A suite as given: itself, the registered one of that name, or the one that a module exports.
 * @throws UsageError with the nearest name when there is none of that name; otherwise as `loadSuite`
 */
export async function suiteFrom(given: string | TaskSuite): Promise<TaskSuite> {
  if (typeof given !== "string") return given;
  return isSuiteFile(given) ? loadSuite(given) : defaultRegistry.find(given);
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
