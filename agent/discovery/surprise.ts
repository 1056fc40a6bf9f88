import type { OneStepModel } from "../recognition/one-step-model.js";
import { DEGREES, logStudentT } from "../recognition/posterior.js";

/** What a model did not foresee in a transition. */
export interface Surprise {
  /** `[X]`: what came less what was predicted, in units of `Prediction.std`. */
  readonly residuals: Float64Array;
  /** How much of it is new, from 0 to 1; see `Novelty`. */
  readonly share: number;
}

/**
 * Residuals of a model, `[X]`.
 * @param input `[I]`
 * @param target `[X]`
 */
export function residualsOf(
  model: OneStepModel,
  input: ArrayLike<number>,
  target: ArrayLike<number>,
): Float64Array {
  const { change, std } = model.predict(input);
  return change.map((predicted, i) => (target[i]! - predicted) / std[i]!);
}

/**
 * Evidence of a transition that a model's errors have become c times as large: the logarithm of how much more likely its residuals are
 * under Student-t distributions of scales cσ than of scales σ, summed over the X numbers and multiplied by how new the transition is. One
 * number can add 4 ln c at most, so that a single shock does not make a change; so much counts where a model predicts no number.
 * @param scale σ, `[X]`
 * @param rise c, above 1
 */
export function evidenceOf({ residuals, share }: Surprise, scale: ArrayLike<number>, rise: number): number {
  let sum = 0;
  for (const [i, z] of residuals.entries()) {
    const sigma = scale[i]!;
    const ratio = logStudentT(z, rise * sigma) - logStudentT(z, sigma);
    sum += Number.isFinite(ratio) ? ratio : DEGREES * Math.log(rise);
  }
  return share * sum;
}
