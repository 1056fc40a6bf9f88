import { elementAt, firstOf } from "../../sim/core/element.js";
import { Rng, type RngState } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import type { EpisodeHeader } from "../../sim/recording/episode.js";
import type { Task } from "../../sim/task.js";
import type { Agent } from "../agent.js";
import { Discovery } from "../discovery/discovery.js";
import type { SavedDiscovery } from "../discovery/saved-discovery.js";
import { EpisodeRun, type Recordings } from "../episode-run.js";
import type { Progress } from "../run/checkpoint-document.js";
import { learningFile } from "../run/recording-names.js";
import type { Schedule } from "../settings/schedule.js";
import { LearningEpisode, type LearningPlace } from "./learning-episode.js";
import type { LearningServices } from "./services.js";
import { TrainingSessions, type VisitFields } from "./training-sessions.js";

/** What the episodes of a run have in common. */
export interface LearningOptions {
  readonly tasks: readonly Task[];
  readonly schedule: Schedule;
  readonly agent: Agent;
  readonly services: LearningServices;
  readonly recordings: Recordings;
  /** Of the run. */
  readonly rng: Rng;
}

/** The learning episodes of a run: where each starts, what it is recorded as, and the scene that those of a visit share. */
export class LearningEpisodes {
  readonly #options: LearningOptions;
  readonly #training: TrainingSessions;
  #actionRng: Rng;
  #environment: Environment | undefined;
  readonly #discovery: Discovery | undefined;

  constructor(options: LearningOptions) {
    this.#options = options;
    const { agent, tasks } = options;
    if (agent.found !== undefined)
      this.#discovery = new Discovery(agent, agent.found, firstOf(tasks, "tasks").spec, tasks.length);
    this.#training = new TrainingSessions(options.agent, options.services);
    this.#actionRng = options.rng.split("random-actions");
  }

  /** State of the stream of random actions. */
  get actionRng(): RngState {
    return this.#actionRng.state();
  }

  /** What the agent has found out of its task, where it is not told and a task is being learned. */
  get discovery(): SavedDiscovery | undefined {
    return this.#options.agent.taskState() && this.#discovery?.state();
  }

  /** Continues the stream of random actions, and what the agent has found out. */
  restore(actionRng: RngState, discovery: SavedDiscovery | undefined): void {
    this.#actionRng = Rng.fromState(actionRng);
    if (discovery !== undefined) this.#discovery?.restore(discovery);
  }

  /** Learns one episode of the visit that a run stands in. @returns environment steps made in the visit until its end */
  async learn(progress: Progress): Promise<number> {
    const { agent, services } = this.#options;
    const isTold = this.#discovery === undefined || progress.task === 0;
    if (progress.steps === 0 && isTold) await agent.beginVisit(progress.task);
    agent.startEpisode();
    this.#discovery?.startEpisode();
    const place = this.#place(progress);
    const parts = {
      agent,
      training: this.#training,
      services,
      actionRng: this.#actionRng,
      discovery: this.#discovery,
    };
    return await new LearningEpisode(this.#start(place), place, parts).learn();
  }

  /** Ends a visit: the agent is told, or finds out by itself. */
  async endVisit(visit: number): Promise<void> {
    const { agent, schedule } = this.#options;
    this.close();
    if (this.#discovery === undefined) await agent.endVisit();
    else if (visit + 1 < schedule.visits.length) await this.#discovery.endVisit();
    else await this.#discovery.end();
  }

  /** Closes the scene: the next visit has its own. */
  close(): void {
    this.#environment?.close();
    this.#environment = undefined;
  }

  /** What a visit learns, as records say it. */
  fieldsOf(visit: number): VisitFields {
    const { schedule } = this.#options;
    return { taskIndex: schedule.at(visit).task, ...(!schedule.isOnce && { visit }) };
  }

  #place({ task: visitIndex, steps: begun, episode }: Progress): LearningPlace {
    const { schedule, tasks } = this.#options;
    const visit = schedule.at(visitIndex);
    const task = elementAt(tasks, visit.task, "tasks");
    const planned = this.#discovery?.planned ?? begun - visit.randomSteps;
    return {
      ...{ task, visit, visitIndex, fields: this.fieldsOf(visitIndex), episode, begun },
      total: schedule.steps(visitIndex),
      start: visit.start,
      isChange: visitIndex > 0 && schedule.at(visitIndex - 1).task !== visit.task,
      phase: planned < 0 ? "random" : "train",
    };
  }

  #start({ task, visit, visitIndex, episode, phase }: LearningPlace): EpisodeRun {
    const { services, recordings } = this.#options;
    const { store, stopRequested } = services;
    const { learningEpisodeSteps, learningStarts } = store.settings.loop;
    this.#environment ??= new Environment(task, {
      episodeSteps: learningEpisodeSteps || undefined,
      variedStarts: learningStarts === "varied",
    });
    return new EpisodeRun(this.#environment, {
      kind: { phase, afterTask: visitIndex, taskIndex: visit.task, ...this.#startOf(visitIndex, episode) },
      recordings,
      file: learningFile(visitIndex, phase, episode),
      history: store.settings.dynamics.history,
      stopRequested,
    });
  }

  /**
   * Seed of a learning episode's reset, the same for all methods, and where starts are not shared what the start is drawn from.
   * Shared seeds are also the same for all seeds of a run, and every episode of a visit has its own; others are drawn by
   * the run's seed and might, very rarely, coincide.
   */
  #startOf(visit: number, episode: number): Pick<EpisodeHeader, "seed" | "starts"> {
    const { services, rng } = this.#options;
    const { learningStarts } = services.store.settings.loop;
    if (learningStarts === "shared") return { seed: visit * 1_000_000 + episode };
    return { seed: rng.split(`starts/task${visit}/${episode}`).uint32(), starts: learningStarts };
  }
}
