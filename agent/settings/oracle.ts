import { InputError, UsageError } from "../../sim/core/errors.js";
import type { TaskSuite } from "../../sim/task.js";
import { changePlanner, resolveSettings } from "./resolve.js";
import type { Settings, SettingsCatalog } from "./schema.js";

/** How the oracle plans. */
export interface OracleSettings {
  /** Those of a run of the suite with the oracle's planner; what learns is of no use to it. */
  readonly settings: Settings;
  /** Whether a plan's last reward counts once more for every step that the episode goes on after it. */
  readonly holdReward: boolean;
}

/** The one setting that is the oracle's own, beside those of planners. */
const HOLD_REWARD = "oracle.holdReward";

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
 * What the oracle plans with: defaults, then what the suite says of it, then what is asked for.
 * @param given a planner's name and assignments `planner.…=…` or `oracle.holdReward=…`, of a call
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
): OracleSettings {
  // Nothing of the suite's own defaults: those are for models that are learned.
  const choice = {
    suite: { name: suite.name, tasks: suite.tasks },
    method: catalog.methods[0]!.name,
    profile: "quick",
    seed: given.seed,
  };
  const base = { settings: resolveSettings(choice, DEFAULTS, catalog), holdReward: false };
  const own = changed(base, undefined, suite.oracle ?? [], catalog, suite.name);
  return changed(own, given.planner, given.assignments, catalog);
}

function changed(
  before: OracleSettings,
  planner: string | undefined,
  assignments: readonly string[],
  catalog: SettingsCatalog,
  suite?: string,
): OracleSettings {
  const nameOf = (assignment: string) => assignment.split("=")[0]?.trim() ?? "";
  const isHold = (assignment: string) => nameOf(assignment) === HOLD_REWARD;
  const others = assignments.filter((assignment) => !isHold(assignment));
  try {
    const odd = others.find((assignment) => !nameOf(assignment).startsWith("planner."));
    if (odd !== undefined) throw notOfTheOracle(odd);
    return {
      settings: changePlanner(before.settings, planner, others, catalog),
      holdReward: assignments.filter(isHold).reduce((_, text) => truth(text), before.holdReward),
    };
  } catch (cause) {
    if (suite === undefined || !(cause instanceof UsageError)) throw cause;
    throw new InputError({
      ...cause.details,
      what: `${cause.details.what} in the oracle of suite ${suite}`,
      cause,
    });
  }
}

function notOfTheOracle(assignment: string): UsageError {
  return new UsageError({
    what: "The oracle has no such setting",
    got: `"${assignment}"`,
    expected: `planner.name=value, for example planner.samples=32, or ${HOLD_REWARD}=true`,
    todo: "Leave it out: the oracle learns nothing",
  });
}

function truth(assignment: string): boolean {
  const value = assignment.split("=")[1]?.trim();
  if (value === "true" || value === "false") return value === "true";
  throw new UsageError({
    what: `Setting ${HOLD_REWARD} is not valid`,
    got: `"${assignment}"`,
    expected: "true or false",
  });
}
