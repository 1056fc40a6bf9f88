import { weightCount } from "../../../agent/model/network.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import { firstOf } from "../../../sim/core/element.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import type { BenchSize } from "../sizes.js";
import type { RolloutData } from "./descriptions.js";

// Float32 sums in another order, carried through the steps of a rollout.
const TOLERANCE = 1e-3;

/** A network whose changes are as large as those of a push step, and sequences of random actions. */
export function randomRollout({ task, dynamics, settings }: BenchSize): RolloutData {
  const rng = Rng.fromSeed(5);
  const draw = (n: number, std: number, mean = 0) =>
    Float32Array.from({ length: n }, () => mean + std * rng.normal());
  const I = firstOf(dynamics.sizes, "layers of the model");
  const X = task.spec.observation.length;
  const { samples, horizon } = settings.planner;
  return {
    weights: draw(weightCount(dynamics), 0.1),
    normalizer: {
      inputMean: draw(I, 0.1),
      inputScale: draw(I, 0.1, 1),
      targetMean: draw(X, 0.001),
      targetStd: draw(X, 0.001, 0.01),
    },
    state: draw(X, 0.1),
    actions: draw(horizon * samples * task.spec.action.length, 0.5).map((u) => Math.max(-1, Math.min(1, u))),
  };
}

/** Our model with the same network. */
export async function openRollout(
  { task, dynamics, settings }: BenchSize,
  { weights, normalizer }: RolloutData,
): Promise<RolloutModel> {
  const model = await RolloutModel.create(task, dynamics, settings.planner.horizon);
  await model.load(weights, normalizer);
  return model;
}

/**
 * Compares what a counterpart computes with our costs `[N]`.
 * @returns the largest deviation, as a share of how far the costs are apart
 * @throws RunError when they are not the same
 */
export function checkReturns(peer: string, returns: readonly number[], costs: Float32Array): number {
  const spread = Math.max(...costs) - Math.min(...costs);
  const differences = Array.from(costs, (cost, n) => Math.abs(cost + (returns[n] ?? Number.NaN)));
  const share = Math.max(...differences) / spread;
  if (share <= TOLERANCE) return share;
  throw new RunError({
    what: `${peer} computes other returns than the planner's model`,
    got: `a difference of ${share} of the costs' range`,
    expected: `at most ${TOLERANCE}`,
    todo: "Compare scripts/bench/peers with agent/rollout",
  });
}
