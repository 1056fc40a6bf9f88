import type { PlannerDefinition } from "../../planners/types.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Forecast } from "../../sim/recording/episode.js";
import { TASKS_DRAWN, type TaskForecast } from "../../sim/recording/task-plan-messages.js";
import type { Task, TaskSpec } from "../../sim/task.js";
import { MpcPolicy, modelToPlanWith } from "../policy.js";
import { MixedRollout } from "../rollout/mixed-rollout.js";
import type { PlanningThreads } from "../rollout/planning-threads.js";
import type { RolloutModel } from "../rollout/rollout.js";
import type { Settings } from "../settings/schema.js";
import { KnownModels, type KnownTask } from "./known-models.js";
import { TaskPosterior } from "./posterior.js";

/** How a policy that is not told its task goes by the probabilities of the tasks. */
export interface RecognitionSettings {
  /** h, probability that the task is drawn anew before a transition; the smaller, the longer it takes to find a change. */
  readonly hazard: number;
  /** Probability from which on a task's model is planned with alone. */
  readonly certain: number;
  /** Probability below which a task's model is left out of the planning while no task is certain. */
  readonly considered: number;
}

/** The settings of `hypercrl evaluate --tasks unannounced`. */
export const RECOGNITION: RecognitionSettings = { hazard: 0.003, certain: 0.95, considered: 0.05 };

/** A task with its model. */
export interface ModelledTask extends KnownTask {
  readonly task: Task;
}

/**
 * Model-predictive control of a task that it is not told: every transition says how probable each of the K known tasks is, and one
 * planner plans with the model of the most probable one. While none is certain, costs are the mean over those that come into
 * question, weighted by their probabilities; the search goes on from its last plan when the models change. Rewards are
 * those of the tasks that are believed in.
 */
export class UnannouncedPolicy {
  /** Names of the tasks, `[K]`. */
  readonly #names: readonly string[];
  readonly #policy: MpcPolicy<MixedRollout>;
  readonly #models: KnownModels;
  readonly #posterior: TaskPosterior;
  readonly #recognition: RecognitionSettings;
  #told: number | undefined;

  private constructor(
    names: readonly string[],
    policy: MpcPolicy<MixedRollout>,
    models: KnownModels,
    posterior: TaskPosterior,
    recognition: RecognitionSettings,
  ) {
    this.#names = names;
    this.#policy = policy;
    this.#models = models;
    this.#posterior = posterior;
    this.#recognition = recognition;
  }

  /**
   * @param known K tasks that `checkAlike` accepts
   * @param planner what `settings.planner.name` stands for
   * @param threads plan together on several cores, with the same results; not closed by `release`
   */
  static async create(
    known: readonly ModelledTask[],
    settings: Settings,
    planner: PlannerDefinition,
    rng: Rng,
    threads?: PlanningThreads,
    recognition: RecognitionSettings = RECOGNITION,
  ): Promise<UnannouncedPolicy> {
    const { task } = firstOf(known, "tasks");
    const models: RolloutModel[] = [];
    try {
      for (const { task: own, dynamics } of known) {
        const model = await modelToPlanWith(own, dynamics.shape, settings, threads);
        models.push(model);
        await model.load(dynamics.weights, dynamics.normalizer);
      }
      const policy = MpcPolicy.over(new MixedRollout(models), task, settings, planner, rng);
      const compared = new KnownModels(task.spec, settings.dynamics.history, known);
      const posterior = new TaskPosterior(known.length, recognition.hazard);
      const names = known.map((own) => own.task.name);
      return new UnannouncedPolicy(names, policy, compared, posterior, recognition);
    } catch (error) {
      for (const model of models) await model.release();
      throw error;
    }
  }

  /** Makes all tasks equally probable. */
  forget(): void {
    this.#posterior.reset();
  }

