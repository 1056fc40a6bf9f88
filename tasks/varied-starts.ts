/** A source of numbers in [0, 1), as `Scene.reset` gets it. */
export type Random = () => number;

/** A number drawn uniformly from a range. */
export const between = (random: Random, [low, high]: readonly [number, number]): number =>
  low + (high - low) * random();

/** Draws of a state before the task's own start is kept: some are out of the arm's reach. */
const ATTEMPTS = 20;

/**
 * Tries draws of a start until one can be had. After too many that cannot, the task's own start is kept.
 * @param attempt puts the scene, which is at the task's own start, into a state that it draws; or leaves it and returns false
 */
export function firstPossible(attempt: () => boolean): void {
  for (let i = 0; i < ATTEMPTS; i++) if (attempt()) return;
}
