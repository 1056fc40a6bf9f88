import type { RunEvent } from "./run/records.js";
import type { RunLog } from "./run/run-log.js";

/** Takes the events of learning: to the log, or while an evaluation that comes before them goes on, behind what it will tell. */
export class HeldEvents {
  readonly #log: Pick<RunLog, "emit">;
  #held: RunEvent[] | undefined;

  constructor(log: Pick<RunLog, "emit">) {
    this.#log = log;
  }

  /** @throws RunError when the disk is full */
  emit(event: RunEvent): void {
    if (this.#held === undefined) this.#log.emit(event);
    else this.#held.push(event);
  }

  /** Keeps events back from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Hands on what was kept back, and whatever comes later at once. @throws RunError when the disk is full */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#log.emit(event);
  }
}
