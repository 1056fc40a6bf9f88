import type { EvaluationRecord } from "../../agent/run/records.js";
import type { RunEvent } from "../../agent/run/run-events.js";
import { Schedule } from "../../agent/settings/schedule.js";
import { count } from "../../sim/core/count.js";
import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import { actionsText, endTexts } from "../compare/episode-text.js";
import { number, percent, wrap, wrapParts } from "../compare/text.js";
import type { RunStart } from "../runs/train.js";
import { type Io, say } from "./io.js";
import { liveWidth } from "./live-area.js";
import { ProgressTracker } from "./progress.js";
import { printLine } from "./train-lines.js";

/** Shows a run's events. */
export interface ProgressView {
  start(start: RunStart): void;
  accept(event: RunEvent): void;
  end(): void;
}

export const silentView: ProgressView = { start: () => {}, accept: () => {}, end: () => {} };

/** One JSON object per line, see `printLine`. */
export function jsonView(io: Io): ProgressView {
  return {
    start: ({ folder, settings, progress }) => printLine(io, { type: "start", folder, settings, progress }),
    accept: (event) => {
      if (event.type !== "step" && event.type !== "planned") printLine(io, event);
    },
    end: () => {},
  };
}

/** What a line about several episodes needs of each. */
type Episode = Pick<EvaluationRecord, "return" | "success">;

const REDRAW_MS = 250;

/** A live area in a terminal; elsewhere one plain line per learning episode and per task evaluated. */
export function textView(io: Io): ProgressView {
  let tracker: ProgressTracker | undefined;
  let start: RunStart | undefined;
  let drawn = Number.NEGATIVE_INFINITY;
  let block: Episode[] = [];
  return {
    start: (run) => {
      start = run;
      tracker = new ProgressTracker(run);
      say(io, startText(run));
    },
    accept: (event) => {
      if (tracker === undefined || start === undefined) return;
      const now = io.now();
      tracker.accept(event, now);
      if (io.live === undefined) {
        if (event.type === "evaluation" || event.type === "baseline")
          block = event.episode === 0 ? [event] : [...block, event];
        const parts = plainLine(event, block, start, tracker);
        if (parts !== undefined) io.out(wrapParts(parts, io.columns()));
      } else if (now - drawn >= REDRAW_MS) {
        drawn = now;
        io.live.update(liveText(tracker, start, io.columns()));
      }
    },
    end: () => io.live?.clear(),
  };
}

function startText({ folder, settings, progress }: RunStart): string {
  const { suite, method, profile, seed, tasks, loop } = settings;
  const schedule = new Schedule(settings);
  const steps = schedule.isOnce
    ? `${loop.initialRandomSteps + loop.stepsPerTask} steps each`
    : `${count(schedule.visits.length, "visit")}`;
  const run = `${method} on ${count(tasks, "task")} of ${suite}, ${steps}, profile ${profile}, seed ${seed}, in ${folder}`;
  return progress === undefined ? `Training ${run}` : `Continuing ${run}`;
}

function plainLine(
  event: RunEvent,
  block: readonly Episode[],
  { settings, tasks }: RunStart,
  tracker: ProgressTracker,
): string[] | undefined {
  const { steps, totalSteps, modelLoss } = tracker;
  if (event.type === "episode") {
    return [
      title(tracker, tasks),
      `step ${String(steps).padStart(String(totalSteps).length)}`,
      `return ${number(event.return).padStart(7)}`,
      ...(event.success ? ["success"] : []),
      event.phase === "train" ? `loss ${number(modelLoss, 4)}` : actionsText(event),
      ...endTexts(event),
      ...left(tracker),
    ];
  }
  if (event.type !== "evaluation" && event.type !== "baseline") return undefined;
  if (event.episode + 1 < settings.loop.evaluationEpisodes) return undefined;
  const mean = meanOf(block.map((e) => e.return));
  if (event.type === "baseline") {
    return [taskTitle(tracker.place, tasks), "random policy", `return ${number(mean)}`];
  }
  const success = block.filter((e) => e.success).length / block.length;
  return [
    title(tracker, tasks),
    `evaluated on ${event.task}`,
    `return ${number(mean)}`,
    `success ${percent(success)}`,
    ...left(tracker),
  ];
}

function liveText(tracker: ProgressTracker, { tasks }: RunStart, columns: number): string {
  const width = liveWidth(columns);
  const { steps, totalSteps, evaluating, returns, modelLoss, planningMs } = tracker;
  const where =
    evaluating === undefined
      ? [bar(steps / totalSteps), `step ${steps} of ${totalSteps}`]
      : ["evaluating", `now on ${evaluating}`];
  const recent = returns.map((r) => number(r)).join(" ") || "–";
  return [
    wrapParts([title(tracker, tasks), ...left(tracker)], width),
    wrapParts(where, width),
    wrap(`last returns ${recent}`, width),
    wrapParts([`loss ${number(modelLoss, 4)}`, `planning ${number(planningMs)} ms`], width),
  ].join("\n");
}

/** `task 2/5 round`; where tasks are visited in another way than once in order, `visit 4/6 round`. */
function title({ place, schedule }: ProgressTracker, tasks: RunStart["tasks"]): string {
  if (schedule.isOnce) return taskTitle(place, tasks);
  const { task } = schedule.at(place);
  return `visit ${place + 1}/${schedule.visits.length} ${elementAt(tasks, task, "tasks").name}`;
}

function taskTitle(index: number, tasks: RunStart["tasks"]): string {
  return `task ${index + 1}/${tasks.length} ${elementAt(tasks, index, "tasks").name}`;
}

function bar(share: number, width = 10): string {
  const full = Math.round(share * width);
  return `${"█".repeat(full)}${"░".repeat(width - full)}`;
}

/** No part while there is nothing to go by. */
function left({ remainingMs }: ProgressTracker): string[] {
  return Number.isFinite(remainingMs) ? [`${duration(remainingMs)} left`] : [];
}

/** `42 s`, `7 min`, `3 h 05 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