  /**
   * Tells it which task it is, counted from 0: its model is planned with alone, whatever is believed, until another one is told. Undefined:
   * from now on it goes by what it believes again.
   */
  tell(task: number | undefined): void {
    this.#told = task;
  }

  /** Starts an episode: forgets the warm start and takes a new random stream; what is believed stays. */
  startEpisode(rng: Rng): void {
    this.#models.startEpisode();
    this.#policy.startEpisode(rng);
  }

  act(state: Float32Array, stepsDone: number): Promise<Float32Array> {
    this.#policy.model.mix(this.#weights());
    return this.#policy.act(state, stepsDone);
  }

  /** By the model of the most probable task. */
  forecast(state: Float32Array, most: number): Promise<Forecast> {
    return this.#policy.forecast(state, most);
  }

  /**
   * Where the plan just made in a state `[S]` leads by the models that it was made with, of the most probable tasks first; none where one
   * task was planned for alone.
   */
  async forecastsByTask(state: Float32Array): Promise<TaskForecast[]> {
    const { model } = this.#policy;
    const predicted = await model.observationsByModel(state, this.#policy.lastPlan(), TASKS_DRAWN);
    if (predicted.length === 1) return [];
    return predicted.map(({ index, observations }) => ({
      task: elementAt(this.#names, index, "tasks"),
      index,
      chosen: observations,
    }));
  }

  /**
   * Learns what a transition from a state `[S]` by an action `[U]` to a state `[S]` says of the task.
   * @returns how far apart the models are, see `Evidence.disagreement`
   */
  observe(state: Float32Array, action: Float32Array, next: Float32Array): number {
    const { logLikelihoods, disagreement } = this.#models.compare(state, action, next);
    this.#posterior.update(logLikelihoods);
    return disagreement;
  }

  /** Probability of each task, `[K]`. */
  get probabilities(): Float64Array {
    return this.#posterior.probabilities;
  }

  /** Probability from which on a task's model is planned with alone. */
  get certain(): number {
    return this.#recognition.certain;
  }

  /** The most probable task, counted from 0; undefined where several are equally probable. */
  get believed(): number | undefined {
    return this.#posterior.top;
  }

  release(): Promise<void> {
    return this.#policy.release();
  }

  /** How much each task's model counts, `[K]`. */
  #weights(): Float64Array {
    const { certain, considered } = this.#recognition;
    const probabilities = this.#posterior.probabilities;
    const told = this.#told;
    if (told !== undefined) return probabilities.map((_, k) => (k === told ? 1 : 0));
    const most = Math.max(...probabilities);
    // With many tasks, none may come up to what is considered.
    const least = most >= certain ? most : Math.min(considered, most);
    return probabilities.map((p) => (p >= least ? p : 0));
  }
}

const COMPARED = [
  "observation",
  "action",
  "moving",
  "episodeSteps",
  "controlPeriod",
] as const satisfies readonly (keyof TaskSpec)[];

/**
 * Checks that tasks can be told apart by what actions do, and by nothing else.
 * @throws UsageError when there are fewer than two, or their channels, episode lengths or control periods differ
 */
export function checkAlike(tasks: readonly Task[]): void {
  const first = firstOf(tasks, "tasks");
  if (tasks.length < 2) {
    throw new UsageError({
      what: "There are too few tasks to tell apart",
      got: `1 task that was learned, ${first.name}`,
      expected: "2 or more",
      todo: "Learn another task, or evaluate without --tasks unannounced",
    });
  }
  for (const task of tasks) {
    const field = COMPARED.find((key) => JSON.stringify(task.spec[key]) !== JSON.stringify(first.spec[key]));
    if (field === undefined) continue;
    throw new UsageError({
      what: `Tasks ${first.name} and ${task.name} cannot be played without being told which it is`,
      got: `another spec.${field}`,
      expected: "the same channels, episode lengths and control periods in all tasks",
      todo: "Evaluate without --tasks unannounced",
    });
  }
}
