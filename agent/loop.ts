import { basename } from "node:path";
import { Rng } from "../sim/core/rng.js";
import { Environment } from "../sim/environment.js";
import type { EpisodeHeader } from "../sim/recording/episode.js";
import type { Task } from "../sim/task.js";
import { Agent } from "./agent.js";
import { EpisodeRun, type LoopServices, type Outcome, Stopped } from "./episode-run.js";
import { keptBy } from "./methods/kept.js";
import type { Checkpoint, Progress } from "./run/checkpoint.js";
import { EvaluationMatrix } from "./run/evaluation-matrix.js";
import { TrainingSessions } from "./training-sessions.js";

export type { LoopServices } from "./episode-run.js";

/** Seed of every environment reset in evaluation, so that all methods and moments face the same starts. */
export const EVALUATION_SEED = 90_000;

/** What an episode is recorded as. */
type EpisodeKind = Pick<EpisodeHeader, "phase" | "afterTask" | "taskIndex" | "seed">;

/**
 * The main loop: for each task in order, explore, learn and plan; then evaluate every task seen so far. Work is
 * done in units of whole episodes with a checkpoint between them, which is what makes resuming exact.
 */
export class ContinualLoop {
  readonly #tasks: readonly Task[];
  readonly #services: LoopServices;
  readonly #agent: Agent;
  readonly #training: TrainingSessions;
  readonly #rng: Rng;
  readonly #matrix: EvaluationMatrix;
  #actionRng: Rng;
  #environment: Environment | undefined;
  #episode: EpisodeRun | undefined;
  #planned = { actions: 0, ms: 0 };
  #progress: Progress = { stage: "baseline", task: 0, steps: 0, episode: 0, evaluated: 0 };

  constructor(tasks: readonly Task[], services: LoopServices) {
    const { settings } = services.store;
    this.#tasks = tasks.slice(0, settings.tasks);
    this.#services = services;
    this.#rng = Rng.fromSeed(settings.seed);
    this.#actionRng = this.#rng.split("random-actions");
    this.#agent = new Agent(this.#tasks, settings, this.#rng.split("agent"), services.compute);
    this.#training = new TrainingSessions(this.#agent, services);
    this.#matrix = new EvaluationMatrix(this.#tasks.map((t) => t.name));
  }

  /** Continues from a checkpoint. */
  async restore(checkpoint: Checkpoint): Promise<void> {
    const { stage, task } = checkpoint.progress;
    this.#progress = { ...checkpoint.progress };
    this.#actionRng = Rng.fromState(checkpoint.actionRng);
    await this.#agent.restore(checkpoint.agent, stage === "baseline" ? -1 : task);
    this.#matrix.readLog(this.#services.store.folder);
    // A process killed between the two has written an evaluation that the log, cut to the checkpoint, no longer holds.
    if (stage === "learn" || stage === "evaluate")
      this.#services.store.writeEvaluation(this.#matrix.toJson());
  }

