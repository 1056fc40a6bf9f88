import type { Rng } from "../../sim/core/rng.js";
import { randomAction } from "../../sim/random-action.js";
import type { Task } from "../../sim/task.js";
import { noisyAction } from "../action-noise.js";
import type { Agent } from "../agent.js";
import type { Discovered, Discovery } from "../discovery/discovery.js";
import type { EpisodeRun, Outcome } from "../episode-run.js";
import { recordingPath } from "../run/recording-names.js";
import type { Visit } from "../settings/schedule.js";
import type { LearningServices } from "./services.js";
import type { TrainingSessions, VisitFields } from "./training-sessions.js";

/** What is learned in an episode, and where the run stands in it. */
export interface LearningPlace {
  readonly task: Task;
  readonly visit: Visit;
  /** Place of the visit in the schedule. */
  readonly visitIndex: number;
  /** What is learned, as records say it. */
  readonly fields: VisitFields;
  /** Number of the episode within the visit, 0-based. */
  readonly episode: number;
  /** Environment steps of the visit before the episode. */
  readonly begun: number;
  /** Environment steps of the whole visit. */
  readonly total: number;
  /** Environment steps of the run before the visit. */
  readonly start: number;
  /** Whether the world held another task in the visit before. */
  readonly isChange: boolean;
  /** What the episode is begun with. */
  readonly phase: "random" | "train";
}

/** What an episode of learning works with. */
export interface LearningParts {
  readonly agent: Agent;
  readonly training: TrainingSessions;
  readonly services: LearningServices;
  /** Draws random actions and the noise on planned ones. */
  readonly actionRng: Rng;
  /** Where the agent is not told which task it faces. */
  readonly discovery: Discovery | undefined;
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
  /** Where the agent finds tasks by itself: which it believed in, and for how many steps. */
  readonly #believed: { found: number; steps: number }[] = [];

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
    if (this.#parts.discovery !== undefined) this.#run.believed = this.#believed;
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
    const { training, discovery } = this.#parts;
    const { fields, visit, begun } = this.#place;
    const steps = this.#steps;
    const planned = discovery?.planned ?? steps - visit.randomSteps;
    if (this.#isTrainingDue(planned)) await training.start(fields, steps, planned > 0);
    await training.adoptDue(steps);
    const before = this.#run.state;
    if (planned === 0 && steps > begun && this.#isFirstPlan) this.#run.randomSteps = steps - begun;
    const action = planned < 0 ? this.#explore() : this.#withNoise(await this.#plan());
    const { observation } = this.#run.step(action);
    await this.#remember(before, action, observation);
  }

  /** The agent keeps the transition, and where it is not told its task finds out whether it still faces the one that it believes in. */
  async #remember(before: Float32Array, action: Float32Array, observation: Float32Array): Promise<void> {
    const { agent, discovery, training } = this.#parts;
    if (discovery === undefined) return agent.remember(before, action, observation);
    this.#noteBelief(discovery.believed);
    const world = this.#place.visit.task;
    const settle = () => training.finish();
    const discovered = await discovery.observe(before, action, observation, world, settle);
    if (discovered !== undefined) this.#tellDiscovered(discovered);
  }

  #noteBelief(found: number): void {
    const last = this.#believed.at(-1);
    if (last?.found === found) last.steps++;
    else this.#believed.push({ found, steps: 1 });
  }

  #tellDiscovered(discovered: Discovered): void {
    const { task, fields, start, isChange } = this.#place;
    const steps = this.#steps + 1;
    const delay = isChange ? { delay: steps } : {};
    const what = { type: "detection", task: task.name, ...fields, steps, runSteps: start + steps } as const;
    this.#parts.services.events.emit({ ...what, ...discovered, ...delay });
  }

  /** A task that was visited before is planned with what is remembered of it until there are new data. */
  #isTrainingDue(planned: number): boolean {
    const isDue = planned >= 0 && planned % this.#loop.trainEvery === 0;
    const isReturn = this.#parts.discovery?.isReturn ?? this.#place.visit.earlierVisits > 0;
    return isDue && (planned > 0 || !isReturn);
  }

  /** Whether the episode was begun with random actions, and none was planned yet. */
  get #isFirstPlan(): boolean {
    return this.#place.phase === "random" && this.#run.randomSteps === undefined;
  }

  /** A random action `[U]`, held for `loop.randomHold` steps. */
  #explore(): Float32Array {
    const { task, begun } = this.#place;
    const isNew = this.#held.length === 0;
    if (isNew || (this.#steps - begun) % this.#loop.randomHold === 0)
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
    const { now, events } = services;
    const started = now();
    const action = await agent.act(this.#run.state, this.#run.stepsDone);
    const ms = now() - started;
    this.#actions++;
    this.#ms += ms;
    events.emit({ type: "planned", ms });
    await this.#run.recordPlan(agent);
    return action;
  }

  #tellStep(): void {
    const { task, visit, visitIndex, total } = this.#place;
    const what = { task: task.name, taskIndex: visit.task, visit: visitIndex };
    this.#parts.services.events.emit({ type: "step", ...what, steps: this.#steps, total });
  }

  #tellLearned(outcome: Outcome): void {
    const { task, fields, episode, phase } = this.#place;
    const { events } = this.#parts.services;
    const { over, randomSteps, options } = this.#run;
    const steps = this.#steps;
    if (this.#actions > 0)
      events.emit({ type: "planning", ...fields, steps, actions: this.#actions, ms: this.#ms });
    const what = { phase, task: task.name, ...fields, episode, steps } as const;
    events.emit({
      type: "episode",
      ...what,
      ...(randomSteps !== undefined && { randomSteps }),
      ...(!over && { cut: true }),
      ...(this.#believed.length > 0 && { believed: this.#believed }),
      ...outcome,
      recording: recordingPath(options.file),
    });
  }

  get #loop() {
    return this.#parts.services.store.settings.loop;
  }
}
