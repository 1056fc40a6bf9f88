import type { Surprise } from "./surprise.js";

/** A transition as a model reads it, and what the model in use did not foresee in it. */
export interface HeldTransition extends Surprise {
  /** `[I]` */
  readonly input: Float32Array;
  /** `[X]` */
  readonly target: Float32Array;
}

/** Errors as rows `[n, X + 1]` of residuals and share. */
export function errorRows(surprises: readonly Surprise[]): Float64Array {
  return Float64Array.from(surprises.flatMap(({ residuals, share }) => [...residuals, share]));
}

/** Inverse of `errorRows`. @param width X */
export function errorsOf(rows: Float64Array, width: number): Surprise[] {
  return Array.from({ length: rows.length / (width + 1) }, (_, n) => {
    const at = n * (width + 1);
    return { residuals: rows.slice(at, at + width), share: rows[at + width]! };
  });
}

/** Transitions as rows `[n, I + X]`. */
export function transitionRows(held: readonly HeldTransition[]): Float32Array {
  return Float32Array.from(held.flatMap(({ input, target }) => [...input, ...target]));
}

/**
 * Inverse of `transitionRows` and `errorRows`.
 * @param rows `[n, I + X]`
 * @param errors `[n]`
 * @param inputs I
 */
export function heldOf(rows: Float32Array, errors: readonly Surprise[], inputs: number): HeldTransition[] {
  const width = errors.length === 0 ? 0 : rows.length / errors.length;
  return errors.map((error, n) => {
    const row = rows.slice(n * width, (n + 1) * width);
    return { ...error, input: row.slice(0, inputs), target: row.slice(inputs) };
  });
}
