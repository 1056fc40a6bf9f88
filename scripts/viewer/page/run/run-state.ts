import { elementAt } from "../../../../sim/core/element.js";
import type { RunEpisode, RunPlan, RunStatus, RunUpdate } from "../../payload.js";
import { moment, shortNumber } from "../text.js";

/** All that is known of a run. */
export interface RunState {
  readonly status: RunStatus;
  readonly plan: RunPlan | undefined;
  readonly episodes: readonly RunEpisode[];
  readonly loss: number | undefined;
}

export function withUpdate(before: RunState | undefined, update: RunUpdate): RunState {
  const { status, plan, loss, fresh, episodes } = update;
  const known = fresh || before === undefined ? [] : before.episodes;
  return { status, plan, loss, episodes: [...known, ...episodes] };
}

export const STATUS_NAMES: Readonly<Record<RunStatus, string>> = {
  running: "Live",
  stopped: "Stopped",
  done: "Done",
  gone: "Folder gone",
};

/**
 * Where a run is, in its visits where it does not visit every task once in order:
 * `task 2/5 round · learning · episode 7 · step 340 of 1200 · last return -12.3 · loss 0.012`.
 */
export function runText(state: RunState): string {
  const last = state.episodes.at(-1);
  if (last === undefined) return "no episode yet";
  const loss = state.loss === undefined ? [] : [`loss ${shortNumber(state.loss)}`];
  const result = `last return ${shortNumber(last.return ?? undefined)}`;
  const parts = state.status === "done" ? [counts(state)] : place(last, state);
  return [...parts, result, ...loss].join(" · ");
}

function counts({ episodes, plan }: RunState): string {
  const visits = plan === undefined || plan.isOnce ? "" : ` in ${plan.visits.length} visits`;
  return `all ${plan?.tasks} tasks learned${visits} in ${episodes.length} episodes`;
}

/** What the episode after the last one is for, as far as the log tells. */
function place(last: RunEpisode, { plan, episodes }: RunState): string[] {
  const { phase, afterTask, taskIndex, episode, steps = 0 } = last;
  const tasks = plan?.tasks ?? Number.POSITIVE_INFINITY;
  const evaluations = plan?.evaluationEpisodes ?? Number.POSITIVE_INFINITY;
  const taskTitle = (index: number) => titleOf("task", index, index, tasks, episodes);
  const title = (visit: number) => visitTitle(visit, plan, episodes);
  const count = `episode ${episode + 1}${Number.isFinite(evaluations) ? ` of ${evaluations}` : ""}`;
  if (afterTask < 0) {
    const over = taskIndex + 1 === tasks && episode + 1 === evaluations;
    return over ? [title(0), "exploring"] : [taskTitle(taskIndex), "random policy", count];
  }
  if (phase === "evaluate") {
    const lastEvaluated = plan?.visits[afterTask]?.lastEvaluated ?? afterTask;
    const over = taskIndex === lastEvaluated && episode + 1 === evaluations;
    return over
      ? [title(afterTask + 1), plan?.visits[afterTask + 1]?.explores === false ? "learning" : "exploring"]
      : [title(afterTask), `evaluating on ${last.task}`, count];
  }
  const all = plan?.visits[afterTask]?.steps;
  if (all !== undefined && steps >= all) return [title(afterTask), "evaluating"];
  const doing = phase === "random" ? "exploring" : "learning";
  const reached = all === undefined ? [] : [`step ${steps} of ${all}`];
  return [title(afterTask), doing, `episode ${episode + 1}`, ...reached];
}

/** The title of a visit: of its task, where every task is visited once in order. */
function visitTitle(visit: number, plan: RunPlan | undefined, episodes: readonly RunEpisode[]): string {
  const task = plan?.visits[visit]?.task ?? visit;
  const all = plan?.visits.length ?? Number.POSITIVE_INFINITY;
  return titleOf(plan?.isOnce === false ? "visit" : "task", visit, task, all, episodes);
}

/** `task 2/5 round`; without the name of a task that no episode has told yet. */
function titleOf(
  what: "task" | "visit",
  index: number,
  task: number,
  all: number,
  episodes: readonly RunEpisode[],
): string {
  const name = episodes.find(({ taskIndex }) => taskIndex === task)?.task;
  return `${what} ${index + 1}${Number.isFinite(all) ? `/${all}` : ""}${name === undefined ? "" : ` ${name}`}`;
}

/** `episode 12: round, learning in task 2, return -3.20, success`; numbers count from 1 over the whole run. */
export function episodeText(state: RunState, index: number): string {
  const episode = elementAt(state.episodes, index, "episodes");
  const success = episode.success ? "success" : "no success";
  const parts = [
    `episode ${index + 1}: ${episode.task}`,
    moment(episode),
    `return ${shortNumber(episode.return ?? undefined)}`,
    success,
    ...(episode.terminated === true ? ["ended by itself"] : []),
  ];
  return parts.join(", ");
}

/** How many episodes of each kind succeeded: `success: random 0 of 12, learning 3 of 24`. */
export function successText({ episodes }: RunState): string {
  const counts = PHASES.flatMap((phase, i) => {
    const all = episodes.filter((episode) => episode.phase === phase);
    const succeeded = all.filter(({ success }) => success).length;
    return all.length === 0 ? [] : [`${KINDS[i]} ${succeeded} of ${all.length}`];
  });
  return `success: ${counts.join(", ")}`;
}

const PHASES = ["random", "train", "evaluate"] as const;
export const KINDS = ["random", "learning", "evaluation"] as const;

/** Returns of the episodes, a curve for each kind of episode. */
export interface RunCurves {
  /** From 1. */
  readonly numbers: readonly number[];
  /** In the order of `KINDS`; null for episodes of another kind. */
  readonly returns: readonly (readonly (number | null)[])[];
  /** Whether each episode succeeded. */
  readonly success: readonly boolean[];
  /** Where visits begin: index of the first episode, and the visit's number, which is the task's where each is visited once. */
  readonly begins: readonly { readonly index: number; readonly number: number }[];
}

export function curvesOfRun({ episodes }: RunState): RunCurves {
  return {
    numbers: episodes.map((_, i) => i + 1),
    returns: PHASES.map((phase) => episodes.map((e) => (e.phase === phase ? e.return : null))),
    success: episodes.map(({ success }) => success),
    begins: episodes.flatMap(({ afterTask }, index) =>
      afterTask >= 0 && afterTask !== episodes[index - 1]?.afterTask
        ? [{ index, number: afterTask + 1 }]
        : [],
    ),
  };
}
