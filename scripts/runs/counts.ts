/** How many of some episodes had an outcome. */
export interface OutcomeCount {
  readonly count: number;
  /** Episodes that say whether they had it: runs of versions before may not. */
  readonly of: number;
}

/** By the outcome's name: `success`, then those that the tasks name. */
export type OutcomeCounts = Readonly<Record<string, OutcomeCount>>;

/** What came of an episode, as it is logged. */
interface CountedEpisode {
  readonly success: boolean;
  readonly outcomes?: Readonly<Record<string, boolean>> | undefined;
}

/** Counts what came of some episodes. */
export function countOutcomes(episodes: readonly CountedEpisode[]): OutcomeCounts {
  return addCounts(
    episodes.map(({ success, outcomes }) =>
      Object.fromEntries(
        Object.entries({ success, ...outcomes }).map(([name, came]) => [
          name,
          { count: Number(came), of: 1 },
        ]),
      ),
    ),
  );
}

/** The counts of several groups of episodes together. */
export function addCounts(groups: readonly OutcomeCounts[]): OutcomeCounts {
  const sums = new Map<string, OutcomeCount>();
  for (const [name, { count, of }] of groups.flatMap((group) => Object.entries(group))) {
    const before = sums.get(name) ?? { count: 0, of: 0 };
    sums.set(name, { count: before.count + count, of: before.of + of });
  }
  return Object.fromEntries(sums);
}
