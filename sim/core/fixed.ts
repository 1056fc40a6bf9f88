/** A number with so many decimals, as `toFixed` gives it, but without the sign of what is rounded to 0. */
export function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}
