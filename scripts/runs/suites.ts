import type { Settings } from "../../agent/settings/schema.js";
import { InputError } from "../../sim/core/errors.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import { createRegistry, type SuiteRegistry } from "../../tasks/registry.js";

/** The suites that names refer to, unless a call brings its own registry. */
export const defaultRegistry: SuiteRegistry = createRegistry();

/**
 * Makes a suite known by its name to `train`, for the rest of the process.
 * @throws UsageError when the name is taken, or two of the suite's tasks share a name
 */
export function registerSuite(suite: TaskSuite): void {
  defaultRegistry.register(suite);
}

/** The suite a run was made with. @throws InputError when this installation does not know it */
export function suiteOfRun(folder: string, settings: Settings, registry = defaultRegistry): TaskSuite {
  const suite = findQuietly(settings.suite, registry);
  if (suite !== undefined && settings.tasks <= suite.tasks.length) return suite;
  throw new InputError({
    what: `Run ${folder} was made with another task suite`,
    got: `suite "${settings.suite}" with ${settings.tasks} tasks`,
    expected: `one of ${known(registry)}`,
    todo: "Give the module of the suite with --suite, or call train() with the suite",
  });
}

/** The task that an episode was recorded in. @throws InputError when this installation does not know it */
export function taskOfEpisode(
  path: string,
  { suite, task }: { readonly suite: string; readonly task: string },
  registry = defaultRegistry,
): Task {
  const found = findQuietly(suite, registry)?.tasks.find(({ name }) => name === task);
  if (found !== undefined) return found;
  throw new InputError({
    what: `Episode ${path} belongs to a task that is not known here`,
    got: `task "${task}" of suite "${suite}"`,
    expected: `a task of ${known(registry)}; \`hypercrl tasks\` lists them`,
    todo: "Give the module of the suite with --suite; without --verify the episode can still be read",
  });
}

function findQuietly(name: string, registry: SuiteRegistry): TaskSuite | undefined {
  return registry.list().find((suite) => suite.name === name);
}

function known(registry: SuiteRegistry): string {
  return registry
    .list()
    .map(({ name, tasks }) => `${name} (${tasks.length} tasks)`)
    .join(", ");
}
