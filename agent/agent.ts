import { elementAt, firstOf } from "../sim/core/element.js";
import { RunError } from "../sim/core/errors.js";
import type { Rng } from "../sim/core/rng.js";
import type { Forecast } from "../sim/recording/episode.js";
import type { Task } from "../sim/task.js";
import type { AgentState, LearnedState, TaskData, TaskState, TrainingSession } from "./agent-state.js";
import { BackgroundLearner } from "./background/background-learner.js";
import type { Parts } from "./catalog.js";
import { type Compute, ONE_THREAD } from "./compute.js";
import { FoundTasks } from "./discovery/found-tasks.js";
import type { Learner, TrainingReport } from "./learner.js";
import { configuredShape, createLearner } from "./methods/method.js";
import type { TaskDynamics } from "./model/dynamics.js";
import type { MlpShape } from "./model/network.js";
import { Normalizer, type NormalizerArrays } from "./model/normalizer.js";
import { ReplayBuffer } from "./model/replay-buffer.js";
import { MpcPolicy } from "./policy.js";
import { checkAlike, type ModelledTask, UnannouncedPolicy } from "./recognition/unannounced-policy.js";
import { PlanningThreads } from "./rollout/planning-threads.js";
import { Schedule } from "./settings/schedule.js";
import type { Settings } from "./settings/schema.js";
import { TaskModels } from "./task-models.js";
import { ScheduledTasks, type TaskNumbers } from "./task-numbers.js";
import { membersTakeTurns, sessionsBefore, VisitedTask, type VisitProgress } from "./visited-task.js";

/**
 * A continual model-based agent: a learner that knows every task's dynamics weights, one normaliser per task, the
 * current task's replay buffer and a planner. Only learner and normalisers outlive a visit to a task.
 *
 * Callers give the suite's number of a task. The learner numbers tasks as they come, and the agent translates.
 */
export class Agent {
  readonly settings: Settings;
  readonly learner: Learner;
  /** The tasks that it has found, where it is not told which it faces. */
  readonly found: FoundTasks | undefined;
  readonly #numbers: TaskNumbers;
  /** The models of the tasks, by the learner's numbers. */
  readonly models: TaskModels;
  readonly #parts: Parts;
  readonly #tasks: readonly Task[];
  readonly #rng: Rng;
  readonly #threads: PlanningThreads | undefined;
  /**
   * The visit being learned, or the last one; -1 before the first. Random streams are named after it, as `task` and its number: with
   * `once` a visit and its task have the same number.
   */
  #visit = -1;
  #current: VisitedTask | undefined;
  #unsaved = false;

  /**
   * @param parts what `settings.method` and `settings.planner.name` stand for
   * @param compute what it may use of the machine; results do not depend on the number of threads
   * @throws UsageError when a method that is to train on a thread of its own has no module
   */
  constructor(
    tasks: readonly Task[],
    settings: Settings,
    parts: Parts,
    rng: Rng,
    compute: Compute = ONE_THREAD,
  ) {
    this.settings = settings;
    this.#parts = parts;
    this.#tasks = tasks;
    const schedule = new Schedule({ ...settings, tasks: tasks.length });
    const { boundaries, initialRandomSteps } = settings.loop;
    if (boundaries === "detected")
      this.found = new FoundTasks(schedule.at(0).task, tasks.length, initialRandomSteps);
    this.#numbers = this.found ?? new ScheduledTasks(schedule);
    const shape = configuredShape(settings, firstOf(tasks, "tasks"));
    this.#rng = rng;
    const learner = rng.split("learner");
    this.learner =
      settings.loop.trainLag > 0
        ? new BackgroundLearner(parts, settings, shape, learner, { ...compute, threads: 1 })
        : createLearner(parts.method, settings, shape, learner, compute);
    const { method } = parts;
    this.models = new TaskModels({
      learner: this.learner,
      method,
      shape,
      members: settings.dynamics.members,
    });
    this.#threads = compute.threads > 1 ? PlanningThreads.create(compute.threads) : undefined;
  }

