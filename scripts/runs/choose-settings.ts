import { z } from "zod";
import { type Catalog, partsOf } from "../../agent/catalog.js";
import { planningProblem } from "../../agent/policy.js";
import { CHOSEN_APART } from "../../agent/settings/assignments.js";
import { fieldAt } from "../../agent/settings/parse.js";
import { resolveSettings, type SettingsChoice } from "../../agent/settings/resolve.js";
import { type Settings, settingsSchema } from "../../agent/settings/schema.js";
import { createPlanner } from "../../planners/checked-planner.js";
import { firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { oneOf } from "../../sim/core/one-of.js";
import { Rng } from "../../sim/core/rng.js";
import { checkMemory, memoryOfRun } from "./memory-limit.js";

/** What of the machine a run may use. */
export interface RunLimits {
  /** Most memory that it may take, bytes; default 80 % of the machine's. */
  readonly memory?: number | undefined;
  /** Threads that plan, train and evaluate together; default the machine's cores, at most 4. */
  readonly threads?: number | undefined;
}

/** Settings that a call gives in place of others. */
export interface GivenSettings {
  /** By dotted name: `{ "planner.samples": 100 }`. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** The same as typed, `planner.samples=100`; applied after `settings`. */
  readonly assignments?: readonly string[] | undefined;
}

/** Settings by dotted name, then those as typed, as one list of assignments. */
export function assignmentsOf({ settings = {}, assignments = [] }: GivenSettings): string[] {
  const named = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [...named, ...assignments];
}

/**
 * `resolveSettings` for what people type: nearest names for settings that are one of a few words, no assignment to what
 * has an option of its own, and nothing that the planner refuses for the suite's tasks or that there is no memory for.
 * @throws UsageError
 */
export function chooseSettings(
  choice: SettingsChoice,
  assignments: readonly string[],
  catalog: Catalog,
  { memory, threads }: RunLimits = {},
): Settings {
  const schema = settingsSchema(catalog);
  for (const assignment of assignments) {
    const [name, value] = assignment.split("=", 2).map((part) => part.trim());
    if (name === undefined || value === undefined) continue;
    if (CHOSEN_APART.includes(name)) {
      throw new UsageError({
        what: `Setting ${name} is not chosen by assignment`,
        got: `"${assignment}"`,
        expected: `--${name} ${value || "VALUE"}, or the option \`${name}\` of train()`,
      });
    }
    const field = fieldAt(schema, name.split("."));
    if (field instanceof z.ZodEnum) {
      oneOf(`value of ${name}`, value.replace(/^"(.*)"$/, "$1"), field.options.map(String));
    }
  }
  const settings = resolveSettings(choice, assignments, catalog);
  const parts = partsOf(catalog, settings);
  checkMemory(memoryOfRun(choice.suite.tasks, settings, parts, threads), memory);
  // A planner checks its settings when it is made, and is checked itself: better now than when the first task is under way.
  const problem = planningProblem(firstOf(choice.suite.tasks, "tasks").spec, settings.planner);
  createPlanner(parts.planner, problem, settings.planner, Rng.fromSeed(settings.seed)).state();
  return settings;
}
