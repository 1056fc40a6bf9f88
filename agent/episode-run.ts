import { setImmediate } from "node:timers/promises";
import type { Environment, StepResult } from "../sim/environment.js";
import type { EpisodeHeader, Forecast } from "../sim/recording/episode.js";
import { EpisodeRecorder } from "../sim/recording/recorder.js";
import type { Compute } from "./compute.js";
import type { MpcPolicy } from "./policy.js";
import type { ProgressEvent } from "./run/progress.js";
import type { RunStore } from "./run/store.js";

/** What the loop needs from outside: where to write, whom to tell, the time, and when to stop. */
export interface LoopServices {
  readonly store: RunStore;
  /** Receives everything that happens in a run, as it happens. */
  readonly report: (event: ProgressEvent) => void;
  /** Whether recordings of planned episodes hold the plans; nothing else depends on it. */
  readonly recordPlans?: boolean;
  /** A clock in ms; only ever used to report how long things took. */
  readonly now: () => number;
  readonly compute: Compute;
  /** True once the user asked to stop; the run then ends at its last checkpoint. */
  readonly stopRequested: () => boolean;
}

/** Thrown inside the loop when the user asked to stop. */
export class Stopped extends Error {}

/** How an episode is recorded. */
export interface RecordingOptions {
  readonly path: string;
  readonly header: Omit<EpisodeHeader, "seed">;
  /** Whether the plans are part of it. */
  readonly plans: boolean;
}

/** One episode to run. */
export interface EpisodeOptions {
  readonly seed: number;
  /** Without, nothing is recorded. */
  readonly recording?: RecordingOptions;
  /** True once the user asked to stop. */
  readonly stopRequested: () => boolean;
}

/** What came of an episode. */
export interface Outcome {
  readonly return: number;
  readonly success: boolean;
  readonly measures: Readonly<Record<string, number>>;
  /** Path of the recording, if there is one. */
  readonly recording?: string;
}

/** Sequences recorded of every plan beside the chosen one. */
const OTHERS_RECORDED = 6;

/** What can say where its last plan leads; see `MpcPolicy.forecast`. */
export interface Forecaster {
  forecast(observation: Float32Array, most: number): Promise<Forecast>;
}

/** One episode in progress, recorded or not. */
export class EpisodeRun {
  readonly #environment: Environment;
  readonly #options: EpisodeOptions;
  readonly #recorder: EpisodeRecorder | undefined;
  #return = 0;
  observation: Float32Array;
  over = false;

  constructor(environment: Environment, options: EpisodeOptions) {
    const { seed, recording } = options;
    this.#environment = environment;
    this.#options = options;
    this.observation = environment.reset(seed);
    this.#recorder = recording && new EpisodeRecorder(environment, { ...recording.header, seed });
  }

  /** Makes one step. @throws Stopped when the user asked to stop */
  step(action: Float32Array): StepResult {
    if (this.#options.stopRequested()) throw new Stopped();
    const result = this.#environment.step(action);
    this.#recorder?.record(action, result);
    this.#return += result.reward;
    this.observation = result.observation;
    this.over = result.truncated;
    return result;
  }

  /** Records, where plans are recorded, the plan just made for the next step. */
  async recordPlan(planner: Forecaster): Promise<void> {
    if (!this.#options.recording?.plans) return;
    this.#recorder?.recordPlan(await planner.forecast(this.observation, OTHERS_RECORDED));
  }

  /** Plans and makes a step. @throws Stopped when the user asked to stop */
  async act(policy: MpcPolicy): Promise<void> {
    const action = await policy.act(this.observation);
    await this.recordPlan(policy);
    this.step(action);
  }

  /** Writes what was recorded before a failure to a path of its own, so that it can be looked at. */
  async salvage(path: string): Promise<void> {
    await this.#recorder?.finish(path);
  }

  /** Sums up, and writes the recording if there is one. */
  async finish(): Promise<Outcome> {
    // Random episodes await nothing else: without a turn of the event loop a signal would not be seen.
    await setImmediate();
    const { recording } = this.#options;
    if (recording !== undefined) await this.#recorder!.finish(recording.path);
    const measures = this.#environment.scene.measure();
    const success = this.#environment.task.succeeded(measures);
    return { return: this.#return, success, measures, ...(recording && { recording: recording.path }) };
  }
}
