/** The probability that Student's t is at most `t`. @param freedom degrees of freedom, a whole number from 1 */
export function studentCdf(t: number, freedom: number): number {
  // Finite sums of Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cos : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= (cos * cos * (k - 1)) / k;
    sum += term;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum;
  return (1 + within) / 2;
}

/** The value that Student's t exceeds with probability `tail`. @param tail above 0, at most 0.5 */
export function studentUpper(tail: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (1 - studentCdf(high, freedom) > tail) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (1 - studentCdf(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Two-sided p-value of a t-test that the mean of some values is 0. @param values at least two */
export function tTest(values: readonly number[]): number {
  const { mean, error } = meanAndError(values);
  if (error === 0) return mean === 0 ? 1 : 0;
  return 2 * (1 - studentCdf(Math.abs(mean / error), values.length - 1));
}

/** Mean of some values and its standard error. @param values at least two */
export function meanAndError(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (n - 1) / n) };
}

/**
 * p-values corrected for their number by the method of Holm (1979): among several tests that should not be significant, the
 * chance that any is stays below the level. NaN stands for a test that was not made, and stays.
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((p, i) => ({ p, i })).filter(({ p }) => Number.isFinite(p));
  order.sort((a, b) => a.p - b.p);
  const corrected = [...values];
  let least = 0;
  for (const [rank, { p, i }] of order.entries()) {
    least = Math.max(least, Math.min(1, (order.length - rank) * p));
    corrected[i] = least;
  }
  return corrected;
}
