import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import type { Agent } from "../agent.js";
import type { Recordings } from "../episode-run.js";
import type { EpisodeThreads } from "../evaluation/episode-threads.js";
import {
  evaluateDynamics,
  evaluateRandomPolicy,
  evaluateTask,
  type FinishedEpisode,
} from "../evaluation/evaluate-task.js";
import type { EvaluationOptions } from "../evaluation/evaluation-episode.js";
import type { ModelError } from "../evaluation/model-error.js";
import { alignedArray } from "../graph/session.js";
import type { TaskDynamics } from "../model/dynamics.js";
import type { Progress } from "../run/checkpoint-document.js";
import type { EvaluationMatrix } from "../run/evaluation-matrix.js";
import { recordingPath } from "../run/recording-names.js";
import type { BaselineRecord, EvaluationRecord } from "../run/records.js";
import { evaluatedTasks } from "../settings/evaluated-tasks.js";
import type { Schedule } from "../settings/schedule.js";
import type { LoopServices } from "./services.js";

/** What the evaluations of a run work with. */
export interface EvaluationParts {
  readonly tasks: readonly Task[];
  readonly agent: Agent;
  readonly services: LoopServices;
  readonly recordings: Recordings;
  readonly schedule: Schedule;
  /** Of the run. */
  readonly rng: Rng;
  /** Takes the returns. */
  readonly matrix: EvaluationMatrix;
}

/** The evaluations of a run: each is played, counted and logged. */
export class LoopEvaluations {
  readonly #parts: EvaluationParts;

  constructor(parts: EvaluationParts) {
    this.#parts = parts;
  }

  /** One task's random policy: the zero of every normalised return. @throws Stopped when the user asked to stop */
  async measureRandomPolicy(taskIndex: number): Promise<void> {
    const options = this.#optionsFor(taskIndex);
    for await (const { episode, outcome, file } of evaluateRandomPolicy(options)) {
      const what = { task: options.task.name, taskIndex, episode };
      this.#tell({ type: "baseline", ...what, ...outcome, recording: recordingPath(file) });
    }
  }

  /**
   * One earlier (or the current) task: planning with today's weights, nothing learned.
   * @param progress where the run stands, at an evaluation
   * @returns where it stands then
   * @throws Stopped when the user asked to stop
   */
  evaluate(progress: Progress): Promise<Progress> {
    const { agent, services } = this.#parts;
    const options = this.#optionsFor(progress.evaluated);
    return this.#log(progress, options, (onModelError) =>
      evaluateTask(agent, progress.task, options, onModelError, services.episodeThreads),
    );
  }

  /** The models of the tasks that are still to be evaluated, by their index, as they are now. */
  async freeze(progress: Progress): Promise<ReadonlyMap<number, TaskDynamics>> {
    const models = new Map<number, TaskDynamics>();
    for (const index of this.#evaluatedFrom(progress)) {
      const { shape, weights, normalizer } = await this.#parts.agent.dynamicsOf(index);
      const copy = alignedArray(weights.length);
      copy.set(weights);
      models.set(index, { shape, weights: copy, normalizer: structuredClone(normalizer) });
    }
    return models;
  }

  /**
   * Like `evaluate` with a model as it was, on other threads.
   * @param joins resolved when the calling thread plays along
   * @param stopRequested true once it shall stop
   */
  evaluateBeside(
    progress: Progress,
    dynamics: TaskDynamics,
    threads: EpisodeThreads,
    joins: Promise<void>,
    stopRequested: () => boolean,
  ): Promise<Progress> {
    const { agent } = this.#parts;
    const options = { ...this.#optionsFor(progress.evaluated), stopRequested };
    return this.#log(progress, options, (onModelError) =>
      evaluateDynamics(agent, dynamics, progress.task, options, onModelError, threads, joins),
    );
  }

  /** Logs the episodes of an evaluation, and writes the matrix where its row is complete. */
  async #log(
    progress: Progress,
    { task, taskIndex }: EvaluationOptions,
    play: (onModelError: (error: ModelError) => void) => AsyncGenerator<FinishedEpisode>,
  ): Promise<Progress> {
    const { services, matrix, schedule } = this.#parts;
    const { store } = services;
    const { task: afterTask } = progress;
    const what = { afterTask, task: task.name, taskIndex };
    const episodes = play((error) => store.log.emit({ type: "modelError", ...what, ...error }));
    for await (const { episode, outcome, file } of episodes) {
      this.#tell({ type: "evaluation", ...what, episode, ...outcome, recording: recordingPath(file) });
    }
    const next = this.#evaluatedFrom(progress).find((j) => j > taskIndex);
    if (next !== undefined) return { ...progress, evaluated: next };
    store.writeEvaluation(matrix.toJson());
    const last = afterTask + 1 === schedule.visits.length;
    return {
      ...progress,
      ...(last ? { stage: "done" } : { stage: "learn", task: afterTask + 1, evaluated: 0 }),
    };
  }

  #evaluatedFrom({ task, evaluated }: Progress): number[] {
    const { services, schedule } = this.#parts;
    return evaluatedTasks(services.store.settings, task, schedule).filter((j) => j >= evaluated);
  }

  #optionsFor(taskIndex: number): EvaluationOptions {
    const { tasks, services, rng, recordings } = this.#parts;
    const { store, stopRequested } = services;
    return {
      task: elementAt(tasks, taskIndex, "tasks"),
      taskIndex,
      episodes: store.settings.loop.evaluationEpisodes,
      rng,
      recordings,
      stopRequested,
    };
  }

  #tell(record: BaselineRecord | EvaluationRecord): void {
    this.#parts.matrix.accept(record);
    this.#parts.services.store.log.emit(record);
  }
}
