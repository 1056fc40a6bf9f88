import type { Task, Transition } from "../../sim/task.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";

/** The input of a graph that holds for how many steps the last reward is held, `[1, 1]`. */
export const REST = "rest";

/** What the costs of a plan depend on beside its transitions. */
export interface Costed {
  readonly task: Task;
  readonly horizon: number;
  readonly holdReward: boolean;
}

/** One quantity at all steps of N rollouts. */
export interface AllSteps {
  /** `[F, H·N]`, the N of the first step before those of the second. */
  readonly all: Tensor;
  /** Builds the same with the first step in the place of every other, `[F, H·N]`. */
  readonly first: () => Tensor;
}

/** H matrices `[…, N]` side by side, `[…, H·N]`. */
export function joinSteps(parts: readonly Tensor[]): Tensor {
  return parts[0]!.graph.apply("Concat", parts, [{ shape: [parts[0]!.shape[0]!, "HN"] }], { axis: 1 })[0]!;
}

/**
 * Adds the costs `[N]` of rollouts to a graph: the negative sum of rewards, of which none counts after the first state in which
 * the task ends an episode. With `holdReward` the graph gets the input `REST`: the reward of the last step counts so many times
 * more, unless the episode has ended with it or before.
 */
export function costsIn(
  g: Graph,
  { task, horizon, holdReward }: Costed,
  { observation, action, nextObservation }: Transition<AllSteps>,
): Tensor {
  const rewardOps = ops.graphOps(g, 0);
  const end = task.terminated?.(rewardOps, nextObservation.all);
  const ended = end && byStep(end, horizon);
  const over = ended && ops.anyBefore(ops.isPositive(ended));
  const counted = (steps: AllSteps) => (over === undefined ? steps.all : firstWhere(over, steps));
  const reward = task.reward(rewardOps, {
    observation: counted(observation),
    action: counted(action),
    nextObservation: counted(nextObservation),
  });
  const rewards = byStep(reward, horizon);
  const paid = over === undefined ? rewards : ops.where(over, 0, rewards);
  const sum = ops.reduceSum(paid, [0]);
  return ops.neg(holdReward ? ops.add(sum, heldReward(g.input(REST, [1, 1]), paid, ended)) : sum);
}

/**
 * What is paid after the last step when its reward is held, `[N]`.
 * @param rest steps for which it is held, `[1, 1]`
 * @param paid rewards, `[H, N]`, 0 after the episode's end
 * @param ended above 0 where a step ends the episode, `[H, N]`
 */
function heldReward(rest: Tensor, paid: Tensor, ended: Tensor | undefined): Tensor {
  const lastRow = (rows: Tensor) =>
    ops.slice(rows, (rows.shape[0] as number) - 1, rows.shape[0] as number, 0);
  const last = lastRow(paid);
  const held = ended === undefined ? last : ops.where(ops.isPositive(lastRow(ended)), 0, last);
  return ops.reduceSum(ops.mul(held, rest), [0]);
}

/** One feature of all steps, `[1, H·N]`, as `[H, N]`. */
const byStep = (x: Tensor, horizon: number): Tensor => ops.reshape(x, [horizon, -1]);

/**
 * A quantity of all steps with the first in place of those after an episode's end. So the reward is not asked about a step that
 * does not count: where it has no finite derivative there, that of the costs would be NaN, as 0 · ∞ is.
 * @param over whether the episode has ended before each step, `[H, N]`
 */
function firstWhere(over: Tensor, { all, first }: AllSteps): Tensor {
  return ops.where(ops.reshape(over, [1, -1]), first(), all);
}
