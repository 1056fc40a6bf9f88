import type { Agent, TrainingSession } from "./agent.js";
import type { LoopServices } from "./loop-services.js";

/** A session whose weights the planner does not have yet. */
interface Pending {
  readonly session: TrainingSession;
  /** Clock, ms. */
  readonly started: number;
  /** Environment steps of the task at its start. */
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
  readonly #services: LoopServices;
  #pending: Pending | undefined;

  constructor(agent: Agent, services: LoopServices) {
    this.#agent = agent;
    this.#services = services;
  }

  /** Starts a session after `steps` of a task, when the one before is adopted. */
  async start(taskIndex: number, steps: number): Promise<void> {
    await this.finish(taskIndex);
    const { initialRandomSteps, trainLag } = this.#services.store.settings.loop;
    // Before the first session there are no weights to act with.
    const lag = steps === initialRandomSteps ? 0 : trainLag;
    this.#pending = { session: this.#agent.startTraining(), started: this.#services.now(), steps, lag };
  }

  /** Adopts the session on its way if that is due after `steps`. */
  async adoptDue(taskIndex: number, steps: number): Promise<void> {
    if (this.#pending === undefined || steps < this.#pending.steps + this.#pending.lag) return;
    const { session, started, steps: begun } = this.#pending;
    const { now, store } = this.#services;
    this.#pending = undefined;
    const waited = now();
    const losses = await this.#agent.adopt(session);
    const end = now();
    const times = { ms: end - started, waitedMs: end - waited };
    store.log.emit({ type: "training", taskIndex, steps: begun, ...losses, ...times });
  }

  /** Adopts the session on its way now: a checkpoint holds none. */
  finish(taskIndex: number): Promise<void> {
    return this.adoptDue(taskIndex, Number.POSITIVE_INFINITY);
  }
}
