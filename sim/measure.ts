/** A scene's measure by its name. @throws RangeError when the scene has none of this name */
export function measureNamed(measures: Readonly<Record<string, number>>, name: string): number {
  const value = measures[name];
  if (value === undefined)
    throw new RangeError(`No measure ${name} among ${Object.keys(measures).join(", ")}.`);
  return value;
}
