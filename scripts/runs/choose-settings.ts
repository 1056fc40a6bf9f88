import { z } from "zod";
import {
  oneOf,
  resolveSettings,
  type Settings,
  type SettingsChoice,
  settingsSchema,
} from "../../agent/settings/schema.js";
import { perAction } from "../../planners/sampling.js";
import { UsageError } from "../../sim/core/errors.js";
import type { TaskSuite } from "../../sim/task.js";

/** Chosen by options of their own: as an assignment they would contradict the defaults already taken. */
const CHOSEN_APART = ["suite", "method", "profile", "seed"];

/**
 * `resolveSettings` for what people type: nearest names for settings that are one of a few words, no assignment to what
 * has an option of its own, and lists as long as the suite needs them.
 * @throws UsageError
 */
export function chooseSettings(
  { suite, ...choice }: Omit<SettingsChoice, "suite" | "suiteTasks"> & { readonly suite: TaskSuite },
  assignments: readonly string[],
): Settings {
  for (const assignment of assignments) {
    const [name, value] = assignment.split("=", 2).map((part) => part.trim());
    if (value === undefined) continue;
    if (CHOSEN_APART.includes(name)) {
      throw new UsageError({
        what: `Setting ${name} is not chosen by assignment`,
        got: `"${assignment}"`,
        expected: `--${name} ${value || "VALUE"}, or the option \`${name}\` of train()`,
      });
    }
    const words = wordsOf(name);
    if (words !== undefined) oneOf(`value of ${name}`, value.replace(/^"(.*)"$/, "$1"), words);
  }
  const named = { ...choice, suite: suite.name, suiteTasks: suite.tasks.length };
  const settings = resolveSettings(named, assignments);
  perAction(settings.planner.initialStd, suite.tasks[0].spec.action.length, "planner.initialStd");
  return settings;
}

/** The words a setting may be; undefined for any other kind of setting. */
function wordsOf(name: string): string[] | undefined {
  let schema: unknown = settingsSchema;
  for (const key of name.split(".")) {
    if (!(schema instanceof z.ZodObject) || !Object.hasOwn(schema.shape, key)) return undefined;
    schema = schema.shape[key];
  }
  return schema instanceof z.ZodEnum ? (schema.options as string[]) : undefined;
}
