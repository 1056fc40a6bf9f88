import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { estimate } from "./bootstrap.js";
import { endOf, type LearningCurve, RUNNING, stepsTo } from "./learning-curves.js";
import type { LearnedAgain, RevisitTables, TaskOverVisits } from "./revisit-tables.js";
import type { RunResult } from "./run-result.js";
import { normalise, type Reference } from "./scores.js";
import { returnAfter, visitsOf } from "./visits.js";

/** The same with what the figures mean. */
export interface RevisitComparison extends RevisitTables {
  readonly definitions: readonly string[];
}

/** How much of the way from random to the end of the first visit may be missing for a return to count as recovered. */
const RECOVERY_TOLERANCE = 0.05;

/** The definitions of the figures, as they were computed: with a reference or, without, on plain returns. */
function definitionsOf(reference: Reference | undefined): string[] {
  const measured = reference === undefined ? "return" : "normalised return";
  return [
    "of tasks that are visited again: forgetting and retention count from the last visit to a task, the figures of learning are those of first visits",
    `backward transfer of a task: mean over the spans in which other tasks were learned between two visits to it, or after its last, of (${measured} at the span's end - at its start); below 0 it was forgotten, above 0 other tasks helped`,
    `second - first: ${measured} right after the second visit to a task - right after the first`,
    "share of area: mean over tasks of (A - random) / (A of the first visit - random), A = mean return of the whole planned learning episodes of a visit, the area under its learning curve by its length; tasks whose first visit is not above random are left out",
    `steps to recover: planned steps of a visit until the mean of the last ${RUNNING} whole learning episodes first reaches random + ${1 - RECOVERY_TOLERANCE} of the way to the last ${RUNNING} of the task's first visit, mean over tasks; where it never does, all planned steps of the visit are counted, so that the figure is a lower bound`,
    "brackets of these figures: 95 % interval over seeds, of which there must be five; else (lowest … highest)",
  ];
}

/** Figures of schedules that visit tasks again; undefined where no run has one. */
export function compareRevisits(
  runs: readonly RunResult[],
  reference: Reference | undefined,
): RevisitComparison | undefined {
  const again = runs.filter((run) => run.tasks.some((_, j) => visitsOf(run, j).length > 1));
  if (again.length === 0) return undefined;
  const lines = [...new Set(again.map(({ label }) => label))].map((label) => ({
    label,
    own: again.filter((run) => run.label === label),
  }));
  return {
    tasks: lines.flatMap(({ label, own }) => taskRows(label, own, reference)),
    visits: lines.flatMap(({ label, own }) => visitRows(label, own)),
    definitions: definitionsOf(reference),
  };
}

function taskRows(
  label: string,
  runs: readonly RunResult[],
  reference: Reference | undefined,
): TaskOverVisits[] {
  const names = elementAt(runs, 0, "runs").tasks;
  const perRun = runs.map((run) => ({
    backwardTransfer: names.map((_, j) => backwardTransfer(run, j, reference)),
    gain: names.map((_, j) => gain(run, j, reference)),
  }));
  const row = (task: string, pick: (figures: readonly number[]) => number): TaskOverVisits => ({
    label,
    task,
    backwardTransfer: estimate(perRun.map((figures) => pick(figures.backwardTransfer))),
    gain: estimate(perRun.map((figures) => pick(figures.gain))),
  });
  const rows = names.map((name, j) => row(name, (figures) => elementAt(figures, j, "tasks")));
  return [...rows, row("mean", (figures) => meanOf(figures.filter(Number.isFinite)))];
}

function backwardTransfer(run: RunResult, task: number, reference: Reference | undefined): number {
  const own = visitsOf(run, task);
  const changes = own.flatMap((visit, k) => {
    const end = (own[k + 1] ?? run.means.length) - 1;
    if (end === visit) return [];
    return [measured(run, end, task, reference) - measured(run, visit, task, reference)];
  });
  return meanOf(changes.filter(Number.isFinite));
}

function gain(run: RunResult, task: number, reference: Reference | undefined): number {
  const [first, second] = visitsOf(run, task);
  if (first === undefined || second === undefined) return Number.NaN;
  return measured(run, second, task, reference) - measured(run, first, task, reference);
}

function measured(run: RunResult, visit: number, task: number, reference: Reference | undefined): number {
  const random = elementAt(run.random, task, "tasks");
  return normalise(returnAfter(run, visit, task), random, reference?.returns[task]);
}

function visitRows(label: string, runs: readonly RunResult[]): LearnedAgain[] {
  const most = Math.max(...runs.flatMap((run) => run.tasks.map((_, j) => visitsOf(run, j).length)));
  return Array.from({ length: most - 1 }, (_, k) => {
    const perRun = runs.map((run) => again(run, k + 1));
    const all = perRun.flat();
    return {
      label,
      visit: k + 2,
      areaShare: estimate(perRun.map((tasks) => finiteMean(tasks.map((task) => task.areaShare)))),
      recoverySteps: estimate(perRun.map((tasks) => finiteMean(tasks.map((task) => task.steps)))),
      recovered: {
        count: all.filter(({ recovered }) => recovered).length,
        of: all.filter(({ steps }) => Number.isFinite(steps)).length,
      },
    };
  });
}

/** How a task was learned again. */
interface Again {
  readonly areaShare: number;
  readonly steps: number;
  readonly recovered: boolean;
}

/** The tasks that a run visited so often. @param visit of each task, 0-based */
function again(run: RunResult, visit: number): Again[] {
  return run.tasks.flatMap((_, j) => {
    const visits = visitsOf(run, j).map((v) => elementAt(run.visitCurves, v, "visits"));
    const [first, own] = [visits[0], visits[visit]];
    if (first === undefined || own === undefined) return [];
    return [comparedWithFirst(own, first, elementAt(run.random, j, "tasks"))];
  });
}

/** Planned steps to recover, mean over all visits of a run to tasks that it had visited before; NaN without one. */
export function recoverySteps(run: RunResult): number {
  const most = Math.max(...run.tasks.map((_, j) => visitsOf(run, j).length));
  const visits = Array.from({ length: most - 1 }, (_, k) => again(run, k + 1));
  return finiteMean(visits.flat().map(({ steps }) => steps));
}

function comparedWithFirst(own: LearningCurve, first: LearningCurve, random: number): Again {
  const way = endOf(first) - random;
  const level = way > 0 ? random + (1 - RECOVERY_TOLERANCE) * way : Number.NaN;
  const steps = stepsTo(own, level);
  return {
    areaShare: normalise(own.mean, random, first.mean),
    steps: Math.min(steps, own.total),
    recovered: Number.isFinite(steps),
  };
}

function finiteMean(values: readonly number[]): number {
  return meanOf(values.filter(Number.isFinite));
}
