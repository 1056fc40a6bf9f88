import { InputError, UsageError } from "../../sim/core/errors.js";
import type { TaskSuite } from "../../sim/task.js";
import { refusedInt8 } from "../model/precision.js";
import { changePlanner, resolveSettings } from "./resolve.js";
import type { Settings, SettingsCatalog } from "./schema.js";

/** For suites that say nothing of it: a few dozen plans a step are enough where the model is right. */
const DEFAULTS: readonly string[] = [
  "planner.name=icem",
  "planner.horizon=20",
  "planner.samples=32",
  "planner.elites=8",
  "planner.iterations=3",
  "planner.initialStd=0.5",
];

/**
 * What the oracle plans with: defaults, then what the suite says of it, then what is asked for. The settings are those of a run
 * of the suite with the oracle's planner; what learns is of no use to it.
 * @param given a planner's name and assignments `planner.…=…` of a call
 * @throws UsageError on an unknown name or a value that cannot be; InputError where the suite is to blame
 */
export function oracleSettings(
  suite: Pick<TaskSuite, "name" | "tasks" | "oracle">,
  given: {
    readonly seed: number;
    readonly planner?: string | undefined;
    readonly assignments: readonly string[];
  },
  catalog: SettingsCatalog,
): Settings {
  // Nothing of the suite's own defaults: those are for models that are learned.
  const choice = {
    suite: { name: suite.name, tasks: suite.tasks },
    method: catalog.methods[0]!.name,
    profile: "quick",
    seed: given.seed,
  };
  const base = resolveSettings(choice, DEFAULTS, catalog);
  const own = changed(base, undefined, suite.oracle ?? [], catalog, suite.name);
  return changed(own, given.planner, given.assignments, catalog);
}

function changed(
  before: Settings,
  planner: string | undefined,
  assignments: readonly string[],
  catalog: SettingsCatalog,
  suite?: string,
): Settings {
  try {
    const odd = assignments.find((assignment) => !assignment.trimStart().startsWith("planner."));
    if (odd !== undefined) throw notOfTheOracle(odd);
    const changed = changePlanner(before, planner, assignments, catalog);
    checkWithoutDerivatives(changed, catalog);
    checkWithoutNetwork(changed);
    return changed;
  } catch (cause) {
    if (suite === undefined || !(cause instanceof UsageError)) throw cause;
    throw new InputError({
      ...cause.details,
      what: `${cause.details.what} in the oracle of suite ${suite}`,
      cause,
    });
  }
}

function checkWithoutDerivatives({ planner }: Settings, { planners }: SettingsCatalog): void {
  const refines = planners.some(({ name, settings }) => name === planner.name && "polishSteps" in settings);
  if (!refines || planner.polishSteps === 0) return;
  throw new UsageError({
    what: "Setting planner.polishSteps is not for the oracle",
    got: String(planner.polishSteps),
    expected: "0: the simulator gives no derivatives, which refining sequences needs",
    todo: "Leave it out",
  });
}

function checkWithoutNetwork({ planner: { precision } }: Settings): void {
  if (precision === "float32") return;
  throw refusedInt8("the oracle, which plans through the simulator", "a planner on a learned model");
}

function notOfTheOracle(assignment: string): UsageError {
  return new UsageError({
    what: "The oracle has no such setting",
    got: `"${assignment}"`,
    expected: "planner.name=value, for example planner.samples=32",
    todo: "Leave it out: the oracle learns nothing",
  });
}
