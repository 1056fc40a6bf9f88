import { meanOf } from "../../sim/core/mean.js";
import { medianOf } from "../../sim/core/median.js";
import type { DiscoveryFigures } from "../runs/discovery-figures.js";
import { estimate } from "./bootstrap.js";
import type { ChangeDelay, DiscoveryLine, DiscoveryTables } from "./discovery-table.js";
import { recoverySteps } from "./revisits.js";
import type { RunResult } from "./run-result.js";

/** The same with what the figures mean. */
export interface DiscoveryComparison extends DiscoveryTables {
  readonly definitions: readonly string[];
}

const DEFINITIONS = [
  "tasks found: tasks that a run begins by itself, the first one included, mean over seeds, of those that the world held; right number: share of runs in which both are equal, which does not say that each was found where it belongs",
  "changes detected: share of the changes of the world's task in whose visit something was found, mean over seeds; in brackets those of all runs together",
  "detection delay: control steps from a change to its detection, median over the detected changes of a run, mean over seeds; a run that detected none has none, so read it beside the share that was detected",
  "false alarms: what was found beside the first finding after a change, in 10,000 steps of learning, mean over seeds",
  "steps to recover: as for tasks that are visited again, mean over all visits but the first ones of each task; counted from the change, before anything was detected",
  "brackets of these figures: 95 % interval over seeds, of which there must be five; else (lowest … highest)",
];

/** A run that found out its tasks by itself. */
type DiscoveringRun = RunResult & { readonly discovery: DiscoveryFigures };

/** Figures of the runs that were not told when their task changes; undefined where all were told. */
export function compareDiscovery(runs: readonly RunResult[]): DiscoveryComparison | undefined {
  const untold = runs.flatMap((run): DiscoveringRun[] =>
    run.discovery === undefined ? [] : [{ ...run, discovery: run.discovery }],
  );
  if (untold.length === 0) return undefined;
  const groups = [...new Set(untold.map(({ label }) => label))].map((label) => ({
    label,
    own: untold.filter((run) => run.label === label),
  }));
  return {
    lines: groups.map(({ label, own }) => lineOf(label, own)),
    changes: groups.flatMap(({ label, own }) =>
      changesOf(
        label,
        own.map(({ discovery }) => discovery),
      ),
    ),
    definitions: DEFINITIONS,
  };
}

function lineOf(label: string, runs: readonly DiscoveringRun[]): DiscoveryLine {
  const figures = runs.map(({ discovery }) => discovery);
  const over = (pick: (found: DiscoveryFigures) => number) => estimate(figures.map(pick));
  const sum = (pick: (found: DiscoveryFigures) => number) => figures.reduce((all, one) => all + pick(one), 0);
  return {
    label,
    runs: runs.length,
    tasks: meanOf(figures.map(({ tasks }) => tasks)),
    detected: { count: sum(({ detected }) => detected), of: sum(({ changes }) => changes) },
    tasksFound: over(({ tasksFound }) => tasksFound),
    tasksFoundRight: over(({ tasksFound, tasks }) => Number(tasksFound === tasks)),
    changesDetected: over(({ detected, changes }) => detected / changes),
    detectionDelay: over(({ delays }) => medianOf(delays)),
    falseAlarmRate: over(({ falseAlarmRate }) => falseAlarmRate),
    stepsToRecover: estimate(runs.map(recoverySteps)),
  };
}

/** The changes of a line in order, each over the runs whose task changed with that visit. */
function changesOf(label: string, figures: readonly DiscoveryFigures[]): ChangeDelay[] {
  const all = figures.flatMap(({ delayByVisit }) => delayByVisit);
  const visits = [...new Set(all.map(({ visit }) => visit))].sort((a, b) => a - b);
  return visits.map((visit) => {
    const delays = all.filter((change) => change.visit === visit).map(({ delay }) => delay);
    const values = delays.filter(Number.isFinite);
    const detected = { count: values.length, of: delays.length };
    return { label, visit, delay: estimate(values), values, detected };
  });
}
