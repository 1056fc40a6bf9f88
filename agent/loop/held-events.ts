import type { RunEvent } from "../run/run-events.js";
import type { RunLog } from "../run/run-log.js";

/**
 * Takes the events of learning. They go to the log at once, but while an evaluation is played that comes before them in the log they are
 * kept back until it is over.
 */
export class HeldEvents {
  readonly #log: Pick<RunLog, "emit">;
  #held: RunEvent[] | undefined;

  constructor(log: Pick<RunLog, "emit">) {
    this.#log = log;
  }

  /** Logs an event, or keeps it back. @throws RunError when the disk is full */
  emit(event: RunEvent): void {
    if (this.#held === undefined) this.#log.emit(event);
    else this.#held.push(event);
  }

  /** Keeps events back from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Logs what was kept back, and from now on every event at once. @throws RunError when the disk is full */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#log.emit(event);
  }
}
