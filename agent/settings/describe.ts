import { settingNames } from "./assignments.js";
import { fieldAt, valueAt } from "./parse.js";
import { resolveAll, type SettingsChoice } from "./resolve.js";
import { type SettingsCatalog, settingsSchema } from "./schema.js";

/** One setting for people: its dotted name, its value by profile as `--set` takes it, and what it is. */
export interface SettingDescription {
  readonly name: string;
  readonly quick: string;
  readonly paper: string;
  readonly text: string;
}

/**
 * One line for each setting, with its value in each profile for a suite, a method and a planner: the default, unless it is
 * assigned.
 * @param assignments `name=value`, which replace defaults in both profiles
 * @throws UsageError for a name that the catalog does not have, or a value that cannot be
 */
export function describeSettings(
  choice: Pick<SettingsChoice, "suite" | "method" | "planner">,
  catalog: SettingsCatalog,
  assignments: readonly string[] = [],
): SettingDescription[] {
  const valuesOf = (profile: string) => resolveAll({ ...choice, profile, seed: 1 }, assignments, catalog);
  const quick = valuesOf("quick");
  const paper = valuesOf("paper");
  const schema = settingsSchema(catalog);
  return settingNames(quick)
    .filter((name) => name.includes("."))
    .map((name) => {
      const path = name.split(".");
      return {
        name,
        quick: JSON.stringify(valueAt(quick, path)),
        paper: JSON.stringify(valueAt(paper, path)),
        text: usersOf(name, catalog) + (fieldAt(schema, path)?.description ?? ""),
      };
    });
}

/** `cem, icem: ` for a setting of these planners alone. */
function usersOf(name: string, { planners }: SettingsCatalog): string {
  const [group, key] = name.split(".");
  if (group !== "planner" || key === undefined) return "";
  const users = planners.filter(({ settings }) => Object.hasOwn(settings, key));
  const all = users.length === 0 || users.length === planners.length;
  return all ? "" : `${users.map((planner) => planner.name).join(", ")}: `;
}
