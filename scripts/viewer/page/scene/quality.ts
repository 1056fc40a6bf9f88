import { elementAt } from "../../../../sim/core/element.js";
/** How much is drawn per frame. */
export interface Quality {
  /** Share of the screen's. */
  readonly resolution: number;
  readonly shadows: boolean;
  /** Round shapes of many faces and wide lines; else of few, and thin ones. */
  readonly fine: boolean;
}

/** From the best to the cheapest. */
export const LEVELS: readonly [Quality, ...Quality[]] = [
  { resolution: 1, shadows: true, fine: true },
  { resolution: 0.7, shadows: true, fine: true },
  { resolution: 0.7, shadows: false, fine: true },
  { resolution: 0.5, shadows: false, fine: false },
  { resolution: 0.35, shadows: false, fine: false },
];

/** Mean time between frames, ms, above which a level is given up, over so many frames; or of one alone. */
const SLOW = 26;
const WINDOW = 6;
const VERY_SLOW = 120;

/**
 * Lowers the quality while pictures follow each other too slowly, on a machine without a graphics processor for
 * example; a picture that stands is drawn at its best.
 */
export class QualityGovernor {
  #level = 0;
  #times: number[] = [];
  #last: number | undefined;

  get moving(): Quality {
    return elementAt(LEVELS, this.#level, "levels of quality");
  }

  /** Notes that a picture was drawn right after the one before, at a time in ms. */
  frame(now: number): void {
    if (this.#last !== undefined) this.#times.push(now - this.#last);
    this.#last = now;
    const latest = this.#times.at(-1) ?? 0;
    if (this.#times.length < WINDOW && latest < VERY_SLOW) return;
    const mean = this.#times.reduce((a, b) => a + b, 0) / this.#times.length;
    if ((mean > SLOW || latest >= VERY_SLOW) && this.#level < LEVELS.length - 1) this.#level++;
    this.#times = [];
  }

  /** Notes that for one frame there was nothing to draw: the time until the next picture says nothing. */
  idle(): void {
    this.#last = undefined;
  }

  /** Notes that nothing has moved for a while: the next motion may try a better level. */
  rest(): void {
    this.#times = [];
    this.#level = Math.max(this.#level - 1, 0);
  }
}
