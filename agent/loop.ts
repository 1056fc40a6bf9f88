import { elementAt, firstOf } from "../sim/core/element.js";
import { HyperCrlError, InputError } from "../sim/core/errors.js";
import { problemOf } from "../sim/core/problem.js";
import { Rng } from "../sim/core/rng.js";
import { Environment } from "../sim/environment.js";
import { randomAction } from "../sim/random-action.js";
import type { EpisodeHeader } from "../sim/recording/episode.js";
import type { Task } from "../sim/task.js";
import { noisyAction } from "./action-noise.js";
import { Agent } from "./agent.js";
import { EpisodeRun, type Outcome, type Recordings, Stopped } from "./episode-run.js";
import { evaluateRandomPolicy, evaluateTask } from "./evaluation/evaluate-task.js";
import type { EvaluationOptions } from "./evaluation/evaluation-episode.js";
import type { ModelError } from "./evaluation/model-error.js";
import type { LoopServices } from "./loop-services.js";
import { BEGINNING, type Checkpoint } from "./run/checkpoint.js";
import type { Progress } from "./run/checkpoint-document.js";
import { EvaluationMatrix } from "./run/evaluation-matrix.js";
import { keptBy } from "./run/kept.js";
import { readMetrics } from "./run/read-log.js";
import { learningFile, recordingPath } from "./run/recording-names.js";
import type { BaselineRecord, EvaluationRecord } from "./run/records.js";
import { evaluatedTasks } from "./settings/evaluated-tasks.js";
import { Schedule, type Visit } from "./settings/schedule.js";
import { TrainingSessions, type VisitFields } from "./training-sessions.js";

/**
 * The main loop: for each visit of the schedule, explore, learn and plan; then evaluate the tasks seen so far. Work is
 * done in units of whole episodes with a checkpoint between them, which is what makes resuming exact.
 */
