import type { EpisodeRecord } from "../../agent/run/records.js";
import { Schedule } from "../../agent/settings/schedule.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { largest, smallest } from "../../sim/core/extremes.js";
import { meanOf } from "../../sim/core/mean.js";
import type { Value } from "../compare/value.js";
import { episodeLengths, fullEpisodes } from "../runs/episode-lengths.js";
import type { Curve, CurveChart, Quantity, Stretch } from "./data.js";
import type { ReportRun } from "./runs.js";

/** Points of a curve, about: more than a screen has room for makes the page slow and large. */
const MOST_POINTS = 400;
const DIGITS = 5;

interface Sample {
  readonly taskIndex: number;
  readonly visit: number;
  /** Environment steps made in the visit. */
  readonly steps: number;
  readonly phase: "random" | "train";
  readonly value: number;
}

/** Samples of a run, in order; values that are not finite are left out. */
const SAMPLES: Readonly<Record<Quantity, (run: ReportRun) => Sample[]>> = {
  return: ({ metrics }) =>
    fullEpisodes(metrics.episode).map((record) => ({
      ...placeOf(record),
      phase: record.phase,
      value: record.return,
    })),
  trainingLoss: ({ metrics }) => metrics.training.map((r) => trained(r, r.taskLoss)),
  regularizer: ({ metrics }) =>
    metrics.training.some((r) => r.regularizer !== 0)
      ? metrics.training.map((r) => trained(r, r.regularizer))
      : [],
  trainingSeconds: ({ timings }) => timings.training.map((r) => trained(r, r.ms / 1000)),
  planningMilliseconds: ({ timings }) => timings.planning.map((r) => trained(r, r.ms / r.actions)),
};

type Placed = Pick<EpisodeRecord, "taskIndex" | "visit" | "steps">;

const placeOf = ({ taskIndex, visit = taskIndex, steps }: Placed) => ({ taskIndex, visit, steps });

function trained(record: Placed, value: number): Sample {
  return { ...placeOf(record), phase: "train", value };
}

/**
 * One quantity of all runs against environment steps: a chart for each length of the visits, because lines of other
 * lengths have no axis in common.
 */
export function curveCharts(runs: readonly ReportRun[], quantity: Quantity): CurveChart[] {
  const lengthOf = ({ settings }: ReportRun) =>
    new Schedule(settings).visits
      .map(({ randomSteps, plannedSteps }) => `${randomSteps}+${plannedSteps}`)
      .join();
  return [...new Set(runs.map(lengthOf))].flatMap((length) => {
    const own = runs.filter((run) => lengthOf(run) === length);
    const chart = curveChart(own, own.map(SAMPLES[quantity]));
    return chart.curves.length === 0 ? [] : [chart];
  });
}

function curveChart(runs: readonly ReportRun[], all: readonly (readonly Sample[])[]): CurveChart {
  const { settings } = firstOf(runs, "runs");
  const { loop } = settings;
  const stepsPerTask = loop.initialRandomSteps + loop.stepsPerTask;
  const schedule = new Schedule(settings);
  const samples = all.map((own) => lastOfEach(own.filter(({ value }) => Number.isFinite(value))));
  const width = Math.max(
    largest(samples.map(spacing)),
    schedule.end(schedule.visits.length - 1) / MOST_POINTS,
  );
  const labels = [...new Set(runs.map((run) => run.label))];
  const bins = samples.map((own) => intoBins(own, width));
  const curves = labels.map((label) =>
    curveOf(
      label,
      bins.filter((_, i) => runs[i]?.label === label),
      schedule,
    ),
  );
  return {
    randomSteps: loop.initialRandomSteps,
    stepsPerTask,
    ...visitStretches(runs, schedule),
    curves: curves.filter(({ steps }) => steps.length > 0),
    thinnedTo: bins.some((own) => [...own.values()].some((bin) => bin.length > 1)) ? Math.round(width) : null,
  };
}

/** The visits of runs that do not visit every task once in order. @param schedule of one of them */
function visitStretches(
  runs: readonly ReportRun[],
  schedule: Schedule,
): { readonly visits?: readonly Stretch[] } {
  const tasks = tasksOfVisits(runs);
  if (tasks === undefined) return {};
  return {
    visits: schedule.visits.map(({ start, randomSteps }, visit) => ({
      task: elementAt(tasks, visit, "visits"),
      from: start,
      to: schedule.end(visit),
      randomTo: start + randomSteps,
    })),
  };
}

/**
 * The task of each visit of some runs, null where they differ or some have no such visit; undefined where all visit every task once, in
 * the order of the suite.
 */
export function tasksOfVisits(runs: readonly ReportRun[]): readonly Value[] | undefined {
  const schedules = runs.map(({ settings }) => new Schedule(settings));
  if (schedules.every(({ isOnce }) => isOnce)) return undefined;
  const most = largest(schedules.map(({ visits }) => visits.length));
  return Array.from({ length: most }, (_, visit) => {
    const tasks = [...new Set(schedules.map(({ visits }) => visits[visit]?.task))];
    return tasks.length === 1 ? (tasks[0] ?? null) : null;
  });
}

/** A run that was killed and went on notes the same moment again. */
function lastOfEach(samples: readonly Sample[]): Sample[] {
  return [...new Map(samples.map((s) => [`${s.visit}/${s.steps}`, s])).values()];
}

/** Most steps between two samples of a visit, so that no bin between them is empty. */
function spacing(samples: readonly Sample[]): number {
  const inside = episodeLengths(samples).filter((_, i) => samples[i - 1]?.visit === samples[i]?.visit);
  return Math.max(1, largest(inside));
}

type Bins = ReadonlyMap<string, readonly Sample[]>;

/** Samples by visit, phase and `width` steps of the visit. */
function intoBins(samples: readonly Sample[], width: number): Bins {
  const bins = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.visit}/${sample.phase}/${Math.ceil(sample.steps / width)}`;
    bins.set(key, [...(bins.get(key) ?? []), sample]);
  }
  return bins;
}

/** Mean in each bin of a run first, so that every run counts the same. */
function curveOf(label: string, runs: readonly Bins[], schedule: Schedule): Curve {
  const points = [...new Set(runs.flatMap((bins) => [...bins.keys()]))].map((key) => {
    const own = runs.flatMap((bins) => (bins.has(key) ? [bins.get(key)!] : []));
    const values = own.map((bin) => meanOf(bin.map(({ value }) => value)));
    const stepOf = ({ visit, steps }: Sample) => schedule.at(visit).start + steps;
    const steps = meanOf(own.map((bin) => meanOf(bin.map(stepOf))));
    const { taskIndex: task, phase } = firstOf(own.flat(), "samples");
    return { task, phase, steps: Math.round(steps), values };
  });
  points.sort((a, b) => a.steps - b.steps);
  return {
    label,
    task: points.map((p) => p.task),
    phase: points.map((p) => p.phase),
    steps: points.map((p) => p.steps),
    mean: points.map((p) => rounded(meanOf(p.values))),
    low: points.map((p) => rounded(smallest(p.values))),
    high: points.map((p) => rounded(largest(p.values))),
    n: points.map((p) => p.values.length),
  };
}

/** A number with as many digits as a page needs. */
export function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
