import { elementAt } from "../sim/core/element.js";
import type { Rng } from "../sim/core/rng.js";
import type { Task } from "../sim/task.js";
import type { Agent } from "./agent.js";
import type { Recordings } from "./episode-run.js";
import { evaluateRandomPolicy, evaluateTask } from "./evaluation/evaluate-task.js";
import type { EvaluationOptions } from "./evaluation/evaluation-episode.js";
import type { ModelError } from "./evaluation/model-error.js";
import type { LoopServices } from "./loop-services.js";
import type { EvaluationMatrix } from "./run/evaluation-matrix.js";
import { recordingPath } from "./run/recording-names.js";
import type { BaselineRecord, EvaluationRecord } from "./run/records.js";

/** What the evaluations of a run work with. */
export interface EvaluationParts {
  readonly tasks: readonly Task[];
  readonly agent: Agent;
  readonly services: LoopServices;
  readonly recordings: Recordings;
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
   * @param afterTask place in the schedule of the last visit
   * @throws Stopped when the user asked to stop
   */
  async evaluate(afterTask: number, taskIndex: number): Promise<void> {
    const { agent, services } = this.#parts;
    const options = this.#optionsFor(taskIndex);
    const what = { afterTask, task: options.task.name, taskIndex };
    const { store, episodeThreads } = services;
    const measured = (error: ModelError) => store.log.emit({ type: "modelError", ...what, ...error });
    const episodes = evaluateTask(agent, afterTask, options, measured, episodeThreads);
    for await (const { episode, outcome, file } of episodes) {
      this.#tell({ type: "evaluation", ...what, episode, ...outcome, recording: recordingPath(file) });
    }
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
