import { join } from "node:path";
import { RECORDINGS } from "../../../agent/run/recording-names.js";
import { InputError } from "../../../sim/core/errors.js";
import { largest, smallest } from "../../../sim/core/extremes.js";
import { readPlayable } from "../../../sim/recording/salvage.js";
import type { EpisodeRow } from "../../viewer/payload.js";

/** A door that stands this far open is being opened, rad. */
const OPEN = 0.2;

/**
 * The first step at which an episode is well under way: a door stands open by `OPEN`, or half of a block's way to the
 * goal is left. Half of the steps where that is never so, or the suite is another.
 */
export function stepUnderWay(path: string): number {
  const { start, steps } = readPlayable(path);
  const at = steps.findIndex(({ measures }) => {
    if (measures.doorAngle !== undefined) return Math.abs(measures.doorAngle) >= OPEN;
    const { positionErrorMm: left } = measures;
    const { positionErrorMm: whole } = start.measures;
    return left !== undefined && whole !== undefined && left <= whole / 2;
  });
  return at === -1 ? Math.floor(steps.length / 2) : at + 1;
}

/**
 * Evaluations of the first task after it was learned and after the last task, from the same start: the one whose lower
 * return of the two is highest.
 * @throws InputError when there is no such pair
 */
export function thenAndNow(run: string, rows: readonly EpisodeRow[]): [then: EpisodeRow, now: EpisodeRow] {
  const evaluations = rows.filter(({ phase, taskIndex }) => phase === "evaluate" && taskIndex === 0);
  const last = largest(evaluations.map(({ afterTask }) => afterTask!));
  const after = (task: number) => evaluations.filter(({ afterTask }) => afterTask === task);
  const pairs = after(0).flatMap((then) =>
    after(last)
      .filter(({ seed }) => seed === then.seed)
      .map((now): [EpisodeRow, EpisodeRow] => [then, now]),
  );
  const lower = (pair: readonly EpisodeRow[]) => smallest(pair.map((row) => row.return!));
  const [best] = pairs.sort((a, b) => lower(b) - lower(a));
  if (best !== undefined && last > 0) return best;
  throw new InputError({
    what: `${join(run, RECORDINGS)} has no evaluations of the first task to compare`,
    expected: "recordings of them from the same start after the first task and after the last",
    todo: "Name a finished run of at least two tasks",
  });
}
