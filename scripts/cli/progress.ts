import type { BaselineRecord, EvaluationRecord } from "../../agent/run/records.js";
import type { RunEvent, StepEvent } from "../../agent/run/run-events.js";
import { evaluatedTasks, evaluationsFrom } from "../../agent/settings/evaluated-tasks.js";
import { Schedule } from "../../agent/settings/schedule.js";
import { firstOf } from "../../sim/core/element.js";
import type { RunStart } from "../runs/train.js";

const RECENT = 50;

/** Follows the events of a run: what is going on, and how long the rest will take. */
export class ProgressTracker {
  readonly #start: RunStart;
  readonly #planningMs: number[] = [];
  readonly #learning = { ms: 0, count: 0 };
  readonly #evaluating = { ms: 0, count: 0 };
  #last: { readonly type: RunEvent["type"]; readonly time: number } | undefined;
  #remainingSteps: number;
  #remainingEvaluations: number;
  readonly schedule: Schedule;
  /** Visit being learned or evaluated after, 0-based; while random policies are measured the task. */
  place: number;
  steps = 0;
  totalSteps: number;
  /** Returns of the last learning episodes, newest last. */
  readonly returns: number[] = [];
  /** Mean loss of the last training session. */
  modelLoss = Number.NaN;
  /** Task that was evaluated last, while an evaluation goes on. */
  evaluating: string | undefined;

  constructor(start: RunStart) {
    const { loop } = start.settings;
    this.#start = start;
    this.schedule = new Schedule(start.settings);
    this.place = start.progress?.stage === "baseline" ? 0 : (start.progress?.task ?? 0);
    this.totalSteps = this.schedule.steps(this.place);
    this.#remainingSteps = this.#plannedFrom(0);
    this.#remainingEvaluations = evaluationsFrom(start.settings, 0) * loop.evaluationEpisodes;
  }

  /** Takes in an event that happened at `now`, ms. */
  accept(event: RunEvent, now: number): void {
    if (event.type === "baseline") this.#baseline(event);
    if (event.type === "step") this.#step(event, now);
    if (event.type === "evaluation") this.#evaluation(event, now);
    if (event.type === "training") this.modelLoss = event.taskLoss;
    if (event.type === "planned") push(this.#planningMs, event.ms, RECENT);
    if (event.type === "episode") push(this.returns, event.return, 5);
  }

  /** Median time of the recent planning steps, ms. */
  get planningMs(): number {
    return this.#planningMs.toSorted((a, b) => a - b)[this.#planningMs.length >> 1] ?? Number.NaN;
  }

  /** Estimated time to the run's end, ms; NaN while there is nothing to go by. */
  get remainingMs(): number {
    const perStep = this.#learning.ms / this.#learning.count;
    const perEvaluation =
      this.#evaluating.count > 0
        ? this.#evaluating.ms / this.#evaluating.count
        : this.planningMs * firstOf(this.#start.tasks, "tasks").spec.episodeSteps;
    const evaluations = this.#remainingEvaluations * perEvaluation;
    return this.#remainingSteps === 0 ? evaluations : this.#remainingSteps * perStep + evaluations;
  }

  #baseline({ taskIndex, task }: BaselineRecord): void {
    this.place = taskIndex;
    this.evaluating = `${task} with random actions`;
  }

  #step({ visit, steps, total }: StepEvent, now: number): void {
    const { randomSteps, plannedSteps } = this.schedule.at(visit);
    if (visit !== this.place) this.returns.length = 0;
    this.evaluating = undefined;
    this.place = visit;
    this.steps = steps;
    this.totalSteps = total;
    this.#remainingSteps = this.#plannedFrom(visit + 1) + Math.min(plannedSteps, total - steps);
    // Exploring at random costs next to nothing, so it must not count as the price of a planned step.
    if (steps > randomSteps) this.#spend(this.#learning, "step", now);
    this.#last = { type: "step", time: now };
  }

  #evaluation({ afterTask, taskIndex, task, episode }: EvaluationRecord, now: number): void {
    const { settings } = this.#start;
    const { loop } = settings;
    const ofThisRow = evaluatedTasks(settings, afterTask, this.schedule).filter((j) => j >= taskIndex).length;
    const left = ofThisRow + evaluationsFrom(settings, afterTask + 1);
    this.#remainingEvaluations = left * loop.evaluationEpisodes - episode - 1;
    this.#remainingSteps = this.#plannedFrom(afterTask + 1);
    this.place = afterTask;
    this.evaluating = task;
    this.#spend(this.#evaluating, undefined, now);
    this.#last = { type: "evaluation", time: now };
  }

  /** Planned steps of a visit and all later ones. */
  #plannedFrom(visit: number): number {
    return this.schedule.visits.slice(visit).reduce((sum, { plannedSteps }) => sum + plannedSteps, 0);
  }

  /** Books the time since the last event, when that was of the given type (or of any). */
  #spend(account: { ms: number; count: number }, after: RunEvent["type"] | undefined, now: number): void {
    if (this.#last === undefined || (after !== undefined && this.#last.type !== after)) return;
    account.ms += now - this.#last.time;
    account.count++;
  }
}

function push(list: number[], value: number, most: number): void {
  list.push(value);
  if (list.length > most) list.shift();
}