export class ContinualLoop {
  readonly #tasks: readonly Task[];
  readonly #schedule: Schedule;
  readonly #services: LoopServices;
  readonly #recordings: Recordings;
  readonly #agent: Agent;
  readonly #training: TrainingSessions;
  readonly #rng: Rng;
  readonly #matrix: EvaluationMatrix;
  #actionRng: Rng;
  #environment: Environment | undefined;
  /** The exploring action that is held, `[U]`. */
  #held: Float32Array = new Float32Array(0);
  /** The learning episode in progress: its phase, the actions planned in it, and how long planning took, ms. */
  #learning: { readonly phase: "random" | "train"; actions: number; ms: number } = {
    phase: "random",
    actions: 0,
    ms: 0,
  };
  #progress: Progress = BEGINNING;

  constructor(tasks: readonly Task[], services: LoopServices) {
    const { store, compute, recordPlans: plans = false } = services;
    const { settings } = store;
    this.#tasks = tasks.slice(0, settings.tasks);
    this.#schedule = new Schedule(settings);
    this.#services = services;
    const visits = !this.#schedule.isOnce;
    this.#recordings = { folder: store.recordingsFolder, origin: store.origin, plans, visits };
    this.#rng = Rng.fromSeed(settings.seed);
    this.#actionRng = this.#rng.split("random-actions");
    this.#agent = new Agent(this.#tasks, settings, services.parts, this.#rng.split("agent"), compute);
    this.#training = new TrainingSessions(this.#agent, services);
    this.#matrix = EvaluationMatrix.of(
      settings,
      this.#tasks.map((t) => t.name),
    );
  }

  /**
   * Takes the state of a checkpoint, before the run's logs are cut back to it.
   * @throws InputError when the state does not fit the run
   */
  async restore(checkpoint: Checkpoint): Promise<void> {
    const { stage, task: visit } = checkpoint.progress;
    const { folder } = this.#services.store;
    this.#progress = { ...checkpoint.progress };
    this.#actionRng = Rng.fromState(checkpoint.actionRng);
    const learned = stage === "baseline" ? -1 : visit;
    await this.#agent.restore(checkpoint.agent, learned).catch((cause: unknown) => {
      throw cause instanceof HyperCrlError ? cause : unfitting(folder, cause);
    });
  }

  /**
   * Takes the returns that the run has logged so far, after its logs were cut back to where it continues.
   * @throws InputError when the log cannot be read
   */
  readLog(): void {
    const { store } = this.#services;
    const { stage } = this.#progress;
    for (const record of readMetrics(store.folder, this.#schedule)) this.#matrix.accept(record);
    // A process killed between the two has written an evaluation that the log, cut to the checkpoint, no longer holds.
    if (stage === "learn" || stage === "evaluate") store.writeEvaluation(this.#matrix.toJson());
  }

  /** Runs to the end, or to where the user asked to stop. @throws RunError when the run cannot go on */
  async run(): Promise<"done" | "stopped"> {
    const outcome = await this.#runStages().catch(async (error: unknown) => {
      // Why the run failed matters more than whether its memory could be freed.
      await this.release().catch(() => {});
      throw error;
    });
    await this.release();
    return outcome;
  }

  async #runStages(): Promise<"done" | "stopped"> {
    try {
      while (this.#progress.stage !== "done") {
        if (this.#progress.stage === "baseline") await this.#measureRandomPolicy();
        else if (this.#progress.stage === "learn") await this.#learnEpisode();
        else await this.#evaluateTask();
        await this.#save();
      }
      return "done";
    } catch (error) {
      if (error instanceof Stopped) return "stopped";
      throw error;
    }
  }

  /** Frees what the loop holds; `run` does so when it ends. */
  async release(): Promise<void> {
    this.#environment?.close();
    await this.#agent.release();
  }

  /** Where the run is. */
  get progress(): Readonly<Progress> {
    return this.#progress;
  }

  /** The evaluation returns so far. */
  get matrix(): EvaluationMatrix {
    return this.#matrix;
  }

  /** One task's random policy: the zero of every normalised return. */
  async #measureRandomPolicy(): Promise<void> {
    const { task: taskIndex } = this.#progress;
    const options = this.#evaluationOf(taskIndex);
    for await (const { episode, outcome, file } of evaluateRandomPolicy(options)) {
      const what = { task: options.task.name, taskIndex, episode };
      this.#evaluated({ type: "baseline", ...what, ...outcome, recording: recordingPath(file) });
    }
    const last = taskIndex + 1 === this.#tasks.length;
    this.#advance(last ? { stage: "learn", task: 0 } : { task: taskIndex + 1 });
  }

  /** One episode of exploring or planning, with training sessions where they are due. */
  async #learnEpisode(): Promise<void> {
    const { task: visit, steps: begun } = this.#progress;
    const total = this.#schedule.steps(visit);
    if (begun === 0) await this.#agent.beginVisit(visit);
    this.#agent.startEpisode();
    const episode = this.#startLearning();
    let steps = begun;
    const outcome = await episode.run(async () => {
      while (!episode.over && steps < total) {
        await this.#learnStep(episode, steps);
        steps++;
        this.#tellStep(steps);
      }
      await this.#training.finish();
    });
    this.#tellLearned(episode, steps, outcome);
    if (steps < total) this.#advance({ steps, episode: this.#progress.episode + 1 });
    else await this.#endVisit();
  }

  /**
   * The learning step: train where that is due, act, remember.
   * @param steps made in the visit so far
   */
  async #learnStep(episode: EpisodeRun, steps: number): Promise<void> {
    const { randomSteps } = this.#visit;
    const planned = steps - randomSteps;
    if (this.#isTrainingDue(planned)) await this.#training.start(this.#visitFields, steps, planned > 0);
    await this.#training.adoptDue(steps);
    const before = episode.state;
    if (planned === 0 && steps > this.#progress.steps) episode.randomSteps = steps - this.#progress.steps;
    const action = planned < 0 ? this.#explore(steps) : this.#withNoise(await this.#plan(episode));
    const { observation } = episode.step(action);
    this.#agent.remember(before, action, observation);
  }

  /** A task that was visited before is planned with what is remembered of it until there are new data. */
  #isTrainingDue(planned: number): boolean {
    const isDue = planned >= 0 && planned % this.#services.store.settings.loop.trainEvery === 0;
    return isDue && (planned > 0 || this.#visit.earlierVisits === 0);
  }

  /** A random action `[U]`, held for `loop.randomHold` steps. */
  #explore(steps: number): Float32Array {
    const { steps: begun } = this.#progress;
    const { randomHold } = this.#services.store.settings.loop;
    if ((steps - begun) % randomHold === 0)
      this.#held = randomAction(this.#taskAt(this.#visit.task).spec, this.#actionRng);
    return this.#held;
  }

  /** A planned action `[U]` with the noise of `loop.explorationStd`. */
  #withNoise(planned: Float32Array): Float32Array {
    const { action } = this.#taskAt(this.#visit.task).spec;
    return noisyAction(planned, action, this.#services.store.settings.loop.explorationStd, this.#actionRng);
  }

  /** Plans an action `[U]`, and measures how long that takes. */
  async #plan(episode: EpisodeRun): Promise<Float32Array> {
    const { now, store } = this.#services;
    const started = now();
    const action = await this.#agent.act(episode.state, episode.stepsDone);
    const ms = now() - started;
    this.#learning.actions++;
    this.#learning.ms += ms;
    store.log.emit({ type: "planned", ms });
    await episode.recordPlan(this.#agent);
    return action;
  }

  /** The learner keeps what its method needs of the task, and the state is saved for later evaluation. */
  async #endVisit(): Promise<void> {
    await this.#agent.endVisit();
    this.#environment?.close();
    this.#environment = undefined;
    const { task: visit } = this.#progress;
    const { store } = this.#services;
    const first = firstOf(evaluatedTasks(store.settings, visit, this.#schedule), "tasks evaluated");
    this.#advance({ stage: "evaluate", steps: 0, episode: 0, evaluated: first });
    const learned = await this.#agent.learnedState();
    const kept = keptBy(learned.learner);
    const { name: task } = this.#taskAt(this.#visit.task);
    store.log.emit({ type: "kept", task, ...this.#visitFields, ...kept });
    store.saveVisit(visit, { ...this.#place(), learned });
  }

  /** One earlier (or the current) task: planning with today's weights, nothing learned. */
  async #evaluateTask(): Promise<void> {
    const { task: afterTask, evaluated: taskIndex } = this.#progress;
    const options = this.#evaluationOf(taskIndex);
    const what = { afterTask, task: options.task.name, taskIndex };
    const { store, episodeThreads } = this.#services;
    const measured = (error: ModelError) => store.log.emit({ type: "modelError", ...what, ...error });
    const episodes = evaluateTask(this.#agent, afterTask, options, measured, episodeThreads);
    for await (const { episode, outcome, file } of episodes) {
      this.#evaluated({ type: "evaluation", ...what, episode, ...outcome, recording: recordingPath(file) });
    }
    const next = evaluatedTasks(store.settings, afterTask, this.#schedule).find((j) => j > taskIndex);
    if (next !== undefined) return this.#advance({ evaluated: next });
    store.writeEvaluation(this.#matrix.toJson());
    const last = afterTask + 1 === this.#schedule.visits.length;
    this.#advance(last ? { stage: "done" } : { stage: "learn", task: afterTask + 1, evaluated: 0 });
  }

  #evaluationOf(taskIndex: number): EvaluationOptions {
    const { store, stopRequested } = this.#services;
    return {
      task: this.#taskAt(taskIndex),
      taskIndex,
      episodes: store.settings.loop.evaluationEpisodes,
      rng: this.#rng,
      recordings: this.#recordings,
      stopRequested,
    };
  }

  #taskAt(index: number): Task {
    return elementAt(this.#tasks, index, "tasks");
  }

  /** The visit that is learned or evaluated after. */
  get #visit(): Visit {
    return this.#schedule.at(this.#progress.task);
  }

  /** What is learned now, as records say it. */
  get #visitFields(): VisitFields {
    const { task: visit } = this.#progress;
    return { taskIndex: this.#visit.task, ...(!this.#schedule.isOnce && { visit }) };
  }

  #startLearning(): EpisodeRun {
    const { task: visit, steps, episode } = this.#progress;
    const { task, randomSteps } = this.#visit;
    const { store, stopRequested } = this.#services;
    const { learningEpisodeSteps, learningStarts } = store.settings.loop;
    this.#environment ??= new Environment(this.#taskAt(task), {
      episodeSteps: learningEpisodeSteps || undefined,
      variedStarts: learningStarts === "varied",
    });
    const phase = steps < randomSteps ? "random" : "train";
    this.#learning = { phase, actions: 0, ms: 0 };
    return new EpisodeRun(this.#environment, {
      kind: { phase, afterTask: visit, taskIndex: task, ...this.#learningStart() },
      recordings: this.#recordings,
      file: learningFile(visit, phase, episode),
      history: store.settings.dynamics.history,
      stopRequested,
    });
  }

  /**
   * Seed of a learning episode's reset, the same for all methods, and where starts are not shared what the start is drawn from.
   * Shared seeds are also the same for all seeds of a run, and every episode of a visit has its own; others are drawn by
   * the run's seed and might, very rarely, coincide.
   */
  #learningStart(): Pick<EpisodeHeader, "seed" | "starts"> {
    const { task: visit, episode } = this.#progress;
    const { learningStarts } = this.#services.store.settings.loop;
    if (learningStarts === "shared") return { seed: visit * 1_000_000 + episode };
    return { seed: this.#rng.split(`starts/task${visit}/${episode}`).uint32(), starts: learningStarts };
  }

  #tellStep(steps: number): void {
    const { task: visit } = this.#progress;
    const { task: taskIndex } = this.#visit;
    const { name: task } = this.#taskAt(taskIndex);
    const total = this.#schedule.steps(visit);
    this.#services.store.log.emit({ type: "step", task, taskIndex, visit, steps, total });
  }

  #tellLearned({ options: { file }, over, randomSteps }: EpisodeRun, steps: number, outcome: Outcome): void {
    const { episode } = this.#progress;
    const { log } = this.#services.store;
    const { phase, actions, ms } = this.#learning;
    const visit = this.#visitFields;
    if (actions > 0) log.emit({ type: "planning", ...visit, steps, actions, ms });
    const what = { phase, task: this.#taskAt(visit.taskIndex).name, ...visit, episode, steps } as const;
    log.emit({
      type: "episode",
      ...what,
      ...(randomSteps !== undefined && { randomSteps }),
      ...(!over && { cut: true }),
      ...outcome,
      recording: recordingPath(file),
    });
  }

  #evaluated(record: BaselineRecord | EvaluationRecord): void {
    this.#matrix.accept(record);
    this.#services.store.log.emit(record);
  }

  #advance(change: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...change };
  }

  async #save(): Promise<void> {
    const learned = this.#agent.unsaved ? await this.#agent.learnedState() : undefined;
    this.#services.store.save({ ...this.#place(), learned, current: this.#agent.taskState() });
    this.#agent.noteSaved();
  }

  /** Where the run stands, with the random stream that is its own. */
  #place(): Pick<Checkpoint, "progress" | "actionRng"> {
    return { progress: this.#progress, actionRng: this.#actionRng.state() };
  }
}

function unfitting(folder: string, cause: unknown): InputError {
  return new InputError({
    what: `The checkpoint of run ${folder} does not fit its method or planner`,
    got: problemOf(cause),
    expected: "the state that they saved",
    todo: "Restore the run's own files from a copy, or start a new run",
    cause,
  });
}
