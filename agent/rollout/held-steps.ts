/**
 * For how long a plan's last reward goes on counting after the plan: to the episode's end (true), for so many steps at most (a
 * number), or not at all (false).
 */
export type HoldReward = boolean | number;

/**
 * For how many steps the last reward counts once more, a whole number from 0.
 * @param left steps that the episode has after the plan; negative where the plan goes beyond its end
 */
export function heldSteps(holdReward: HoldReward, left: number): number {
  if (holdReward === false) return 0;
  return Math.max(0, holdReward === true ? left : Math.min(holdReward, left));
}
