/** Speeds to choose from, times real time. */
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8] as const;

/** The moment shown and how it moves on. Everything linked to the scrubber listens here. */
export class Playback {
  /** Steps of the longer episode. */
  #length = 0;
  /** Control period, s. */
  #period = 0.05;
  /** Steps from the start, with a fraction while playing. */
  #at = 0;
  #playing = false;
  #speed = 1;
  #loop = false;
  readonly #listeners: (() => void)[] = [];

  get length(): number {
    return this.#length;
  }

  get at(): number {
    return this.#at;
  }

  /** The last whole step reached. */
  get step(): number {
    return Math.floor(this.#at);
  }

  get playing(): boolean {
    return this.#playing;
  }

  get speed(): number {
    return this.#speed;
  }

  get loop(): boolean {
    return this.#loop;
  }

  /** Calls `listener` after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Takes another length (steps) and control period (s); stays at the step where there is one. */
  load(length: number, period: number): void {
    this.#length = length;
    this.#period = period;
    this.seek(this.#at);
  }

  /** Goes to a step, rounded into the episode. */
  seek(step: number): void {
    this.#at = Math.min(Math.max(Math.round(step), 0), this.#length);
    this.#changed();
  }

  /** Pauses and goes some steps on, or back. */
  stepBy(steps: number): void {
    this.#playing = false;
    this.seek(this.step + steps);
  }

  /** Plays, from the start when at the end; or pauses at a whole step. */
  toggle(): void {
    this.#playing = !this.#playing && this.#length > 0;
    if (!this.#playing) this.#at = this.step;
    else if (this.#at >= this.#length) this.#at = 0;
    this.#changed();
  }

  /** Plays from the start. */
  restart(): void {
    this.#at = 0;
    this.#playing = this.#length > 0;
    this.#changed();
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
    this.#changed();
  }

  /** The next of `SPEEDS` up (1) or down (-1). */
  changeSpeed(by: 1 | -1): void {
    const index = SPEEDS.indexOf(this.#speed as (typeof SPEEDS)[number]) + by;
    if (SPEEDS[index] !== undefined) this.setSpeed(SPEEDS[index]);
  }

  setLoop(loop: boolean): void {
    this.#loop = loop;
    this.#changed();
  }

  /** Lets `ms` of real time pass. */
  tick(ms: number): void {
    if (!this.#playing) return;
    const next = this.#at + (ms / 1000 / this.#period) * this.#speed;
    if (next < this.#length) this.#at = next;
    else if (this.#loop) this.#at = next % this.#length;
    else {
      this.#at = this.#length;
      this.#playing = false;
    }
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
