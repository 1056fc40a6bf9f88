import { settingEntries } from "../../agent/settings/assignments.js";

/** A setting that is not the same everywhere; undefined where something of an earlier version lacks it. */
export interface SettingDifference {
  readonly name: string;
  /** As text, in the order of the lines compared. */
  readonly values: readonly (string | undefined)[];
}

/** Settings, by dotted name, that are not the same in all lines. The seed does not count: runs of one line differ in it. */
export function settingsThatDiffer(lines: readonly object[]): SettingDifference[] {
  const texts = lines.map((line) => new Map(settingEntries(line).map(([name, v]) => [name, textOf(v)])));
  const names = new Set(texts.flatMap((line) => [...line.keys()]));
  names.delete("seed");
  return [...names]
    .map((name) => ({ name, values: texts.map((line) => line.get(name)) }))
    .filter(({ values }) => new Set(values).size > 1);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
