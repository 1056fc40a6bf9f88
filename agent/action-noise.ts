import { type PerAction, perAction } from "../planners/sampling.js";
import type { Rng } from "../sim/core/rng.js";
import type { ActionChannel } from "../sim/task.js";

/**
 * A planned action `[U]` with Gaussian noise, clipped to its bounds. Where the model wrongly expects nothing of a movement, no plan
 * tries it, and so the error stays; noise on what is planned while learning shows the model what it would not choose to see.
 * Without noise the action is given back as it is, and nothing is drawn.
 * @param std standard deviation in halves of an action's range: one number, or one for each action (`loop.explorationStd`)
 * @throws UsageError when a list has another length than the actions
 */
export function noisyAction(
  planned: Float32Array,
  action: readonly ActionChannel[],
  std: PerAction,
  rng: Rng,
): Float32Array {
  const deviations = noiseOf(std, action.length);
  if (deviations.every((deviation) => deviation === 0)) return planned;
  return Float32Array.from(action, ({ low, high }, i) => {
    const noise = ((deviations[i]! * (high - low)) / 2) * rng.normal();
    return Math.min(high, Math.max(low, planned[i]! + noise));
  });
}

/**
 * The standard deviation of each of so many actions' noise, `[U]`.
 * @throws UsageError when a list has another length
 */
export function noiseOf(std: PerAction, actions: number): number[] {
  return perAction(std, actions, "loop.explorationStd");
}