  /**
   * Starts a visit, 0-based: an empty buffer, and an empty normaliser where the task is new; the learner freezes what it must keep.
   * A task that was visited before keeps its normaliser, since its weights and what methods store of it are in those units, and is
   * planned with what is remembered of it from the first step on.
   */
  async beginVisit(visit: number): Promise<void> {
    const { loop, dynamics } = this.settings;
    const { task, earlierVisits } = this.#numbers.at(visit);
    const buffer = new ReplayBuffer(this.#taskAt(task).spec, loop.bufferCapacity, dynamics.history);
    const moments = await this.#beginLearning(visit, buffer);
    await this.#dropTask();
    this.#visit = visit;
    this.#current = await this.#visited({ buffer, moments }, { trained: this.#unsaved, sessions: 0 });
    if (earlierVisits > 0) await this.#current.loadPolicy(this.models);
  }

  /** Begins what outlives the visit. @returns the empty normaliser */
  async #beginLearning(visit: number, { inputSize, targetSize }: ReplayBuffer): Promise<Normalizer> {
    const { index, earlierVisits } = this.#numbers.at(visit);
    await this.learner.beginTask(index);
    const moments = new Normalizer(inputSize, targetSize, this.settings.dynamics.normalizeTargets);
    if (earlierVisits === 0)
      this.models.setNormalizer(index, this.#pooledNormalizer(index) ?? moments.arrays());
    return moments;
  }

  /** The normaliser of the task being learned, where that was settled before the visit. */
  get #keptNormalizer(): NormalizerArrays | undefined {
    const { index, earlierVisits } = this.#numbers.at(this.#visit);
    return earlierVisits > 0 ? this.models.normalizer(index) : this.#pooledNormalizer(index);
  }