  /** Runs to the end, or to where the user asked to stop. @throws RunError when the run cannot go on */
  async run(): Promise<"done" | "stopped"> {
    try {
      while (this.#progress.stage !== "done") {
        if (this.#progress.stage === "baseline") await this.#measureRandomPolicy();
        else if (this.#progress.stage === "learn") await this.#learnEpisode();
        else await this.#evaluateTask();
        this.#services.store.save(await this.#state());
      }
      return "done";
    } catch (error) {
      if (error instanceof Stopped) return "stopped";
      // What failed matters more than whether its recording could be kept.
      await this.#episode?.salvage(this.#services.store.episodePath("failed")).catch(() => {});
      throw error;
    } finally {
      this.#environment?.close();
      await this.#agent.release();
    }
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
    const p = this.#progress;
    const task = this.#tasks[p.task];
    const { evaluationEpisodes } = this.#services.store.settings.loop;
    const rng = this.#rng.split(`baseline/${p.task}`);
    await this.#withEnvironment(task, async (environment) => {
      for (let k = 0; k < evaluationEpisodes; k++) {
        const seed = EVALUATION_SEED + k;
        const header = { phase: "random", afterTask: -1, taskIndex: p.task, seed } as const;
        const episode = this.#startEpisode(environment, header, `baseline-${label(p.task)}-${label(k)}`);
        while (!episode.over) episode.step(randomAction(task, rng));
        const outcome = await this.#finish(episode);
        this.#matrix.addRandom(p.task, outcome.return);
        this.#log({ type: "baseline", task: task.name, taskIndex: p.task, episode: k, ...outcome });
        this.#services.report({
          kind: "baseline",
          task: task.name,
          taskIndex: p.task,
          episode: k,
          ...outcome,
        });
      }
    });
    this.#advance(
      p.task + 1 < this.#tasks.length ? { stage: "baseline", task: p.task + 1 } : { stage: "learn", task: 0 },
    );
  }

  /** One episode of exploring or planning, with training sessions where they are due. */
  async #learnEpisode(): Promise<void> {
    const p = this.#progress;
    const { initialRandomSteps, randomHold, stepsPerTask, trainEvery } = this.#services.store.settings.loop;
    const total = initialRandomSteps + stepsPerTask;
    const task = this.#tasks[p.task];
    if (p.steps === 0) await this.#agent.beginTask(p.task);
    this.#environment ??= new Environment(task);
    this.#agent.startEpisode();
    const phase = p.steps < initialRandomSteps ? "random" : "train";
    const header = { phase, afterTask: p.task, taskIndex: p.task, seed: episodeSeed(p) } as const;
    const name = `${label(p.task)}-${phase}-${label(p.episode, 4)}`;
    const episode = this.#startEpisode(this.#environment, header, name);
    this.#planned = { actions: 0, ms: 0 };
    let { steps } = p;
    let held: Float32Array = new Float32Array(0);
    while (!episode.over && steps < total) {
      const planned = steps - initialRandomSteps;
      if (planned >= 0 && planned % trainEvery === 0) await this.#training.start(p.task, steps);
      await this.#training.adoptDue(p.task, steps);
      const before = episode.observation;
      if (planned < 0 && (steps - p.steps) % randomHold === 0) held = randomAction(task, this.#actionRng);
      const action = planned < 0 ? held : await this.#plan(episode);
      const { observation } = episode.step(action);
      this.#agent.remember(before, action, observation);
      steps++;
      this.#services.report({ kind: "step", task: task.name, taskIndex: p.task, steps, total });
    }
    await this.#training.finish(p.task);
    const planning = { type: "planning", taskIndex: p.task, steps, ...this.#planned };
    if (planning.actions > 0) this.#services.store.append("timing", planning);
    const outcome = await this.#finish(episode);
    this.#log({
      type: "episode",
      phase,
      task: task.name,
      taskIndex: p.task,
      episode: p.episode,
      steps,
      ...outcome,
    });
    this.#services.report({ kind: "episode", task: task.name, phase, ...outcome });
    if (steps < total) this.#advance({ steps, episode: p.episode + 1 });
    else await this.#endTask();
  }

  async #endTask(): Promise<void> {
    await this.#agent.endTask();
    this.#environment?.close();
    this.#environment = undefined;
    const { task } = this.#progress;
    this.#advance({ stage: "evaluate", steps: 0, episode: 0, evaluated: 0 });
    const state = await this.#state();
    const kept = keptBy(state.agent.learner);
    this.#log({ type: "kept", task: this.#tasks[task].name, taskIndex: task, ...kept });
    this.#services.store.saveTask(task, state);
  }

  /** One earlier (or the current) task: planning with today's weights, nothing learned. */
  async #evaluateTask(): Promise<void> {
    const { task: afterTask, evaluated: j } = this.#progress;
    const task = this.#tasks[j];
    const { evaluationEpisodes } = this.#services.store.settings.loop;
    const stream = (k: number) => this.#rng.split(`evaluate/${afterTask}/${j}/${k}`);
    const policy = await this.#agent.policyFor(j, stream(0));
    try {
      await this.#withEnvironment(task, async (environment) => {
        for (let k = 0; k < evaluationEpisodes; k++) {
          const header = { phase: "evaluate", afterTask, taskIndex: j, seed: EVALUATION_SEED + k } as const;
          const episode = this.#startEpisode(environment, header, evaluationName(afterTask, j, k));
          policy.startEpisode(stream(k));
          while (!episode.over) await episode.act(policy);
          const outcome = await this.#finish(episode);
          this.#matrix.add(afterTask, j, outcome.return);
          this.#log({ type: "evaluation", afterTask, task: task.name, taskIndex: j, episode: k, ...outcome });
          this.#services.report({ kind: "evaluation", afterTask, task: task.name, episode: k, ...outcome });
        }
      });
    } finally {
      await policy.release();
    }
    if (j < afterTask) return this.#advance({ evaluated: j + 1 });
    this.#services.store.writeEvaluation(this.#matrix.toJson());
    const last = afterTask + 1 === this.#tasks.length;
    this.#advance(last ? { stage: "done" } : { stage: "learn", task: afterTask + 1, evaluated: 0 });
  }

  /** @param name of the recording */
  #startEpisode(environment: Environment, { seed, ...kind }: EpisodeKind, name: string): EpisodeRun {
    const { store, recordPlans: plans = false, stopRequested } = this.#services;
    const header = {
      suite: store.settings.suite,
      task: environment.task.name,
      settingsHash: store.settingsHash,
      versions: { hypercrl: store.versions.hypercrl, physics: store.versions.physics },
      ...kind,
    };
    const recording = { path: store.episodePath(name), header, plans };
    this.#episode = new EpisodeRun(environment, { seed, recording, stopRequested });
    return this.#episode;
  }

  /** What an episode leaves in the metrics. */
  async #finish(episode: EpisodeRun): Promise<Outcome> {
    const { recording, ...outcome } = await episode.finish();
    // What fails from here on is not this episode.
    this.#episode = undefined;
    return { ...outcome, recording: `episodes/${basename(recording!)}` };
  }

  async #plan(episode: EpisodeRun): Promise<Float32Array> {
    const started = this.#services.now();
    const action = await this.#agent.act(episode.observation);
    const ms = this.#services.now() - started;
    this.#planned = { actions: this.#planned.actions + 1, ms: this.#planned.ms + ms };
    this.#services.report({ kind: "planned", ms });
    await episode.recordPlan(this.#agent);
    return action;
  }

  async #withEnvironment(task: Task, use: (environment: Environment) => Promise<void>): Promise<void> {
    const environment = new Environment(task);
    try {
      await use(environment);
    } finally {
      environment.close();
    }
  }

  #advance(change: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...change };
  }

  async #state(): Promise<Omit<Checkpoint, "metricsBytes">> {
    const agent = await this.#agent.state();
    return { progress: this.#progress, agent, actionRng: this.#actionRng.state() };
  }

  #log(record: object): void {
    this.#services.store.append("metrics", record);
  }
}

function randomAction(task: Task, rng: Rng): Float32Array {
  return Float32Array.from(task.spec.action, ({ low, high }) => low + (high - low) * rng.uniform());
}

/** Seed of a learning episode's reset: distinct for every episode of every task, the same for all seeds and methods. */
function episodeSeed({ task, episode }: Progress): number {
  return task * 1_000_000 + episode;
}

/** Name of the recording of an evaluation episode, from 0-based indices. */
export function evaluationName(afterTask: number, task: number, episode: number): string {
  return `${label(afterTask)}-evaluate-${label(task)}-${label(episode)}`;
}

/** Numbers from 1, with leading zeros so that files sort. */
function label(index: number, width = 2): string {
  return String(index + 1).padStart(width, "0");
}
