/**
 * Environment steps that each episode took. Serves as well for whatever else is noted while tasks are learned: the steps
 * since the record before, or since the task began.
 * @param episodes in order; `steps` are those made in the task when the episode ended
 */
export function episodeLengths(
  episodes: readonly { readonly taskIndex: number; readonly steps: number }[],
): number[] {
  return episodes.map(({ taskIndex, steps }, i) => {
    const before = episodes[i - 1];
    return steps - (before?.taskIndex === taskIndex ? before.steps : 0);
  });
}
