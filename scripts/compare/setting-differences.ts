/** A setting that is not the same everywhere; undefined where something of an earlier version lacks it. */
export interface SettingDifference {
  readonly name: string;
  /** As text, in the order of the lines compared. */
  readonly values: readonly (string | undefined)[];
}

/** Settings, by dotted name, that are not the same in all lines. */
export function differingSettings(lines: readonly object[]): SettingDifference[] {
  const flat = lines.map((line) => flatten(line));
  const names = [...new Set(flat.flatMap((line) => [...line.keys()]))];
  return names
    .map((name) => ({ name, values: flat.map((line) => line.get(name)) }))
    .filter(({ values }) => new Set(values).size > 1);
}

function flatten(settings: object, prefix = ""): Map<string, string> {
  const entries = Object.entries(settings).flatMap(([name, value]): [string, string][] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? [...flatten(value, `${prefix}${name}.`)]
      : [[`${prefix}${name}`, typeof value === "string" ? value : JSON.stringify(value)]],
  );
  return new Map(entries);
}
