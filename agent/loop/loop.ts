import { elementAt, firstOf } from "../../sim/core/element.js";
import { HyperCrlError, InputError } from "../../sim/core/errors.js";
import { problemOf } from "../../sim/core/problem.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import { Agent } from "../agent.js";
import { Stopped } from "../episode-run.js";
import { BEGINNING, type Checkpoint } from "../run/checkpoint.js";
import type { Progress } from "../run/checkpoint-document.js";
import { EvaluationMatrix } from "../run/evaluation-matrix.js";
import { keptBy } from "../run/kept.js";
import { readMetrics } from "../run/read-log.js";
import { evaluatedTasks } from "../settings/evaluated-tasks.js";
import { Schedule } from "../settings/schedule.js";
import { LoopEvaluations } from "./evaluations.js";
import { HeldEvents } from "./held-events.js";
import { LearningEpisodes } from "./learning-episodes.js";
import { OverlappedEvaluation, type Place } from "./overlapped-evaluation.js";
import type { LoopServices } from "./services.js";

/**
 * The main loop: for each visit of the schedule, explore, learn and plan; then evaluate the tasks seen so far. Work is
 * done in units of whole episodes with a checkpoint between them, which is what makes resuming exact.
 */
export class ContinualLoop {
  readonly #tasks: readonly Task[];
  readonly #schedule: Schedule;
  readonly #services: LoopServices;
  readonly #agent: Agent;
  readonly #learning: LearningEpisodes;
  readonly #evaluations: LoopEvaluations;
  readonly #matrix: EvaluationMatrix;
  readonly #events: HeldEvents;
  /** The evaluation after the visit before, while it goes on beside the present one. */
  #overlapped: OverlappedEvaluation | undefined;
  #progress: Progress = BEGINNING;

  constructor(tasks: readonly Task[], services: LoopServices) {
    const { store, compute, recordPlans: plans = false } = services;
    const { settings } = store;
    this.#tasks = tasks.slice(0, settings.tasks);
    this.#schedule = new Schedule(settings);
    this.#services = services;
    const rng = Rng.fromSeed(settings.seed);
    this.#agent = new Agent(this.#tasks, settings, services.parts, rng.split("agent"), compute);
    this.#matrix = EvaluationMatrix.of(
      settings,
      this.#tasks.map((t) => t.name),
    );
    const visits = !this.#schedule.isOnce;
    const recordings = { folder: store.recordingsFolder, origin: store.origin, plans, visits };
    this.#events = new HeldEvents(store.log);
    const { now } = services;
    const stopRequested = () => services.stopRequested() || (this.#overlapped?.hasFailed ?? false);
    const learning = { store, now, stopRequested, events: this.#events };
    const shared = { tasks: this.#tasks, schedule: this.#schedule, agent: this.#agent, recordings, rng };
    this.#learning = new LearningEpisodes({ ...shared, services: learning });
    this.#evaluations = new LoopEvaluations({ ...shared, services, matrix: this.#matrix });
  }

  /**
   * Takes the state of a checkpoint, before the run's logs are cut back to it.
   * @throws InputError when the state does not fit the run
   */
  async restore(checkpoint: Checkpoint): Promise<void> {
    const { stage, task: visit } = checkpoint.progress;
    const { folder } = this.#services.store;
    this.#progress = { ...checkpoint.progress };
    this.#learning.restore(checkpoint.actionRng, checkpoint.agent.current?.discovery);
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
        else if (this.#canOverlap) {
          await this.#evaluateBeside();
          continue;
        } else this.#progress = await this.#evaluations.evaluate(this.#progress);
        await this.#save();
      }
      return "done";
    } catch (error) {
      const cause = (await this.#overlapped?.stop()) ?? error;
      if (cause instanceof Stopped) return "stopped";
      throw cause;
    }
  }

  /** Frees what the loop holds; `run` does so when it ends. */
  async release(): Promise<void> {
    this.#learning.close();
    await this.#agent.release();
  }

  /** Where the run is saved. */
  get progress(): Readonly<Progress> {
    return this.#overlapped?.progress ?? this.#progress;
  }

  /** The evaluation returns so far. */
  get matrix(): EvaluationMatrix {
    return this.#matrix;
  }

  async #measureRandomPolicy(): Promise<void> {
    const { task: taskIndex } = this.#progress;
    await this.#evaluations.measureRandomPolicy(taskIndex);
    const last = taskIndex + 1 === this.#tasks.length;
    this.#advance(last ? { stage: "learn", task: 0 } : { task: taskIndex + 1 });
  }

  async #learnEpisode(): Promise<void> {
    const { task: visit, episode } = this.#progress;
    const steps = await this.#learning.learn(this.#progress);
    if (steps < this.#schedule.steps(visit)) return this.#advance({ steps, episode: episode + 1 });
    await this.#finishEvaluation();
    await this.#endVisit();
  }

  /** The learner keeps what its method needs of the task, and the state is saved for later evaluation. */
  async #endVisit(): Promise<void> {
    const { task: visit } = this.#progress;
    await this.#learning.endVisit(visit);
    const { store } = this.#services;
    const first = firstOf(evaluatedTasks(store.settings, visit, this.#schedule), "tasks evaluated");
    this.#advance({ stage: "evaluate", steps: 0, episode: 0, evaluated: first });
    const learned = await this.#agent.learnedState();
    const kept = keptBy(learned.learner);
    const fields = this.#learning.fieldsOf(visit);
    const { name: task } = elementAt(this.#tasks, fields.taskIndex, "tasks");
    store.log.emit({ type: "kept", task, ...fields, ...kept });
    store.saveVisit(visit, { ...this.#place(), learned });
  }

  /**
   * Whether other threads can play the evaluation that comes next while a visit is learned. An agent that is not told its task goes on
   * with it after a visit, and what it has of it would have to be saved as it was.
   */
  get #canOverlap(): boolean {
    const { episodeThreads, store } = this.#services;
    const last = this.#progress.task + 1 === this.#schedule.visits.length;
    if (episodeThreads === undefined || last || this.#agent.found !== undefined) return false;
    return store.settings.loop.evaluationEpisodes > 1;
  }

  /** Leaves the evaluation that comes next to other threads, and goes on with the next visit. */
  async #evaluateBeside(): Promise<void> {
    const { store, episodeThreads, stopRequested } = this.#services;
    if (episodeThreads === undefined) throw new RangeError("There are no threads that play.");
    const evaluations = this.#evaluations;
    const parts = { evaluations, store, threads: episodeThreads, events: this.#events, stopRequested };
    this.#overlapped = await OverlappedEvaluation.begin(parts, this.#place());
    this.#advance({ stage: "learn", task: this.#progress.task + 1, evaluated: 0 });
  }

  /** Waits for the evaluation that is played meanwhile, if one is. */
  async #finishEvaluation(): Promise<void> {
    await this.#overlapped?.finish();
    this.#overlapped = undefined;
  }

  #advance(change: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...change };
  }

  async #save(): Promise<void> {
    if (this.#overlapped?.isPlaying) return this.#overlapped.skip();
    await this.#finishEvaluation();
    const learned = this.#agent.unsaved ? await this.#agent.learnedState() : undefined;
    const { discovery } = this.#learning;
    const task = this.#agent.taskState();
    const current = task && { ...task, ...(discovery && { discovery }) };
    this.#services.store.save({ ...this.#place(), learned, current });
    this.#agent.noteSaved();
  }

  /** Where the run stands, with the random stream that is its own. */
  #place(): Place {
    return { progress: this.#progress, actionRng: this.#learning.actionRng };
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
