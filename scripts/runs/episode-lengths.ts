import type { EpisodeRecord } from "../../agent/run/records.js";
import { elementAt } from "../../sim/core/element.js";
import { largest } from "../../sim/core/extremes.js";

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

/**
 * Leaves out the last episode of a task where the steps ran out: a short one's return compares with nothing. Early logs do
 * not say which was cut, so it is also told by its length; an episode that ended by itself is whole however short it is.
 */
export function fullEpisodes<Ended extends Pick<EpisodeRecord, "taskIndex" | "steps" | "cut" | "terminated">>(
  episodes: readonly Ended[],
): Ended[] {
  const lengths = episodeLengths(episodes);
  const longest = new Map<number, number>();
  for (const [i, { taskIndex }] of episodes.entries()) {
    longest.set(taskIndex, largest([longest.get(taskIndex) ?? 0, elementAt(lengths, i, "episodes")]));
  }
  return episodes.filter(({ taskIndex, cut, terminated }, i) => {
    const isLast = episodes[i + 1]?.taskIndex !== taskIndex;
    return !cut && (!isLast || terminated || lengths[i] === longest.get(taskIndex));
  });
}
