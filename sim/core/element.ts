/**
 * The element of a list at an index that must be in it.
 * @param list its name in the error
 * @throws RangeError when it is not: a mistake of ours, for what people give is checked where it is read
 */
export function elementAt<T>(elements: ArrayLike<T>, index: number, list: string): T {
  const element = elements[index];
  if (element !== undefined) return element;
  throw new RangeError(`No element ${index} among the ${elements.length} ${list}`);
}

/** The first element of a list that must not be empty. @throws RangeError when it is */
export const firstOf = <T>(elements: ArrayLike<T>, list: string): T => elementAt(elements, 0, list);
