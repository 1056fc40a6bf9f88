/** The first `n` values, for destructuring. Throws when there are fewer. */
export function take<T>(n: 1, values: ArrayLike<T>): [T];
export function take<T>(n: 2, values: ArrayLike<T>): [T, T];
export function take<T>(n: 3, values: ArrayLike<T>): [T, T, T];
export function take<T>(n: 4, values: ArrayLike<T>): [T, T, T, T];
export function take<T>(n: 5, values: ArrayLike<T>): [T, T, T, T, T];
export function take<T>(n: number, values: ArrayLike<T>): T[] {
  if (values.length < n) throw new RangeError(`expected at least ${n} values, got ${values.length}`);
  return Array.from({ length: n }, (_, i) => values[i]!);
}
