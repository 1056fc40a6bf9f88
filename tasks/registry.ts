import { closest } from "fastest-levenshtein";
import { UsageError } from "../sim/core/errors.js";
import type { TaskSuite } from "../sim/task.js";
import { cartPoleSuite } from "./cartpole/cartpole.js";
import { cheetahSuite } from "./cheetah/cheetah.js";
import { doorSuite } from "./door/door.js";
import { pushSuite } from "./push/push.js";
import { pushRandomSuite } from "./push/push-random.js";
import { pushSlideSuite } from "./push-slide/push-slide.js";
import { reacherSuite } from "./reacher/reacher.js";

/** The suites that come with the package. */
export const builtinSuites: readonly TaskSuite[] = [
  pushSuite,
  pushSlideSuite,
  doorSuite,
  cheetahSuite,
  pushRandomSuite,
  cartPoleSuite,
  reacherSuite,
];

/** A list of suites that the caller owns and may extend. */
export interface SuiteRegistry {
  /** @throws UsageError when the name is taken, or two of the suite's tasks share a name. */
  register(suite: TaskSuite): void;
  /** @throws UsageError with the nearest name when there is no such suite. */
  find(name: string): TaskSuite;
  /** All suites, in the order in which they were registered. */
  list(): readonly TaskSuite[];
}

/**
 * A registry that starts with the given suites.
 * @example
 * const registry = createRegistry();
 * registry.register({ name: "my-arm", description: "…", tasks: [myTask] });
 */
export function createRegistry(initial: readonly TaskSuite[] = builtinSuites): SuiteRegistry {
  const suites: TaskSuite[] = [];
  const registry: SuiteRegistry = {
    register: (suite) => {
      checkNames(
        [...suites, suite].map((s) => s.name),
        "Two task suites have the same name",
      );
      checkNames(
        suite.tasks.map((t) => t.name),
        `Two tasks of suite ${suite.name} have the same name`,
      );
      suites.push(suite);
    },
    find: (name) => findSuite(name, suites),
    list: () => [...suites],
  };
  for (const suite of initial) registry.register(suite);
  return registry;
}

/** @throws UsageError with the nearest name when there is no such suite. */
export function findSuite(name: string, among: readonly TaskSuite[] = builtinSuites): TaskSuite {
  const found = among.find((suite) => suite.name === name);
  if (found) return found;
  const names = among.map((suite) => suite.name);
  throw new UsageError({
    what: "There is no such task suite",
    got: `"${name}"`,
    expected: names.length > 0 ? names.join(", ") : "none is registered",
    ...(names.length > 0 && { todo: `Did you mean "${closest(name, names)}"?` }),
  });
}

function checkNames(names: readonly string[], what: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError({ what, got: `"${twice}" twice`, expected: "unique names" });
}
