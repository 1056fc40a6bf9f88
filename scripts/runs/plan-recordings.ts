import { OTHERS_RECORDED } from "../../agent/episode-run.js";
import type { Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import { LimitExceeded } from "../../sim/recording/limits.js";
import { checkRecordable } from "../../sim/recording/recordable.js";
import type { Task } from "../../sim/task.js";

/**
 * Refuses to record plans where the recordings would hold more than is read of one; what tasks come to without plans is a
 * rule of their own.
 * @param believed names of the tasks whose probabilities are recorded too; default none
 * @throws UsageError with the limit and the figure
 */
export async function checkPlansRecordable(
  tasks: readonly Task[],
  { planner: { horizon } }: Pick<Settings, "planner">,
  believed?: readonly string[],
): Promise<void> {
  const [longest] = tasks.toSorted((a, b) => b.spec.episodeSteps - a.spec.episodeSteps);
  if (longest === undefined) return;
  try {
    await checkRecordable(longest, {
      horizon,
      others: OTHERS_RECORDED,
      ...(believed && { believed }),
    });
  } catch (cause) {
    if (!(cause instanceof LimitExceeded)) throw cause;
    const { episodeSteps } = longest.spec;
    throw new UsageError({
      what: `Recordings with plans would hold more than is read of a recording (task ${longest.name}, ${episodeSteps} steps, horizon ${horizon})`,
      got: `up to ${cause.message}`,
      expected: cause.expected,
      todo: "Choose a smaller planner.horizon, or record without plans",
      cause,
    });
  }
}
