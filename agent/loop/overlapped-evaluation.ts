import { Stopped } from "../episode-run.js";
import type { EpisodeThreads } from "../evaluation/episode-threads.js";
import type { TaskDynamics } from "../model/dynamics.js";
import type { Checkpoint } from "../run/checkpoint.js";
import type { Progress } from "../run/checkpoint-document.js";
import type { RunStore } from "../run/store.js";
import type { LoopEvaluations } from "./evaluations.js";
import type { HeldEvents } from "./held-events.js";

/** Where a run stands, with the random stream that is its own. */
export type Place = Pick<Checkpoint, "progress" | "actionRng">;

/** What an evaluation beside learning works with. */
export interface OverlapParts {
  readonly evaluations: LoopEvaluations;
  readonly store: RunStore;
  readonly threads: EpisodeThreads;
  /** Of learning; they are held until the evaluation is over. */
  readonly events: HeldEvents;
  /** True once the user asked to stop. */
  readonly stopRequested: () => boolean;
}

/**
 * The evaluation after a visit, played on other threads while the next visit is learned.
 *
 * It plans with copies of the models as they were. What it finds is logged and saved at once, as if nothing went on beside it: the
 * checkpoints until its end say that the next visit has not begun. What is learned meanwhile is held in memory, its events and its
 * states, and comes to the log and the disk behind it. So the files are those of a run that does one after the other, and a run that
 * is killed in between loses what was learned since the visit before, never more than the evaluation took.
 */
export class OverlappedEvaluation {
  readonly #parts: OverlapParts;
  readonly #ended: Promise<void>;
  #place: Place;
  #join: () => void = () => {};
  #stopped = false;
  #state: "playing" | "over" | "failed" = "playing";
  /** States of the next visit that were not saved. */
  #skipped = 0;

  /** @param models of the tasks that are still to be evaluated, by their index */
  private constructor(parts: OverlapParts, place: Place, models: ReadonlyMap<number, TaskDynamics>) {
    this.#parts = parts;
    this.#place = place;
    parts.events.hold();
    const joins = new Promise<void>((resolve) => {
      this.#join = resolve;
    });
    this.#ended = this.#play(models, joins).then(
      () => {
        this.#state = "over";
      },
      (error: unknown) => {
        this.#state = "failed";
        throw error;
      },
    );
    // A failure is met where `finish` or `stop` waits for it.
    this.#ended.catch(() => {});
  }

  /** Begins to play. @param place where the run stands, at an evaluation, as it is saved */
  static async begin(parts: OverlapParts, place: Place): Promise<OverlappedEvaluation> {
    return new OverlappedEvaluation(parts, place, await parts.evaluations.freeze(place.progress));
  }

  /** Where the saved run stands. */
  get progress(): Progress {
    return this.#place.progress;
  }

  /** Whether episodes are still being played. */
  get isPlaying(): boolean {
    return this.#state === "playing";
  }

  /** Whether it has failed, so that what is learned beside it will be of no use. */
  get hasFailed(): boolean {
    return this.#state === "failed";
  }

  /** Notes that an episode has been learned whose state is not saved. */
  skip(): void {
    this.#skipped++;
  }

  /**
   * Waits until it is over, playing along, and hands on the events of learning. A state that is behind them is to be saved next.
   * @throws Stopped when the user asked to stop; otherwise the error that the evaluation failed with
   */
  async finish(): Promise<void> {
    this.#join();
    await this.#ended;
    // The names of checkpoint files take turns, so that after the next save they are those of a run that has saved every state.
    if (this.#skipped % 2 === 1) this.#parts.store.takeTurn(this.#place);
    this.#parts.events.release();
  }

  /** Ends it where it is; nothing more is logged or saved. @returns the error that it had failed with by itself, if it had */
  async stop(): Promise<unknown> {
    this.#stopped = true;
    return this.#ended.then(
      () => undefined,
      (error: unknown) => (error instanceof Stopped ? undefined : error),
    );
  }

  async #play(models: ReadonlyMap<number, TaskDynamics>, joins: Promise<void>): Promise<void> {
    const { evaluations, threads, stopRequested } = this.#parts;
    const stops = () => this.#stopped || stopRequested();
    while (this.#place.progress.stage === "evaluate") {
      const { progress } = this.#place;
      const model = models.get(progress.evaluated);
      if (model === undefined) throw new RangeError(`No model of task ${progress.evaluated}.`);
      const next = await evaluations.evaluateBeside(progress, model, threads, joins, stops);
      this.#place = { ...this.#place, progress: next };
      this.#save();
    }
  }

  /** Saves where the evaluation stands; what was learned until the end of the visit is saved already. */
  #save(): void {
    this.#parts.store.save({ ...this.#place, learned: undefined, current: undefined });
  }
}
