type Tuple<Length extends number, Numbers extends number[] = []> = Numbers["length"] extends Length
  ? Numbers
  : Tuple<Length, [...Numbers, number]>;

/**
 * The numbers of a vector whose length is known, for taking them apart by name.
 * @example const [dx, dy] = tuple(action, 2);
 * @throws RangeError when the vector has another length
 */
export function tuple<Length extends number>(values: ArrayLike<number>, length: Length): Tuple<Length> {
  if (values.length !== length) throw new RangeError(`${values.length} numbers instead of ${length}.`);
  return Array.from(values) as Tuple<Length>;
}
