import type { Settings } from "../../agent/settings/schema.js";
import { settingsThatDiffer } from "../compare/setting-differences.js";

/** Longer names of a line are numbered instead. */
const LONGEST = 60;

interface Named {
  /** Default: the method. */
  readonly name: string | undefined;
  readonly settings: Settings;
}

/**
 * A label per run. Runs that differ in nothing but the seed share one, all others never do: lines that would have the
 * same name are told apart by the settings in which they differ, such as `hypercrl (planner.name=cem)`.
 */
export function labelsOf(runs: readonly Named[]): string[] {
  const lines = runs.map(({ name, settings: { seed: _, ...rest } }) => ({
    name: name ?? rest.method,
    settings: rest,
    key: JSON.stringify(rest),
  }));
  const labels = new Map<string, string>();
  for (const name of new Set(lines.map((line) => line.name))) {
    const own = [...new Map(lines.filter((l) => l.name === name).map((l) => [l.key, l])).values()];
    const differing = settingsThatDiffer(own.map((line) => line.settings));
    for (const [i, { key }] of own.entries()) {
      const values = differing.map((setting) => `${setting.name}=${setting.values[i]}`).join(", ");
      const numbered = `${name} (settings ${i + 1})`;
      const told = values.length > LONGEST ? numbered : `${name} (${values})`;
      labels.set(`${name}\n${key}`, own.length === 1 ? name : told);
    }
  }
  return lines.map(({ name, key }) => labels.get(`${name}\n${key}`)!);
}
