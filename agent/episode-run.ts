import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { RunError } from "../sim/core/errors.js";
import type { Environment, StepResult } from "../sim/environment.js";
import { outcomesOf } from "../sim/outcomes.js";
import type { Belief } from "../sim/recording/belief-messages.js";
import type { EpisodeHeader, Forecast } from "../sim/recording/episode.js";
import { EpisodeRecorder } from "../sim/recording/recorder.js";
import type { TaskForecast } from "../sim/recording/task-plan-messages.js";
import { StateSpec } from "./model/model-state.js";
import type { RecordingOrigin } from "./run/origin.js";
import { FAILED_FILE } from "./run/recording-names.js";
import type { EvaluationRecord } from "./run/records.js";

/** Thrown inside the loop when the user asked to stop. */
export class Stopped extends Error {}

/** Where the recordings of several episodes go, and what all of them say. */
export interface Recordings {
  readonly folder: string;
  readonly origin: RecordingOrigin;
  /** Whether they hold the plans. */
  readonly plans: boolean;
  /** Whether they say which visit of the run they are of; default no, as where every task is visited once, in the suite's order. */
  readonly visits?: boolean;
}

/** One episode to run. */
export interface EpisodeOptions {
  /** What the episode is for, and the seed of its start. */
  readonly kind: Pick<EpisodeHeader, "phase" | "afterTask" | "taskIndex" | "seed" | "starts">;
  /** Without, nothing is recorded. */
  readonly recordings: Recordings | undefined;
  /** Name of the recording in their folder. */
  readonly file: string;
  /** Past changes that its states hold, see `StateSpec`; default 0: states are observations. */
  readonly history?: number;
  /** True once the user asked to stop. */
  readonly stopRequested: () => boolean;
}

/** What came of an episode; the fields are described where they are logged. */
export type Outcome = Pick<EvaluationRecord, "terminated" | "return" | "success" | "measures" | "outcomes">;

/** Sequences recorded of every plan beside the chosen one. */
export const OTHERS_RECORDED = 6;

/** What can say where its last plan leads; see `MpcPolicy.forecast`. */
export interface Forecaster {
  forecast(state: Float32Array, most: number): Promise<Forecast>;
}

/** What chooses an episode's actions by planning. */
export interface EpisodePolicy extends Forecaster {
  /** The action `[U]` to make in a state `[S]`, after so many steps of the episode. */
  act(state: Float32Array, stepsDone: number): Promise<Float32Array>;
  /** Of a policy that is not told its task, where the plan just made leads by the model of each task that comes into question. */
  forecastsByTask?(state: Float32Array): Promise<TaskForecast[]>;
}

/** The error of a run that failed within an episode, which tells where to look. */
function withRecording(error: unknown): unknown {
  if (!(error instanceof RunError)) return error;
  const { todo, ...details } = error.details;
  const look = `episodes/${FAILED_FILE} holds what led here; everything saved so far is intact`;
  return new RunError({ ...details, todo: todo === undefined ? look : `${todo}: ${look}` });
}

/** One episode in progress, recorded or not. */
export class EpisodeRun {
  #environment: Environment;
  readonly options: EpisodeOptions;
  readonly #recorder: EpisodeRecorder | undefined;
  #return = 0;
  #terminated = false;
  readonly #states: StateSpec;
  /** `[S]`, after the last step. */
  state: Float32Array;
  /** Whether it has ended: by itself, or because its steps are made. */
  over = false;
  /** Of a learning episode that is begun with random actions: how many of those it had, once an action was planned. */
  randomSteps: number | undefined;
  /** Of a learning episode whose task is not told: see `EpisodeHeader.believed`. */
  believed: EpisodeHeader["believed"];

  constructor(environment: Environment, options: EpisodeOptions) {
    const { kind, recordings, history = 0 } = options;
    this.#environment = environment;
    this.options = options;
    this.#states = new StateSpec(environment.task.spec, history);
    this.state = this.#states.first(environment.reset(kind.seed));
    if (recordings === undefined) return;
    const { task, episodeSteps } = environment;
    const header = {
      task: task.name,
      ...recordings.origin,
      ...kind,
      ...(recordings.visits && kind.afterTask >= 0 && { visit: kind.afterTask }),
      ...(episodeSteps < task.spec.episodeSteps && { episodeSteps }),
    };
    this.#recorder = new EpisodeRecorder(environment, header);
  }

