import { type EpisodeRecord, visitOf } from "../../agent/run/records.js";
import { elementAt } from "../../sim/core/element.js";
import { largest } from "../../sim/core/extremes.js";

/**
 * Environment steps that each episode took. Serves as well for whatever else is noted while tasks are learned: the steps
 * since the record before, or since the visit began.
 * @param episodes in order; `steps` are those made in the visit when the episode ended
 */
export function episodeLengths(
  episodes: readonly Readonly<Pick<EpisodeRecord, "taskIndex" | "visit" | "steps">>[],
): number[] {
  return episodes.map((episode, i) => {
    const before = episodes[i - 1];
    const goesOn = before !== undefined && visitOf(before) === visitOf(episode);
    return episode.steps - (goesOn ? before.steps : 0);
  });
}

/**
 * Leaves out the last episode of a visit where the steps ran out: a short one's return compares with nothing. Early logs do
 * not say which was cut, so it is also told by its length; an episode that ended by itself is whole however short it is.
 */
export function fullEpisodes<
  Ended extends Pick<EpisodeRecord, "taskIndex" | "visit" | "steps" | "cut" | "terminated">,
>(episodes: readonly Ended[]): Ended[] {
  const lengths = episodeLengths(episodes);
  const longest = new Map<number, number>();
  for (const [i, { taskIndex }] of episodes.entries()) {
    longest.set(taskIndex, largest([longest.get(taskIndex) ?? 0, elementAt(lengths, i, "episodes")]));
  }
  return episodes.filter((episode, i) => {
    const { taskIndex, cut, terminated } = episode;
    const next = episodes[i + 1];
    const isLast = next === undefined || visitOf(next) !== visitOf(episode);
    return !cut && (!isLast || terminated || lengths[i] === longest.get(taskIndex));
  });
}
