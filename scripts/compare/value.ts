/** A number, or null for what is not defined or not measured yet. */
export type Value = number | null;

/** A number as JSON has it, which has no NaN. */
export function orNull(x: number): Value {
  return Number.isFinite(x) ? x : null;
}
