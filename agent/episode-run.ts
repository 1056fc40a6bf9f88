import { setImmediate } from "node:timers/promises";
import type { Environment, StepResult } from "../sim/environment.js";
import type { EpisodeHeader, Forecast } from "../sim/recording/episode.js";
import { EpisodeRecorder } from "../sim/recording/recorder.js";
import type { Compute } from "./compute.js";
import type { MpcPolicy } from "./policy.js";
import type { ProgressEvent } from "./progress.js";
import type { RunStore } from "./run-store.js";

/** What the loop needs from outside: where to write, whom to tell, the time, and when to stop. */
export interface LoopServices {
  readonly store: RunStore;
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

/** What an episode is recorded as. */
export type EpisodeKind = Pick<EpisodeHeader, "phase" | "afterTask" | "taskIndex" | "seed">;

/** What an episode leaves in the metrics. */
export interface Outcome {
  readonly return: number;
  readonly success: boolean;
  readonly measures: Readonly<Record<string, number>>;
  /** Path of the recording inside the run folder. */
  readonly recording: string;
}

/** Sequences recorded of every plan beside the chosen one. */
export const OTHERS_RECORDED = 6;

/** What can say where its last plan leads; see `MpcPolicy.forecast`. */
export interface Forecaster {
  forecast(observation: Float32Array, most: number): Promise<Forecast>;
}

/** One recorded episode in progress. */
export class EpisodeRun {
  readonly #environment: Environment;
  readonly #recorder: EpisodeRecorder;
  readonly #services: LoopServices;
  observation: Float32Array;
  over = false;

  constructor(environment: Environment, services: LoopServices, kind: EpisodeKind) {
    const { store } = services;
    this.#environment = environment;
    this.#services = services;
    this.observation = environment.reset(kind.seed);
    this.#recorder = new EpisodeRecorder(environment, {
      suite: store.settings.suite,
      task: environment.task.name,
      settingsHash: store.settingsHash,
      versions: { hypercrl: store.versions.hypercrl, physics: store.versions.physics },
      ...kind,
    });
  }

  /** Makes one step. @throws Stopped when the user asked to stop */
  step(action: Float32Array): StepResult {
    if (this.#services.stopRequested()) throw new Stopped();
    const result = this.#environment.step(action);
    this.#recorder.record(action, result);
    this.observation = result.observation;
    this.over = result.terminated || result.truncated;
    return result;
  }

  /** Records, where plans are recorded, the plan just made for the next step. */
  async recordPlan(planner: Forecaster): Promise<void> {
    if (!this.#services.recordPlans) return;
    this.#recorder.recordPlan(await planner.forecast(this.observation, OTHERS_RECORDED));
  }

  /** Plans and makes a step. @throws Stopped when the user asked to stop */
  async act(policy: MpcPolicy): Promise<void> {
    const action = await policy.act(this.observation);
    await this.recordPlan(policy);
    this.step(action);
  }

  /** Writes what was recorded before a failure, so that it can be looked at. */
  async salvage(name: string): Promise<void> {
    await this.#recorder.finish(this.#services.store.episodePath(name));
  }

  /** Writes the recording and sums up. */
  async finish(name: string): Promise<Outcome> {
    // Random episodes await nothing else: without a turn of the event loop a signal would not be seen.
    await setImmediate();
    const totals = await this.#recorder.finish(this.#services.store.episodePath(name));
    return {
      return: totals.return,
      success: totals.success,
      measures: this.#environment.scene.measure(),
      recording: `episodes/${name}.mcap`,
    };
  }
}
