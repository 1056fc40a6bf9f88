/**
 * The entry of a list at a place where there must be one.
 * @param what the list holds, for the message: "task"
 * @throws RangeError when the list has no such place
 */
export function entryAt<T>(list: readonly T[], index: number, what: string): T {
  const entry = list[index];
  if (entry === undefined) throw new RangeError(`There is no ${what} ${index} among ${list.length}.`);
  return entry;
}