  /**
   * The normaliser of a new task where one serves all of them: that of the first task learned. It cannot go on with later data, since
   * the weights of earlier tasks were trained with it.
   * @param index the learner's number of the task
   */
  #pooledNormalizer(index: number): NormalizerArrays | undefined {
    return this.settings.dynamics.normalizer === "pooled" && index > 0
      ? this.models.normalizer(0)
      : undefined;
  }

  /** Ends the visit: the learner keeps what its method needs, the model is measured, then the data are dropped. */
  async endVisit(): Promise<void> {
    const rng = this.#rng.split(`end/task${this.#visit}`);
    const { index } = this.#learned;
    const { data } = this.#learned.trainingData();
    this.#unsaved = true;
    await this.learner.endTask(data, this.models.normalizer(index), rng);
    await this.models.measure(index, data);
    await this.#dropTask();
  }

  async #dropTask(): Promise<void> {
    await this.#current?.policy.release();
    this.#current = undefined;
  }

  /** Stores a transition of the current task, from a state `[S]` to an observation `[X]`. */
  remember(state: Float32Array, action: ArrayLike<number>, next: Float32Array): void {
    this.#learned.remember(state, action, next);
  }

  /** Stores a transition of the current task that is encoded already: `[I]` and `[X]`, see `ReplayBuffer`. */
  rememberEncoded(input: Float32Array, target: Float32Array): void {
    this.#learned.rememberEncoded(input, target);
  }

  /**
   * Starts a training session on what the buffer holds now. The planner goes on with the old weights until `adopt`;
   * with `loop.trainLag` the session runs beside it.
   */
  startTraining(): TrainingSession {
    const { data, normalizer } = this.#learned.trainingData();
    const rng = this.#rng.split(`minibatches/task${this.#visit}/transition${this.#learned.buffer.added}`);
    const { trainIterations } = this.settings.loop;
    const report = this.learner.train(data, normalizer, trainIterations, rng);
    // A failure is met where the session is adopted, not before.
    report.catch(() => {});
    return { normalizer, report };
  }

  /** Waits for a session and hands its weights to the planner. */
  async adopt({ normalizer, report }: TrainingSession): Promise<TrainingReport> {
    const losses = await report;
    const current = this.#learned;
    this.models.setNormalizer(current.index, normalizer);
    current.trained = this.#unsaved = true;
    current.sessions++;
    await current.loadPolicy(this.models);
    return losses;
  }

  /** Starts an episode of the current task: the planner forgets its warm start. */
  startEpisode(): void {
    this.#learned.policy.startEpisode();
  }

  /**
   * Plans the next action `[U]` of the current task from a state `[S]`.
   * @param stepsDone steps that the episode has made
   */
  act(state: Float32Array, stepsDone: number): Promise<Float32Array> {
    return this.#learned.policy.act(state, stepsDone);
  }

  /** Where the last plan leads by the model, see `MpcPolicy.forecast`. */
  forecast(state: Float32Array, most: number): Promise<Forecast> {
    return this.#learned.policy.forecast(state, most);
  }

  /**
   * A policy for any task begun so far, with today's weights: what evaluation measures.
   * @param together whether the agent's threads plan together; by default they do
   */
  async policyFor(index: number, rng: Rng, together = true): Promise<MpcPolicy> {
    return this.policyOver(this.#taskAt(index), await this.dynamicsOf(index), rng, together);
  }

  /** A policy for a task that plans through the dynamics given. @param together as in `policyFor` */
  async policyOver(task: Task, dynamics: TaskDynamics, rng: Rng, together = true): Promise<MpcPolicy> {
    const threads = together ? this.#threads : undefined;
    const policy = await this.#createPolicy(task, dynamics.shape, rng, threads);
    await policy.load(dynamics.weights, dynamics.normalizer);
    return policy;
  }

  /**
   * Some tasks with today's models, to be told apart by them.
   * @param indices of tasks that have ended
   * @throws InputError when it was not measured how far a task's model is off, UsageError when there are fewer than two tasks or
   *   their specs differ
   */
  async knownTasks(indices: readonly number[]): Promise<ModelledTask[]> {
    checkAlike(indices.map((index) => this.#taskAt(index)));
    const known: ModelledTask[] = [];
    for (const index of indices)
      known.push(await this.models.modelled(this.#numbers.indexOf(index), this.#taskAt(index)));
    return known;
  }

  /** A policy that is not told which of some tasks it plays. @throws InputError and UsageError as `knownTasks` */
  async unannouncedPolicy(indices: readonly number[], rng: Rng): Promise<UnannouncedPolicy> {
    const known = await this.knownTasks(indices);
    const { planner } = this.#parts;
    return UnannouncedPolicy.create(known, this.settings, planner, rng, this.#threads);
  }

  /** The dynamics of any task begun so far, with today's weights. */
  dynamicsOf(index: number): Promise<TaskDynamics> {
    return this.models.dynamics(this.#numbers.indexOf(index));
  }

  /** Whether what was learned has changed since `noteSaved`, or since the agent was made or restored. */
  get unsaved(): boolean {
    return this.#unsaved;
  }

  /** What was learned so far is saved. */
  noteSaved(): void {
    this.#unsaved = false;
  }

  /** What outlives a task; only the learner's arrays are copied. */
  async learnedState(): Promise<LearnedState> {
    const found = this.found?.state();
    return { ...(await this.models.state()), ...(found !== undefined && { found }) };
  }

  /** What was learned is to be saved anew: something beside the learner has changed. */
  noteChanged(): void {
    this.#unsaved = true;
    if (this.#current !== undefined) this.#current.trained = true;
  }

  /** Training sessions of the present visit whose weights were adopted. */
  get sessions(): number {
    return this.#learned.sessions;
  }

  /** What exists while a task is being learned, undefined otherwise; arrays are not copied. */
  taskState(): TaskState | undefined {
    return this.#current?.state();
  }

  /**
   * Continues from a saved state.
   * @param visit the one being learned, or after which tasks are evaluated; -1 before the first
   */
  async restore({ learned, current }: AgentState, visit: number): Promise<void> {
    if (learned !== undefined) await this.models.restore(learned);
    if (learned?.found !== undefined) this.found?.restore(learned.found);
    const number = this.found?.number ?? visit;
    this.#visit = number;
    this.#unsaved = current?.trained ?? false;
    if (current === undefined) return;
    const { buffer, moments, planner, trained } = current;
    if (!trained) await this.#beginLearning(number, buffer);
    await this.#dropTask();
    const own = this.#numbers.at(number);
    const sessions =
      current.discovery?.sessions ?? sessionsBefore(own, buffer.added, this.settings.loop.trainEvery);
    this.#current = await this.#visited({ buffer, moments }, { trained, sessions });
    this.#current.policy.restore(planner);
    await this.#current.loadPolicy(this.models);
  }

  /** Frees the runtime's memory and ends the threads; the agent is unusable afterwards. */
  async release(): Promise<void> {
    try {
      await this.#dropTask();
      await this.learner.release();
    } finally {
      await this.#threads?.close();
    }
  }

  /** What there is of the task being learned. @throws RunError when none is */
  get #learned(): VisitedTask {
    if (this.#current !== undefined) return this.#current;
    throw new RunError({
      what: "The agent is learning no task",
      expected: "a task that was begun and has not ended",
      todo: "Call beginVisit first",
    });
  }

  /** The current visit, with a policy for learning its task. */
  async #visited({ buffer, moments }: TaskData, progress: VisitProgress): Promise<VisitedTask> {
    const { settings } = this;
    const { index, task } = this.#numbers.at(this.#visit);
    const shape = this.models.network(index, membersTakeTurns(settings));
    const rng = this.#rng.split(`planner/task${this.#visit}`);
    const policy = await this.#createPolicy(this.#taskAt(task), shape, rng, this.#threads);
    const keptNormalizer = this.#keptNormalizer;
    return new VisitedTask({ index, settings, keptNormalizer, policy, buffer, moments }, progress);
  }

  #createPolicy(
    task: Task,
    shape: MlpShape,
    rng: Rng,
    threads: PlanningThreads | undefined,
  ): Promise<MpcPolicy> {
    return MpcPolicy.create(task, shape, this.settings, this.#parts.planner, rng, threads);
  }

  #taskAt(index: number): Task {
    return elementAt(this.#tasks, index, "tasks");
  }
}
