import { type DiscoveryFigures, meanDelay } from "../runs/discovery-figures.js";
import { table } from "./tables.js";
import { number, percent, wrap } from "./text.js";

const DEFINITIONS =
  "A change is detected when something is found in its visit, and identified when the task that is found is the one matched to the world's (each task and each found task are in one pair at most, and pairs that share most steps are made first). Mean delay: from a change to its detection. False alarms: whatever else was found, in brackets per 10,000 steps of learning. Right task: share of the steps in which the matched task was believed in.";

/** How well a run found out by itself when its task changed, as a table with the definitions of its columns. */
export function discoveryText(figures: DiscoveryFigures, width: number): string {
  const { changes, detected, identified, falseAlarms, falseAlarmRate, tasks, tasksFound, accuracy } = figures;
  const head = [
    ["changes\ndetected", "identified", "mean delay,\nsteps", "false\nalarms", "tasks\nfound", "right\ntask"],
  ];
  const row = [
    `${detected} of ${changes}`,
    `${identified} of ${changes}`,
    number(meanDelay(figures)),
    `${falseAlarms} (${number(falseAlarmRate)})`,
    `${tasksFound} of ${tasks}`,
    percent(accuracy),
  ];
  return [table(head, [row], { width }), wrap(DEFINITIONS, width)].join("\n");
}
