import { meanOf } from "../../sim/core/mean.js";
import type { TaskDynamics } from "../model/dynamics.js";
import { OneStepModel } from "../recognition/one-step-model.js";
import { logStudentT, TaskPosterior } from "../recognition/posterior.js";
import { RECOGNITION } from "../recognition/unannounced-policy.js";
import { peakOf } from "./cusum.js";
import type { Rise } from "./error-reference.js";
import type { HeldTransition } from "./held-transitions.js";
import { evidenceOf, residualsOf } from "./surprise.js";

/** The model of a task that was found before. */
export interface KnownModel {
  /** Number of the found task. */
  readonly index: number;
  readonly dynamics: TaskDynamics;
  /** σ, `[X]` */
  readonly scale: Float32Array;
}

/**
 * The known task that some transitions come from, if there is one. A model explains them if the same test on its own errors would find
 * no change; of several that do, the filter of `TaskPosterior` chooses the most probable one, with one scale for all of them as in
 * `KnownModels`.
 * @param held in the order that they were made in
 * @returns its number, undefined where no known model explains them
 */
export function recognize(
  held: readonly HeldTransition[],
  known: readonly KnownModel[],
  how: Rise,
): number | undefined {
  const explaining = known.flatMap(({ index, dynamics, scale }) => {
    const model = new OneStepModel(dynamics);
    const evidence = held.map(({ input, target, share }) =>
      evidenceOf({ residuals: residualsOf(model, input, target), share }, scale, how.rise),
    );
    return peakOf(evidence) <= how.threshold ? [{ index, model, scale }] : [];
  });
  if (explaining.length === 0) return undefined;
  const posterior = new TaskPosterior(explaining.length, RECOGNITION.hazard);
  for (const transition of held) posterior.update(logLikelihoods(transition, explaining));
  const { probabilities } = posterior;
  return explaining[probabilities.indexOf(Math.max(...probabilities))]?.index;
}

/** Log-likelihoods `[K]` of a transition by each model, with the root mean square of their scales. */
function logLikelihoods(
  { input, target, share }: HeldTransition,
  known: readonly { readonly model: OneStepModel; readonly scale: Float32Array }[],
): Float64Array {
  const predictions = known.map(({ model }) => model.predict(input));
  const shared = Array.from(target, (_, i) =>
    Math.sqrt(meanOf(known.map(({ scale }, k) => (predictions[k]!.std[i]! * scale[i]!) ** 2))),
  );
  return Float64Array.from(
    predictions,
    ({ change }) =>
      share * change.reduce((sum, value, i) => sum + logStudentT(target[i]! - value, shared[i]!), 0),
  );
}
