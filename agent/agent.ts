import type { PlannerState } from "../planners/types.js";
import { Rng, type RngState } from "../sim/core/rng.js";
import type { Task } from "../sim/task.js";
import { dynamicsShape, type MlpShape } from "./dynamics.js";
import { createLearner } from "./methods/registry.js";
import type { Learner, LearnerState, TrainingReport } from "./methods/types.js";
import { Normalizer, type NormalizerArrays } from "./normalizer.js";
import { MpcPolicy } from "./policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import type { Settings } from "./settings.js";

/** The data and running statistics of the task being learned, dropped at its end. */
export interface CurrentTask {
  readonly buffer: ReplayBuffer;
  readonly moments: Normalizer;
  readonly planner: PlannerState;
}

/** Everything the agent needs to continue bit by bit. */
export interface AgentState {
  readonly learner: LearnerState;
  /** Per task begun, as of its last training session. */
  readonly normalizers: readonly NormalizerArrays[];
  /** What exists only while a task is being learned. */
  readonly current: CurrentTask | undefined;
  readonly minibatchRng: RngState;
}

/**
 * A continual model-based agent: a learner that knows every task's dynamics weights, one normaliser per task, the
 * current task's replay buffer and a planner. Only learner and normalisers outlive a task.
 */
export class Agent {
  readonly settings: Settings;
  readonly learner: Learner;
  /** Per task begun: the normaliser its weights were last trained with. */
  readonly #normalizers: NormalizerArrays[] = [];
  readonly #tasks: readonly Task[];
  readonly #shape: MlpShape;
  readonly #rng: Rng;
  #minibatchRng: Rng;
  #task = -1;
  #buffer: ReplayBuffer | undefined;
  #moments: Normalizer | undefined;
  #policy: MpcPolicy | undefined;

  constructor(tasks: readonly Task[], settings: Settings, rng: Rng) {
    this.settings = settings;
    this.#tasks = tasks;
    this.#shape = dynamicsShape(tasks[0].spec, settings.dynamics.hidden, settings.dynamics.activation);
    this.#rng = rng;
    this.#minibatchRng = rng.split("minibatches");
    this.learner = createLearner(settings, this.#shape, rng.split("learner"));
  }

  /** Starts learning a task: empty buffer and normaliser; the learner freezes what it must keep. */
  async beginTask(index: number): Promise<void> {
    await this.learner.beginTask(index);
    this.#newTask(index);
    this.#normalizers[index] = this.#moments!.arrays();
    await this.#newPolicy();
  }

  /** Ends the current task: its data are dropped. */
  async endTask(): Promise<void> {
    await this.#policy?.release();
    this.#policy = undefined;
    this.#buffer = undefined;
    this.#moments = undefined;
  }

  /** Stores a transition of the current task. */
  remember(observation: Float32Array, action: ArrayLike<number>, next: Float32Array): void {
    const { input, target } = this.#buffer!.add(observation, action, next);
    this.#moments!.add(input, target);
  }

  /** Runs a training session and hands the new weights to the planner. */
  async train(): Promise<TrainingReport> {
    const normalizer = this.#moments!.arrays();
    this.#normalizers[this.#task] = normalizer;
    const report = await this.learner.train(
      this.#buffer!,
      normalizer,
      this.settings.loop.trainIterations,
      this.#minibatchRng,
    );
    await this.#loadPolicy();
    return report;
  }

  startEpisode(): void {
    this.#policy!.startEpisode();
  }

  /** Plans the next action `[U]` of the current task. */
  act(observation: Float32Array): Promise<Float32Array> {
    return this.#policy!.act(observation);
  }

  /** A policy for any task begun so far, with today's weights: what evaluation measures. */
  async policyFor(index: number, rng: Rng): Promise<MpcPolicy> {
    const policy = await MpcPolicy.create(this.#tasks[index], this.#shape, this.settings, rng);
    await policy.load(await this.learner.weights(index), this.#normalizers[index]);
    return policy;
  }

  state(): AgentState {
    const [buffer, moments, policy] = [this.#buffer, this.#moments, this.#policy];
    return {
      learner: this.learner.state(),
      normalizers: this.#normalizers,
      current: buffer && moments && policy && { buffer, moments, planner: policy.state() },
      minibatchRng: this.#minibatchRng.state(),
    };
  }

  /**
   * Continues from a saved state.
   * @param task the task being learned or evaluated, -1 before the first
   */
  async restore(state: AgentState, task: number): Promise<void> {
    await this.learner.restore(state.learner);
    this.#normalizers.splice(0, this.#normalizers.length, ...state.normalizers);
    this.#minibatchRng = Rng.fromState(state.minibatchRng);
    this.#task = task;
    if (state.current === undefined) return;
    this.#buffer = state.current.buffer;
    this.#moments = state.current.moments;
    await this.#newPolicy();
    this.#policy!.restore(state.current.planner);
    await this.#loadPolicy();
  }

  async release(): Promise<void> {
    await this.endTask();
    await this.learner.release();
  }

  #newTask(index: number): void {
    const { spec } = this.#tasks[index];
    this.#task = index;
    this.#buffer = new ReplayBuffer(spec, this.settings.loop.bufferCapacity);
    const { inputSize, targetSize } = this.#buffer;
    this.#moments = new Normalizer(inputSize, targetSize, this.settings.dynamics.normalizeTargets);
  }

  async #newPolicy(): Promise<void> {
    await this.#policy?.release();
    const rng = this.#rng.split(`planner/task${this.#task}`);
    this.#policy = await MpcPolicy.create(this.#tasks[this.#task], this.#shape, this.settings, rng);
  }

  async #loadPolicy(): Promise<void> {
    await this.#policy!.load(await this.learner.weights(this.#task), this.#normalizers[this.#task]);
  }
}
