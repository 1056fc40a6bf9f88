import type { Agent } from "../agent.js";
import type { TrainingSession } from "../agent-state.js";
import type { TrainingRecord } from "../run/records.js";
import type { LearningServices } from "./services.js";

/** The fields by which records say what is learned: the task and, where records have it, the visit. */
export type VisitFields = Pick<TrainingRecord, "taskIndex" | "visit">;

/** A session whose weights the planner does not have yet. */
interface Pending {
  readonly visit: VisitFields;
  readonly session: TrainingSession;
  /** Clock, ms. */
  readonly started: number;
  /** Environment steps of the visit at its start. */
  readonly steps: number;
  /** Steps after which its weights are adopted. */
  readonly lag: number;
}

/**
 * Starts training sessions and hands their weights to the planner `loop.trainLag` steps later, or at once when that
 * is 0. The moment is counted in steps, never in time, so that a run repeats bit by bit.
 */
export class TrainingSessions {
  readonly #agent: Agent;
  readonly #services: LearningServices;
  #pending: Pending | undefined;

  constructor(agent: Agent, services: LearningServices) {
    this.#agent = agent;
    this.#services = services;
  }

  /**
   * Starts a session after `steps` of a visit, when the one before is adopted.
   * @param hasWeights whether there are weights to act with meanwhile
   */
  async start(visit: VisitFields, steps: number, hasWeights: boolean): Promise<void> {
    await this.finish();
    const lag = hasWeights ? this.#services.store.settings.loop.trainLag : 0;
    this.#pending = {
      visit,
      session: this.#agent.startTraining(),
      started: this.#services.now(),
      steps,
      lag,
    };
  }

  /** Adopts the session on its way if that is due after `steps`. */
  async adoptDue(steps: number): Promise<void> {
    if (this.#pending === undefined || steps < this.#pending.steps + this.#pending.lag) return;
    const { visit, session, started, steps: begun } = this.#pending;
    const { now, events } = this.#services;
    this.#pending = undefined;
    const waited = now();
    const losses = await this.#agent.adopt(session);
    const end = now();
    const times = { ms: end - started, waitedMs: end - waited };
    events.emit({ type: "training", ...visit, steps: begun, ...losses, ...times });
  }

  /** Adopts the session on its way now: a checkpoint holds none. */
  finish(): Promise<void> {
    return this.adoptDue(Number.POSITIVE_INFINITY);
  }
}
