import type { EpisodePlayback } from "../../sim/recording/playback.js";
import { taskPlanNumbers, taskPlanShape } from "../../sim/recording/task-plan-messages.js";
import { floats } from "./floats.js";
import type { EpisodePayload, TaskPlansPayload } from "./payload.js";

/** What the page gets of an episode whose task was not announced; nothing of others. */
export function encodeBeliefs({
  beliefs,
  taskPlans,
}: Pick<EpisodePlayback, "beliefs" | "taskPlans">): Pick<EpisodePayload, "beliefs" | "taskPlans"> {
  if (beliefs === undefined) return {};
  const { tasks, probabilities } = beliefs;
  return {
    beliefs: { tasks, probabilities: floats(probabilities) },
    ...(taskPlans.some((paths) => paths.length > 0) && { taskPlans: encodeTaskPlans(taskPlans, tasks) }),
  };
}

function encodeTaskPlans(plans: EpisodePlayback["taskPlans"], names: readonly string[]): TaskPlansPayload {
  const shape = taskPlanShape(plans);
  const { steps, lines, points } = shape;
  const tasks = new Array<number>(steps * lines).fill(-1);
  const paths = new Float32Array(taskPlanNumbers(shape)).fill(Number.NaN);
  for (const [step, own] of plans.entries()) {
    for (const [l, path] of own.entries()) {
      const line = step * lines + l;
      tasks[line] = names.indexOf(path.task);
      paths.set(path.points, line * points * 3);
    }
  }
  return { steps, lines, points, tasks, paths: floats(paths) };
}
