import type { Rng } from "../sim/core/rng.js";
import { randomAction } from "../sim/random-action.js";
import type { Task } from "../sim/task.js";
import { noisyAction } from "./action-noise.js";
import type { Agent } from "./agent.js";
import type { EpisodeRun, Outcome } from "./episode-run.js";
import type { LoopServices } from "./loop-services.js";
import { recordingPath } from "./run/recording-names.js";
import type { Visit } from "./settings/schedule.js";
import type { TrainingSessions, VisitFields } from "./training-sessions.js";

/** What is learned in an episode, and where the run stands in it. */
export interface LearningPlace {
  readonly task: Task;
  readonly visit: Visit;
  /** Place of the visit in the schedule. */
  readonly visitIndex: number;
  /** What is learned, as records say it. */
  readonly fields: VisitFields;
  /** Counts within the visit. */
  readonly episode: number;
  /** Environment steps of the visit before the episode. */
  readonly begun: number;
  /** Environment steps of the whole visit. */
  readonly total: number;
}

/** What an episode of learning works with. */
export interface LearningParts {
  readonly agent: Agent;
  readonly training: TrainingSessions;
  readonly services: LoopServices;
  /** Draws random actions and the noise on planned ones. */
  readonly actionRng: Rng;
}

/** One episode of exploring or planning, with training sessions where they are due. */
export class LearningEpisode {
  readonly #place: LearningPlace;
  readonly #parts: LearningParts;
  readonly #run: EpisodeRun;
  /** Environment steps made in the visit. */
  #steps: number;
  /** The exploring action that is held, `[U]`. */
  #held: Float32Array = new Float32Array(0);
  /** Actions planned in the episode. */
  #actions = 0;
  /** How long planning took, ms. */
  #ms = 0;

  constructor(run: EpisodeRun, place: LearningPlace, parts: LearningParts) {
    this.#run = run;
    this.#place = place;
    this.#parts = parts;
    this.#steps = place.begun;
  }

  /**
   * Plays the episode, or as much of it as the visit has steps left.
   * @returns environment steps made in the visit until its end
   * @throws Stopped when the user asked to stop; RunError when the run cannot go on
   */
  async learn(): Promise<number> {
    const { total } = this.#place;
    const outcome = await this.#run.run(async () => {
      while (!this.#run.over && this.#steps < total) {
        await this.#step();
        this.#steps++;
        this.#tellStep();
      }
      await this.#parts.training.finish();
    });
    this.#tellLearned(outcome);
    return this.#steps;
  }

  /** The learning step: train where that is due, act, remember. */
  async #step(): Promise<void> {
    const { agent, training } = this.#parts;
    const { visit, fields, begun } = this.#place;
    const steps = this.#steps;
    const planned = steps - visit.randomSteps;
    if (this.#isTrainingDue(planned)) await training.start(fields, steps, planned > 0);
    await training.adoptDue(steps);
    const before = this.#run.state;
    if (planned === 0 && steps > begun) this.#run.randomSteps = steps - begun;
    const action = planned < 0 ? this.#explore() : this.#withNoise(await this.#plan());
    const { observation } = this.#run.step(action);
    agent.remember(before, action, observation);
  }

  /** A task that was visited before is planned with what is remembered of it until there are new data. */
  #isTrainingDue(planned: number): boolean {
    const isDue = planned >= 0 && planned % this.#loop.trainEvery === 0;
    return isDue && (planned > 0 || this.#place.visit.earlierVisits === 0);
  }

  /** A random action `[U]`, held for `loop.randomHold` steps. */
  #explore(): Float32Array {
    const { task, begun } = this.#place;
    if ((this.#steps - begun) % this.#loop.randomHold === 0)
      this.#held = randomAction(task.spec, this.#parts.actionRng);
    return this.#held;
  }

  /** A planned action `[U]` with the noise of `loop.explorationStd`. */
  #withNoise(planned: Float32Array): Float32Array {
    const { action } = this.#place.task.spec;
    return noisyAction(planned, action, this.#loop.explorationStd, this.#parts.actionRng);
  }

  /** Plans an action `[U]`, and measures how long that takes. */
  async #plan(): Promise<Float32Array> {
    const { agent, services } = this.#parts;
    const { now, store } = services;
    const started = now();
    const action = await agent.act(this.#run.state, this.#run.stepsDone);
    const ms = now() - started;
    this.#actions++;
    this.#ms += ms;
    store.log.emit({ type: "planned", ms });
    await this.#run.recordPlan(agent);
    return action;
  }

  #tellStep(): void {
    const { task, visit, visitIndex, total } = this.#place;
    const what = { task: task.name, taskIndex: visit.task, visit: visitIndex };
    this.#parts.services.store.log.emit({ type: "step", ...what, steps: this.#steps, total });
  }

  #tellLearned(outcome: Outcome): void {
    const { task, visit, fields, episode, begun } = this.#place;
    const { log } = this.#parts.services.store;
    const { over, randomSteps, options } = this.#run;
    const steps = this.#steps;
    if (this.#actions > 0)
      log.emit({ type: "planning", ...fields, steps, actions: this.#actions, ms: this.#ms });
    const phase = begun < visit.randomSteps ? "random" : "train";
    const what = { phase, task: task.name, ...fields, episode, steps } as const;
    log.emit({
      type: "episode",
      ...what,
      ...(randomSteps !== undefined && { randomSteps }),
      ...(!over && { cut: true }),
      ...outcome,
      recording: recordingPath(options.file),
    });
  }

  get #loop() {
    return this.#parts.services.store.settings.loop;
  }
}