  /** Steps made. */
  get stepsDone(): number {
    return this.#environment.stepsDone;
  }

  /**
   * Plays the episode by steps that `play` makes, sums up and writes the recording if there is one. When a step fails, what
   * was recorded so far is written beside the others as `failed.mcap`, so that it can be looked at.
   * @throws Stopped when the user asked to stop; whatever `play` throws; InputError or RunError when the recording cannot be written
   */
  async run(play: () => Promise<void>): Promise<Outcome> {
    try {
      await play();
    } catch (error) {
      if (error instanceof Stopped) throw error;
      throw (await this.#keptWhatLedHere()) ? withRecording(error) : error;
    }
    return await this.#finish();
  }

  /** Whether there is a recording of the steps before a failure. */
  async #keptWhatLedHere(): Promise<boolean> {
    try {
      await this.#record(FAILED_FILE);
    } catch {
      // What failed matters more than whether its recording could be kept.
      return false;
    }
    return this.options.recordings !== undefined;
  }

  /** Makes one step with an action `[U]`. @throws Stopped when the user asked to stop */
  step(action: Float32Array): StepResult {
    if (this.options.stopRequested()) throw new Stopped();
    const result = this.#environment.step(action);
    this.#recorder?.record(action, result);
    this.#return += result.reward;
    this.state = this.#states.next(this.state, result.observation);
    this.over = this.#environment.over;
    this.#terminated = result.terminated;
    return result;
  }

  /**
   * Changes the task between two steps: goes on in another environment, which takes over from where this one is.
   * @param taskIndex index of its task in the suite
   * @throws what `Environment.takeOver` throws
   */
  switchTo(environment: Environment, taskIndex: number): void {
    const observation = environment.takeOver(this.#environment);
    this.#environment = environment;
    this.#recorder?.switchTo(environment, taskIndex);
    this.state = this.#states.seenAnew(this.state, observation);
  }

  /** Records, where plans are recorded, the plan just made for the next step. */
  async recordPlan(planner: Forecaster): Promise<void> {
    if (!this.options.recordings?.plans) return;
    this.#recorder?.recordPlan(await planner.forecast(this.state, OTHERS_RECORDED));
  }

  /** Records, where plans are recorded, the belief that the next step is planned with. */
  recordBelief(belief: Belief): void {
    if (this.options.recordings?.plans) this.#recorder?.recordBelief(belief);
  }

  /** Plans and makes a step; returns its action `[U]`. @throws Stopped when the user asked to stop */
  async act(policy: EpisodePolicy): Promise<Float32Array> {
    const action = await policy.act(this.state, this.stepsDone);
    await this.recordPlan(policy);
    await this.#recordTaskPlans(policy);
    this.step(action);
    return action;
  }

  async #recordTaskPlans(policy: EpisodePolicy): Promise<void> {
    if (!this.options.recordings?.plans || policy.forecastsByTask === undefined) return;
    this.#recorder?.recordTaskPlans(await policy.forecastsByTask(this.state));
  }

  async #finish(): Promise<Outcome> {
    // Random episodes await nothing else: without a turn of the event loop a signal would not be seen.
    await setImmediate();
    await this.#record(this.options.file);
    const measures = this.#environment.scene.measure();
    const { task } = this.#environment;
    const outcomes = outcomesOf(task, measures);
    return {
      ...(task.terminated && { terminated: this.#terminated }),
      return: this.#return,
      success: task.succeeded(measures),
      measures,
      ...(outcomes && { outcomes }),
    };
  }

  async #record(file: string): Promise<void> {
    const { recordings } = this.options;
    if (recordings === undefined) return;
    const { randomSteps, believed } = this;
    const learned = { ...(randomSteps !== undefined && { randomSteps }), ...(believed && { believed }) };
    await this.#recorder?.finish(join(recordings.folder, file), learned);
  }
}
