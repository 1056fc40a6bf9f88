/** How much is drawn per frame: a share of the screen's resolution, and whether there are shadows. */
export interface Quality {
  readonly resolution: number;
  readonly shadows: boolean;
}

/** From the best to the cheapest. */
export const LEVELS: readonly Quality[] = [
  { resolution: 1, shadows: true },
  { resolution: 0.7, shadows: true },
  { resolution: 0.7, shadows: false },
  { resolution: 0.5, shadows: false },
  { resolution: 0.35, shadows: false },
];

/** Mean time between frames, ms, above which a level is given up; and below which the one before is tried. */
const SLOW = 26;
const WINDOW = 6;
/** Longer pauses are not the drawing's. */
const PAUSE = 400;

/**
 * Lowers the quality while pictures follow each other too slowly, on a machine without a graphics processor for
 * example; a picture that stands is drawn at its best.
 */
export class QualityGovernor {
  #level = 0;
  #times: number[] = [];
  #last: number | undefined;

  get moving(): Quality {
    return LEVELS[this.#level];
  }

  /** Notes that a picture of a moving scene was drawn, at a time in ms. */
  frame(now: number): void {
    const passed = this.#last === undefined ? PAUSE : now - this.#last;
    this.#last = now;
    if (passed >= PAUSE) this.#times = [];
    else this.#times.push(passed);
    if (this.#times.length < WINDOW) return;
    const mean = this.#times.reduce((a, b) => a + b, 0) / this.#times.length;
    if (mean > SLOW && this.#level < LEVELS.length - 1) this.#level++;
    this.#times = [];
  }

  /** Notes that nothing moves. */
  rest(): void {
    this.#last = undefined;
    this.#times = [];
  }
}
