import { LEVELS, type Quality, QualityGovernor } from "./quality.js";

/** Time without motion after which the picture is drawn at its best, ms. */
const REST = 250;

/** Draws what has changed, at most once per frame of the screen; once nothing does, once more at the best quality. */
export class DrawLoop {
  readonly #tick: (ms: number) => void;
  readonly #draw: (quality: Quality) => void;
  readonly #governor = new QualityGovernor();
  #dirty = true;
  #movedAt = 0;
  #sharp = false;

  /**
   * @param tick told before every frame how much time has passed, ms
   * @param draw draws everything
   */
  constructor(tick: (ms: number) => void, draw: (quality: Quality) => void) {
    this.#tick = tick;
    this.#draw = draw;
  }

  start(): void {
    let before = performance.now();
    const frame = (now: number) => {
      this.#tick(now - before);
      before = now;
      this.#frame(now);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Something has changed. */
  invalidate(): void {
    this.#dirty = true;
  }

  #frame(now: number): void {
    if (this.#dirty) {
      this.#dirty = false;
      this.#sharp = this.#governor.moving === LEVELS[0];
      this.#movedAt = now;
      this.#draw(this.#governor.moving);
      this.#governor.frame(now);
      return;
    }
    this.#governor.idle();
    if (now - this.#movedAt > REST && !this.#sharp) {
      this.#sharp = true;
      this.#governor.rest();
      this.#draw(LEVELS[0]);
    }
  }
}
