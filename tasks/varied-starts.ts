/** A source of numbers in [0, 1), as `Scene.reset` gets it. */
export type Random = () => number;

/** A number drawn uniformly from a range. */
export const between = (random: Random, [low, high]: readonly [number, number]): number =>
  low + (high - low) * random();

/** Draws of a state before the task's own start is taken instead: some are out of the arm's reach. */
const ATTEMPTS = 20;

/**
 * Tries draws of a start until one can be had.
 * @param attempt puts the scene into a state that it draws, or returns false
 * @returns whether one could be had
 */
export function firstPossible(attempt: () => boolean): boolean {
  for (let i = 0; i < ATTEMPTS; i++) if (attempt()) return true;
  return false;
}
